"""Reads the text files: one folder ``texts`` beside the code that speaks, with one TOML file for each language.

Tables nest to dotted keys; three kinds of value stand at the end of a key. A string is a text. A list of strings is one text in paragraphs.
A table of ``one`` and ``other`` is a text with plural forms, chosen by its fact ``count``. A word in braces is a fact.

A file that can't be used keeps nobody else from speaking: at run time it is left out, and English stands in where English can be read.
``problems`` says what is wrong, with file, key and cure; ``openmarque check`` and the tests ask it.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from string import Formatter
from typing import Final

from openmarque.kit.plugins import service_packages
from openmarque.kit.plurals import CATEGORIES, EVERY_CATEGORY

LANGUAGES: Final = ("en", "fr", "de", "es")
"""Every text is there in each of these; English is the one that stands in and that the others are compared with."""
ENGLISH: Final = LANGUAGES[0]

Plural = Mapping[str, str]
Entry = str | tuple[str, ...] | Plural
"""What stands at a key: a text, a text in paragraphs, or the plural forms of a text by CLDR category."""

IN_CODE: Final = "problem."
"""Texts whose English stands in the code, as title and cure of the error's class (``kit.errors``): they are in the other languages only."""
_OUR_FOLDERS: Final = ("*/texts", "domains/*/texts")
"""Below the package; services are found by entry point, whoever they are from."""


@dataclass(frozen=True, slots=True)
class TextFolder:
    """A folder with text files, and the import name of the package that it belongs to."""

    package: str
    path: Path

    def file(self, language: str) -> Path:
        """The file for `language`."""
        return self.path / f"{language}.toml"


@dataclass(frozen=True, slots=True)
class TextProblem:
    """What is wrong with a text file. `key` is empty where it is the file as a whole."""

    file: Path
    key: str
    what: str
    cure: str

    def __str__(self) -> str:
        """One line for a person: place, fault, cure."""
        return f"{self.file}{f', {self.key}' if self.key else ''}: {self.what} {self.cure}"


def text_folders() -> tuple[TextFolder, ...]:
    """Every folder of texts: those of the package itself, then those of the installed services in the order of their packages."""
    root = Path(__file__).parents[1]
    ours = sorted(path for pattern in _OUR_FOLDERS for path in root.glob(pattern))
    folders = [TextFolder(".".join(("openmarque", *path.parent.relative_to(root).parts)), path) for path in ours]
    for package in sorted(service_packages().values()):
        spec = find_spec(package)
        places = [Path(place) / "texts" for place in spec.submodule_search_locations or ()] if spec else []
        folders += [TextFolder(package, place) for place in places if place.is_dir()]
    return tuple(folders)


def read_file(path: Path) -> dict[str, Entry]:
    """The texts of one file by dotted key. Raises ``OSError`` or ``ValueError`` (not UTF-8, no TOML, a value that is no text)."""
    with path.open("rb") as file:
        return dict(_flat("", tomllib.load(file)))


def _flat(prefix: str, table: Mapping[str, object]) -> Iterator[tuple[str, Entry]]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        match value:
            case str():
                yield key, value
            case list() if value and all(isinstance(part, str) for part in value):
                yield key, tuple(value)
            case dict() if _is_plural(value):
                yield key, value
            case dict():
                yield from _flat(f"{key}.", value)
            case _:
                raise ValueError(f"{key} is no text, no list of texts and no table")


def _is_plural(table: Mapping[str, object]) -> bool:
    """Whether a table holds plural forms: several, named as CLDR names them. One text that happens to be called "other" is none."""
    return (
        len(table) > 1
        and "other" in table
        and table.keys() <= EVERY_CATEGORY
        and all(isinstance(f, str) for f in table.values())
    )


def facts_of(entry: Entry) -> frozenset[str]:
    """The names in braces. Raises ``ValueError`` for braces that do not pair or that hold more than a name."""
    found = set()
    for text in texts_of(entry):
        for _, name, spec, conversion in Formatter().parse(text):
            if name is None:
                continue
            if not name.isidentifier() or spec or conversion:
                raise ValueError(f"{{{name}}} is no plain name")
            found.add(name)
    return frozenset(found)


def texts_of(entry: Entry) -> tuple[str, ...]:
    """Every piece of text that `entry` holds."""
    match entry:
        case str():
            return (entry,)
        case tuple():
            return entry
        case _:
            return tuple(entry.values())


def problems(folders: Iterable[TextFolder]) -> list[TextProblem]:
    """Everything that is wrong with the texts in `folders`, and between them."""
    found: list[TextProblem] = []
    owners: dict[str, Path] = {}
    for folder in folders:
        files = _read(folder, found)
        if ENGLISH not in files:
            continue
        translated = {k: e for language in reversed(files) for k, e in files[language].items() if k.startswith(IN_CODE)}
        english = translated | files[ENGLISH]
        for key in english:
            if key in owners:
                cure = f"Rename one of the two: the other one is in {owners[key]}."
                found.append(TextProblem(folder.path, key, "Two folders have this key.", cure))
            owners.setdefault(key, folder.path)
        for language, texts in files.items():
            found += _against_english(folder.file(language), english, texts | (translated if language == ENGLISH else {}))
    return found


def _read(folder: TextFolder, found: list[TextProblem]) -> dict[str, dict[str, Entry]]:
    """The texts of `folder` by language; what is wrong with a file goes to `found`."""
    files: dict[str, dict[str, Entry]] = {}
    for language in LANGUAGES:
        file = folder.file(language)
        try:
            files[language] = read_file(file)
        except FileNotFoundError:
            found.append(TextProblem(file, "", "The file is not there.", f"Add it: texts are said in {', '.join(LANGUAGES)}."))
        except (OSError, ValueError) as error:
            found.append(TextProblem(file, "", f"It can't be read: {error}.", "Mend it as TOML in UTF-8."))
    return files


def _against_english(file: Path, english: Mapping[str, Entry], texts: Mapping[str, Entry]) -> Iterator[TextProblem]:
    for key in english.keys() - texts.keys():
        yield TextProblem(file, key, "The text is missing.", "Translate the English one.")
    for key, entry in texts.items():
        if key not in english:
            yield TextProblem(file, key, "English has no such text.", "Add it there, or remove it here.")
            continue
        yield from _one(file, key, english[key], entry)


def _one(file: Path, key: str, english: Entry, entry: Entry) -> Iterator[TextProblem]:
    if not all(text.strip() for text in texts_of(entry)):
        yield TextProblem(file, key, "The text is empty.", "Write it.")
    if isinstance(english, str) != isinstance(entry, str) or isinstance(english, tuple) != isinstance(entry, tuple):
        yield TextProblem(
            file, key, "It has another form than in English.", "Give one text, a list or plural forms, as English does."
        )
        return
    try:
        here, there = facts_of(entry), facts_of(english)
    except ValueError as error:
        yield TextProblem(
            file, key, f"A fact can't be read: {error}.", "Write facts as {name}, and a brace itself as {{ or }}."
        )
        return
    if unknown := here - there:
        yield TextProblem(file, key, f"English has no {_braced(unknown)}.", "Name only facts that the English text names.")
    if left_out := there - here:
        yield TextProblem(file, key, f"It does not say {_braced(left_out)}.", "Name every fact that the English text names.")
    if isinstance(entry, Mapping):
        if entry.keys() != CATEGORIES:
            cure = f"Give exactly {' and '.join(sorted(CATEGORIES))}."
            yield TextProblem(file, key, f"Its plural forms are {', '.join(sorted(entry))}.", cure)
        if "count" not in here:
            yield TextProblem(file, key, "Its plural forms do not say {count}.", "Name {count} in one form at least.")


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
