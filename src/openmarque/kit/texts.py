"""Every word that OpenMarque says, in the language of who reads it: ``texts(language)`` and its look-ups.

Texts stand in the folder that says them (``kit.text_files``), ours and installed services' alike, and are read when a language is first
asked for. A look-up never fails: what a language lacks is said in English, and what English lacks by its own name, so that a
service with a hole in its texts can't keep a car or a page from speaking. The tests hold that there are no holes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Final, NamedTuple

import structlog

from openmarque.kit.clock import require_aware
from openmarque.kit.plurals import plural_category
from openmarque.kit.text_files import ENGLISH, LANGUAGES, Entry, TextFolder, facts_of, read_file, text_folders

__all__ = ["ENGLISH", "LANGUAGES", "NoticeTexts", "TextKey", "Texts", "Told", "texts", "texts_in"]

_GROUPED_FROM: Final = 10_000
"""Four digits stay together: so years do, and Spanish writes "4000" (Fundéu, Ortografía de la lengua española 2010, VIII 3.4.1)."""
_DECIMALS: Final = 2

_log = structlog.get_logger("openmarque.texts")


class TextKey(str):
    """The key of a text, as a fact of another one: it is told in the language of that. What comes from outside is never one."""

    __slots__ = ()


class Told(NamedTuple):
    """What happened, and what one can do about it ("" where nothing is to be done)."""

    message: str
    cure: str = ""

    def __str__(self) -> str:
        """Both as one text."""
        return f"{self.message} {self.cure}".strip()


@dataclass(frozen=True, slots=True)
class NoticeTexts:
    """A notice to an owner: title, body, and what one may do ("" where nothing is to be done)."""

    title: str
    body: str
    action: str


class Texts:
    """The texts in one language."""

    def __init__(self, language: str, entries: Mapping[str, Entry], english: "Texts | None" = None) -> None:
        """Say `entries`, by dotted key; what is not among them is said in `english`."""
        self.language = language
        self._entries = entries
        self._english = english

    def has(self, key: str) -> bool:
        """Whether there is such a text, in this language or in English."""
        return key in self._entries or (self._english is not None and self._english.has(key))

    def text(self, key: str, /, **facts: object) -> str:
        """The text at `key` with its facts filled in: numbers and moments as they are written in this language.

        A text with plural forms goes by the fact ``count``. Raises ``KeyError`` for a fact that the text names and that is not given.
        """
        return "\n\n".join(self.paragraphs(key, **facts))

    def paragraphs(self, key: str, /, **facts: object) -> tuple[str, ...]:
        """The text at `key` in its paragraphs; otherwise as ``text``."""
        entry = self._entries.get(key)
        if entry is None:
            return self._english.paragraphs(key, **facts) if self._english else (_in_words(key),)
        if isinstance(entry, Mapping):
            count = facts["count"]
            entry = entry[plural_category(self.language, count if isinstance(count, int | float) else 0)]
        written = {name: self.written(fact) for name, fact in facts.items()}
        return tuple(part.format_map(written) for part in ((entry,) if isinstance(entry, str) else entry))

    def facts(self, key: str) -> frozenset[str]:
        """The facts that the text at `key` names."""
        entry = self._entries.get(key)
        if entry is None:
            return self._english.facts(key) if self._english else frozenset()
        return facts_of(entry)

    def text_or(self, key: str, otherwise: str, /, **facts: object) -> str:
        """The text at `key`, or `otherwise` where there is none."""
        return self.text(key, **facts) if self.has(key) else otherwise

    def label(self, name: str) -> str:
        """What a service, a part of one, a group or a signal is called."""
        return self.text(f"label.{name}")

    def purpose(self, declaration: str) -> str:
        """What a declaration takes data for, in one sentence. REQ GDP-1."""
        return self.text(f"purpose.{declaration}")

    def command(self, name: str) -> str:
        """What a remote command is called."""
        return self.text(f"command.{name}")

    def reason(self, code: str) -> Told:
        """Why something is refused or failed, and the cure. One that has no words here is told as "was not carried out"."""
        return self.reason_of(code, "unspecified")

    def reason_of(self, code: str, otherwise: str) -> Told:
        """As ``reason``; one that has no words here is told as the reason `otherwise`."""
        return self.told(f"reason.{code if self.has(f'reason.{code}.message') else otherwise}")

    def problem(self, code: str, /, **facts: object) -> Told | None:
        """A problem of the API and its cure; None in English and where there is no translation: the error's class says it in English."""
        return self.told(f"problem.{code}", **facts) if f"problem.{code}.message" in self._entries else None

    def notice(self, kind: str, /, **arguments: object) -> NoticeTexts:
        """A notice of an owner."""
        title, body = (self.text(f"notice.{kind}.{part}", **arguments) for part in ("title", "body"))
        return NoticeTexts(title, body, self.text_or(f"notice.{kind}.action", "", **arguments))

    def told(self, key: str, /, **facts: object) -> Told:
        """The texts ``message`` and ``cure`` below `key`; the cure is empty where there is none."""
        return Told(self.text(f"{key}.message", **facts), self.text_or(f"{key}.cure", "", **facts))

    def number(self, value: float) -> str:
        """A number with this language's signs; at most two decimals."""
        if isinstance(value, int):
            shown = f"{value:,}" if abs(value) >= _GROUPED_FROM else str(value)
        else:
            shown = f"{value:,.{_DECIMALS}f}" if abs(value) >= _GROUPED_FROM else f"{value:.{_DECIMALS}f}"
            shown = shown.rstrip("0").rstrip(".")
        written = self.text("format.number")  # 12,345.5 as this language writes it
        signs = {",": written[2], ".": written[6]}
        return "".join(signs.get(sign, sign) for sign in shown)

    def date(self, day: date) -> str:
        """A day with its month in words."""
        months = self.paragraphs("format.months")
        return self.text("format.date", day=str(day.day), month=months[day.month - 1], year=str(day.year))

    def moment(self, at: datetime) -> str:
        """An instant to the minute, in the time zone that `at` (aware) is in."""
        require_aware(at)
        return self.text("format.moment", date=self.date(at.date()), time=f"{at:%H:%M}")

    def written(self, fact: object) -> str:
        """A fact as it stands in a text of this language."""
        match fact:
            case bool():
                return str(fact)
            case int() | float():
                return self.number(fact)
            case datetime():
                return self.moment(fact)
            case date():
                return self.date(fact)
            case TextKey():
                return self.text(fact)
            case _:
                return str(fact)


def texts(language: str) -> Texts:
    """The texts of everything installed, in `language`, or in English where that is not spoken here."""
    return _installed(language if language in LANGUAGES else ENGLISH)


@cache
def _installed(language: str) -> Texts:
    return texts_in(language, _folders(), None if language == ENGLISH else _installed(ENGLISH))


@cache
def _folders() -> tuple[TextFolder, ...]:
    return text_folders()


def texts_in(language: str, folders: Iterable[TextFolder], english: Texts | None = None) -> Texts:
    """The texts of `folders` in `language`. A file that can't be read is logged and left out; of two texts with one key the first counts."""
    entries: dict[str, Entry] = {}
    for folder in folders:
        try:
            entries = read_file(folder.file(language)) | entries
        except (OSError, ValueError) as error:
            _log.error("texts_unreadable", detail=f"{folder.file(language)}: {error}", cure="Run `openmarque check`.")
    return Texts(language, entries, english)


def _in_words(key: str) -> str:
    """What stands in for a text that nobody wrote: the last part of its key."""
    return key.rpartition(".")[2].replace("_", " ")
