"""Every text of everything installed, ours and others', is there in every language, and none is there for nothing. Issue 13, Deliver 5."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from openmarque.brands.eligibility import Reason as IneligibleReason
from openmarque.car.model import NoticeCode
from openmarque.car.pairing import Outcome
from openmarque.catalogue.refusals import Reason
from openmarque.domains.audit.routes import why_refused
from openmarque.domains.commands.errors import CommandStepImpossible
from openmarque.domains.commands.phones import UNKNOWN_PHONE
from openmarque.domains.commands.progress import UNKNOWN_REMOTE_COMMAND
from openmarque.domains.commands.states import State
from openmarque.domains.consent.service import BAD_SIGNATURE, BAD_STATEMENT, UNKNOWN_KEY
from openmarque.domains.notifications.templates import TEMPLATES
from openmarque.governance.check.wording import findings, wanted
from openmarque.governance.platform import installed_catalogue
from openmarque.kit.plugins import service_packages
from openmarque.kit.text_files import TextFolder, problems, read_file, text_folders, texts_of
from openmarque.kit.texts import LANGUAGES, texts
from openmarque.link.event_ingest import UNKNOWN_TYPE
from openmarque.link.status_ingest import BAD_VALUE, UNPROCESSABLE, UNREADABLE
from openmarque.parts.keeping import BAD_FIGURES
from openmarque.protocol.documents import DocumentReason
from openmarque.protocol.lanes import STALE_EPOCH, UNKNOWN_EPOCH
from openmarque.protocol.messages import OLD_STATEMENT, UNKNOWN_POLICY
from openmarque.protocol.times import IMPLAUSIBLE_TIME

CATALOGUE = installed_catalogue()
ROOT = Path(__file__).parents[3]
EXAMPLES = [TextFolder(path.parts[-2], path) for path in (ROOT / "examples").glob("*/src/*/texts")]

ENDED: Final = {State.REFUSED, State.FAILED, State.EXPIRED}
"""A command that ended so is told by its reason."""
BY_TYPE: Final = ("purpose", "label", "command", "confirm", "argument", "choice", "reason", "notice", "problem")
"""Tables whose keys are names of things: what is declared, or what an error is called. The others are asked for literally in code."""
LOOSE: Final = ("screen.", "screen.phones.")
"""A module of the head unit says the beginning of a key once, in the function ``t``."""
EXTRA: Final[dict[str, str]] = {
    "label.remote_access": "the car's own switch, which no declaration has",
    "reason.unspecified": "what is told for a reason that has no words",
    "country": "names of countries by ISO 3166 code: a pack may serve any",
    "equipment": "names of the features that packs know",
    "message_refused": "why a message was refused: the test above holds that each is there",
}
"""Texts that no name in code or declarations asks for, each with its reason."""


def test_every_language_has_every_text_with_the_same_facts_and_plural_forms():
    assert [str(problem) for problem in problems((*text_folders(), *EXAMPLES))] == []


def test_a_french_sign_stands_after_a_space_that_does_not_break():
    french = [
        (str(folder.file("fr")), key, entry) for folder in text_folders() for key, entry in read_file(folder.file("fr")).items()
    ]
    assert [found for found in french if any(re.search(r" [:;?!»]|« ", text) for text in texts_of(found[2]))] == []


def test_everything_declared_has_its_words():
    assert list(findings(CATALOGUE)) == []
    assert {f"purpose.{name}" for name in CATALOGUE.declarations} <= wanted(CATALOGUE).keys()


def test_texts_of_every_installed_service_are_found():
    packages = {folder.package for folder in text_folders()}
    assert set(service_packages().values()) <= packages


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_code_names_has_its_words(language):
    said = texts(language)
    keys = [f"screen.notice.{code.value}" for code in NoticeCode]
    keys += [f"screen.pairing.outcome.{outcome.value}" for outcome in Outcome if outcome is not Outcome.NONE]
    keys += [f"command_state.{state.value}.message" for state in State if state not in ENDED]
    keys += [f"eligibility.{reason}.{part}" for reason in IneligibleReason for part in ("message", "cure")]
    keys += [key for template in TEMPLATES.values() for key in (template.headline, *template.body)]
    assert [key for key in keys if not said.has(key)] == []


REFUSALS: Final = (
    *Reason,
    *DocumentReason,
    *(UNREADABLE, BAD_VALUE, UNPROCESSABLE, UNKNOWN_TYPE, IMPLAUSIBLE_TIME, UNKNOWN_POLICY, STALE_EPOCH, UNKNOWN_EPOCH),
    *(BAD_SIGNATURE, UNKNOWN_KEY, BAD_STATEMENT, OLD_STATEMENT, UNKNOWN_PHONE, UNKNOWN_REMOTE_COMMAND, BAD_FIGURES),
    CommandStepImpossible.code.replace("-", "_"),
)
"""Why the platform does not store a message of a car."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_ground_on_which_a_message_is_refused_has_its_words(language):
    other = why_refused("a_ground_of_others", language)
    assert other.endswith(".")
    assert [reason for reason in REFUSALS if why_refused(reason, language) in {other, reason}] == []


def test_no_text_is_there_for_nothing():
    asked = patterns()
    declared = wanted(CATALOGUE)
    unused = []
    for key in sorted(key for folder in text_folders() for key in read_file(folder.file("de"))):
        table, _, name = key.partition(".")
        if table in EXTRA or any(key == extra or key.startswith(f"{extra}.") for extra in EXTRA):
            continue
        if table == "problem":
            used = is_asked(name.rpartition(".")[0], asked)
        elif table == "notice":
            used = key in declared or key.removesuffix(".action") + ".title" in declared
        elif table in BY_TYPE:
            used = key in declared or (table == "reason" and is_asked(key.removeprefix("reason.").rpartition(".")[0], asked))
        else:
            tails = [key, key.rpartition(".")[0], *(key.removeprefix(start).removesuffix(".name") for start in LOOSE)]
            used = any(is_asked(tail, asked) for tail in tails)
        if not used:
            unused.append(key)
    assert unused == [], "take them out, or list them in EXTRA with the reason"


def is_asked(key: str, asked: tuple[set[str], list[re.Pattern[str]]]) -> bool:
    literal, computed = asked
    return key in literal or any(pattern.fullmatch(key) for pattern in computed)


def patterns() -> tuple[set[str], list[re.Pattern[str]]]:
    """What the code has as texts: literal ones, and computed ones as patterns with a name in them that is more than a beginning."""
    literal: set[str] = set()
    computed: set[str] = set()
    for node in nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            literal.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[^.]+" for part in node.values]
            if re.search(r"[a-z_]+\\\.", "".join(parts).replace("screen", "", 1)):
                computed.add("".join(parts))
    return literal, [re.compile(pattern) for pattern in sorted(computed)]


def nodes() -> Iterator[ast.AST]:
    for file in (ROOT / "src" / "openmarque").rglob("*.py"):
        if "migrations" not in file.parts:
            yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))
