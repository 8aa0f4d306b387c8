"""Typed errors: the class docstring is the message a person reads.

Theory of operation: an error says whose fault it is (``Blame``), whether the same call may succeed later (``retryable``) and
what the person can do (``cure``). One place, ``openmarque.http.problems``, turns it into RFC 9457 problem details; the
command line prints the same three facts. Code never builds error JSON by hand.
"""

from collections.abc import Mapping
from enum import StrEnum
from inspect import cleandoc
from typing import ClassVar


class Blame(StrEnum):
    """Who has to act for the error to go away."""

    CALLER = "caller"
    """The input is wrong: repeat with another one."""
    OURS = "ours"
    """The platform or its machine is at fault."""


class OpenMarqueError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"
    """Stable identifier in kebab case; part of the outside contract."""
    blame: ClassVar[Blame] = Blame.OURS
    retryable: ClassVar[bool] = False
    cure: ClassVar[str] = ""
    """What to do, as an imperative sentence; may use ``{name}`` of a fact given to the constructor."""
    http_status: ClassVar[int] = 500

    def __init__(self, detail: str = "", **facts: object) -> None:
        """Keep `detail` (one sentence on this occurrence, no personal data) and `facts` (named values for the cure)."""
        self.detail = detail
        self.facts = facts
        super().__init__(self.message)

    @classmethod
    def title(cls) -> str:
        """The first line of the class docstring: the same for every occurrence."""
        return cleandoc(cls.__doc__ or cls.__name__).splitlines()[0]

    @property
    def message(self) -> str:
        """Title and detail, for people and logs."""
        return f"{self.title()} {self.detail}".strip()

    def facts_in(self, language: str) -> Mapping[str, object]:
        """The facts for a cure in `language`; an error whose facts are texts overrides it."""
        del language
        return self.facts

    @property
    def remedy(self) -> str:
        """The cure with this occurrence's facts filled in; empty when there is none."""
        return self.cure.format(**self.facts) if self.cure else ""


class CallerError(OpenMarqueError):
    """The request can't be carried out as it is."""

    blame = Blame.CALLER
    http_status = 400
