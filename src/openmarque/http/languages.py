"""The language of texts in an answer, from ``Accept-Language`` (RFC 9110 §12.5.4)."""

from typing import Annotated

from fastapi import Depends, Header

from openmarque.kit.languages import negotiate
from openmarque.kit.texts import LANGUAGES


async def _language(
    accept_language: Annotated[
        str, Header(description="Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken.")
    ] = "",
) -> str:
    return negotiate(accept_language, LANGUAGES)


Language = Annotated[str, Depends(_language)]
"""The language for texts in this answer."""
