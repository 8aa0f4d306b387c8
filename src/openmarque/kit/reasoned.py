"""Errors that say a reason by its code, in the words that the reason has everywhere else."""

from collections.abc import Mapping
from typing import ClassVar

from openmarque.kit.errors import CallerError
from openmarque.kit.texts import ENGLISH, texts


class ReasonedError(CallerError):
    """This is not possible now."""

    cure: ClassVar[str] = "{cure}"
    http_status: ClassVar[int] = 403

    def __init__(self, why: str = "", **facts: object) -> None:
        """`why` is the code of a reason (``reason.<code>`` of the texts); its words are told in the language of who reads."""
        self._why = why
        message, cure = texts(ENGLISH).reason(why) if why else ("", "")
        super().__init__(message, **{"cure": cure, **facts})

    def facts_in(self, language: str) -> Mapping[str, object]:
        """In another language the cure says why, too: the detail is told in English only."""
        return {"cure": str(texts(language).reason(self._why))} if self._why else self.facts
