"""Why a settings document does not stand as somebody wants it, in words."""

from collections.abc import Mapping
from typing import Final

from openmarque.catalogue.command_reasons import reason_text
from openmarque.kit.text_files import LANGUAGES
from openmarque.kit.texts import texts

NOT_GRANTED: Final = "document_not_granted"
NOT_YOURS: Final = "document_not_yours"
UNSPECIFIED: Final = "document_unspecified"
"""A reason that a car gave and that is no code."""


def told(reason: str, language: str) -> tuple[str, str]:
    """Message and cure for a reason in `language`; both empty for none."""
    if not reason:
        return "", ""
    say = texts(language)
    if say.has(f"reason.{reason}.message"):
        words = say.reason(reason)
        return words.message, words.cure
    return reason_text(reason, language)


def in_words(reason: str) -> Mapping[str, tuple[str, str]]:
    """Message and cure for a reason, in every language."""
    return {language: told(reason, language) for language in LANGUAGES}
