"""Texts are said in the language of who reads them, and a bad text file is told with its place and its cure. Issue 13, Deliver 5."""

from datetime import UTC, date, datetime

import pytest
import structlog

from openmarque.kit.plurals import CATEGORIES, plural_category
from openmarque.kit.text_files import LANGUAGES, TextFolder, problems, read_file
from openmarque.kit.texts import Texts, Told, texts, texts_in

GOOD = """
[label]
tyres = "{language}: tyres"

[reason.flat]
message = "A tyre is flat."
cure = "Fill it."

[notice.low]
title = "Tyre low"
body = "{wheel} lost {pressure} bar."

[warned]
one = "{count} warning"
other = "{count} warnings"
"""


@pytest.fixture
def folder(tmp_path):
    """A service's folder of texts in which everything is right."""
    path = tmp_path / "texts"
    path.mkdir()
    for language in LANGUAGES:
        (path / f"{language}.toml").write_text(GOOD.replace("{language}", language), encoding="utf-8")
    return TextFolder("tyres", path)


def told(folder, *others) -> str:
    """What is wrong, as one text."""
    return "\n".join(str(problem) for problem in problems((folder, *others)))


def change(folder, language, old, new) -> None:
    file = folder.file(language)
    assert old in file.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_nothing_is_wrong_with_a_complete_folder(folder):
    assert told(folder) == ""


@pytest.mark.parametrize(
    ("language", "old", "new", "what"),
    [
        ("fr", "[label]", "[label", "It can't be read"),
        ("fr", '"A tyre is flat."', "3", "reason.flat.message is no text"),
        ("fr", 'cure = "Fill it."', "", "reason.flat.cure: The text is missing. Translate the English one."),
        ("de", 'cure = "Fill it."', 'cure = " "', "reason.flat.cure: The text is empty."),
        ("de", "{wheel}", "{tyre}", "notice.low.body: English has no {tyre}. Name only facts"),
        ("de", "{wheel} lost", "Lost", "notice.low.body: It does not say {wheel}."),
        ("es", "{wheel}", "{wheel.__class__}", "A fact can't be read"),
        ("es", "{wheel}", "{wheel:>9}", "A fact can't be read"),
        ("es", "{wheel}", "{wheel", "A fact can't be read"),
        ("es", 'one = "{count} warning"\n', "", "warned: The text is missing."),
        ("es", "[warned]\none = ", "[warned]\nfew = ", "warned: Its plural forms are few, other."),
        ("en", "[reason.flat]", "[reason.soft]", "reason.flat.message: English has no such text."),
        (
            "fr",
            "[label]",
            "[more]\nmine = 'x'\n[label]",
            "more.mine: English has no such text. Add it there, or remove it here.",
        ),
    ],
)
def test_a_bad_text_file_is_told_with_file_key_and_cure(folder, language, old, new, what):
    change(folder, language, old, new)
    said = told(folder)
    assert what in said
    assert f"texts/{language}.toml" in said or language == "en"


def test_a_language_that_is_missing_is_told(folder):
    folder.file("es").unlink()
    assert told(folder) == f"{folder.file('es')}: The file is not there. Add it: texts are said in en, fr, de, es."


def test_bytes_that_are_no_text_are_told(folder):
    folder.file("es").write_bytes(b'x = "\xff"')
    assert "It can't be read" in told(folder)


def test_two_folders_with_one_key_are_told_with_both_places(folder, tmp_path):
    other = TextFolder("wheels", tmp_path / "other")
    other.path.mkdir()
    for language in LANGUAGES:
        other.file(language).write_text('[label]\ntyres = "Wheels"\n', encoding="utf-8")
    assert told(folder, other) == (
        f"{other.path}, label.tyres: Two folders have this key. Rename one of the two: the other one is in {folder.path}."
    )


def test_a_folder_that_cannot_be_read_keeps_nobody_else_from_speaking(folder, tmp_path):
    other = TextFolder("wheels", tmp_path / "other")
    other.path.mkdir()
    (other.path / "en.toml").write_text('wheels = "Wheels"\n', encoding="utf-8")
    (other.path / "de.toml").write_text("wheels =", encoding="utf-8")
    with structlog.testing.capture_logs() as logged:
        german = texts_in("de", (other, folder), texts_in("en", (other, folder)))
    assert german.label("tyres") == "de: tyres"
    assert german.text("wheels") == "Wheels"
    assert [line["event"] for line in logged] == ["texts_unreadable"]
    assert str(other.path / "de.toml") in logged[0]["detail"]


def test_what_nobody_wrote_is_said_by_its_name(folder):
    known = texts_in("en", (folder,))
    assert known.label("brake_pads") == "brake pads"
    assert known.text_or("screen.none", "otherwise") == "otherwise"
    assert known.problem("flat") is None


def test_a_reason_is_told_with_its_cure(folder):
    assert texts_in("fr", (folder,)).reason("flat") == Told("A tyre is flat.", "Fill it.")
    assert str(Told("A tyre is flat.", "Fill it.")) == "A tyre is flat. Fill it."


def test_a_notice_has_title_body_and_perhaps_an_action(folder):
    low = texts_in("en", (folder,), texts("en")).notice("low", wheel="Front left", pressure=0.4)
    assert (low.title, low.body, low.action) == ("Tyre low", "Front left lost 0.4 bar.", "")


@pytest.mark.parametrize(
    ("language", "ones"),
    [("en", ["1"]), ("de", ["1"]), ("es", ["1", "1.0"]), ("fr", ["0", "1", "1.0", "1.5"])],
)
def test_a_number_takes_the_plural_form_of_the_language(language, ones, folder):
    assert [str(n) for n in (0, 1, 2, 1.0, 1.5, 5, 21) if plural_category(language, n) == "one"] == ones
    assert {plural_category(language, count) for count in (1, 2)} == CATEGORIES
    assert texts_in(language, (folder,), texts("en")).text("warned", count=1) == "1 warning"
    assert texts_in(language, (folder,), texts("en")).text("warned", count=7) == "7 warnings"


@pytest.mark.parametrize(
    ("language", "number", "moment"),
    [
        ("en", "12,345.5", "3 May 2026, 07:05"),
        ("fr", "12\u202f345,5", "3 mai 2026 à 07:05"),
        ("de", "12.345,5", "3. Mai 2026, 07:05 Uhr"),
        ("es", "12\u202f345,5", "3 de mayo de 2026, 07:05"),
    ],
)
def test_numbers_and_moments_are_written_as_in_the_language(language, number, moment):
    at = datetime(2026, 5, 3, 7, 5, tzinfo=UTC)
    said = texts(language)
    assert said.number(12345.5) == number
    assert said.moment(at) == moment
    assert said.number(2026) == "2026"
    assert said.number(3.0) == "3"
    assert Texts(language, {"a": "{at} {day} {kw} {on}"}, said).text("a", at=at, day=date(2026, 5, 3), kw=0.25, on=True) == (
        f"{moment} {said.date(at.date())} {said.number(0.25)} True"
    )


def test_a_language_that_is_not_spoken_here_is_english():
    assert texts("it").text("language") == "English"
    assert [texts(language).text("language") for language in LANGUAGES] == ["English", "Français", "Deutsch", "Español"]


def test_a_text_may_be_called_other(tmp_path):
    (tmp_path / "en.toml").write_text(
        '[choice]\nother = "Another one"\nred = "Red"\n[seat]\nother = "Another"\n', encoding="utf-8"
    )
    assert read_file(tmp_path / "en.toml") == {"choice.other": "Another one", "choice.red": "Red", "seat.other": "Another"}


def test_a_text_file_may_hold_paragraphs(tmp_path):
    (tmp_path / "en.toml").write_text('[mail]\nbody = ["Hello {name}.", "Good bye."]\n', encoding="utf-8")
    said = Texts("en", read_file(tmp_path / "en.toml"))
    assert said.paragraphs("mail.body", name="Ann") == ("Hello Ann.", "Good bye.")
    assert said.text("mail.body", name="Ann") == "Hello Ann.\n\nGood bye."
