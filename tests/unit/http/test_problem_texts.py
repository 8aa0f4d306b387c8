"""What went wrong, and what to do, is told in the language of who reads it."""

from string import Formatter

import pytest

from openmarque.api.app import describe
from openmarque.api.docs import kinds_of_problems
from openmarque.catalogue.refusals import Reason
from openmarque.domains.accounts.errors import LinkUnusable, TooManyTries
from openmarque.domains.commands.errors import CommandRefused
from openmarque.domains.garage.errors import NotEligible
from openmarque.governance.platform import installed_catalogue
from openmarque.http.problems import problem_of
from openmarque.kit.texts import LANGUAGES, texts
from openmarque.kit.vin import InvalidVin
from openmarque.link.pki import MissingAuthority

KINDS = {kind.code: kind for kind in kinds_of_problems(describe(installed_catalogue()))}
OTHERS = [language for language in LANGUAGES if language != "en"]


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_every_problem_that_an_operation_names_is_told_in_each_language(language):
    assert [code for code in KINDS if not texts(language).has(f"problem.{code}.message")] == []


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("code", sorted(KINDS))
def test_a_translation_names_the_same_facts_and_says_a_cure_where_there_is_one(language, code):
    said = texts(language)
    assert said.text(f"problem.{code}.message") != KINDS[code].title()
    assert said.has(f"problem.{code}.cure") == bool(KINDS[code].cure)
    assert said.facts(f"problem.{code}.cure") == facts(KINDS[code].cure)


def test_the_facts_of_an_occurrence_stand_in_its_cure():
    problem = problem_of(TooManyTries(wait_s=30), "urn:uuid:1", language="fr")
    assert problem.title == "Il y a eu trop d'essais."
    assert "dans 30 secondes" in (problem.cure or "")


def test_what_is_particular_is_told_in_english_answers_only():
    error = InvalidVin("It has 3 characters, not 17.")
    assert problem_of(error, "urn:uuid:1").detail == "It has 3 characters, not 17."
    assert problem_of(error, "urn:uuid:1", language="fr").detail is None


def test_a_fault_of_ours_tells_nothing_of_itself_in_any_language():
    problem = problem_of(MissingAuthority(path="/home/secret"), "urn:uuid:1", language="fr")
    assert problem.code == "internal-error"
    assert "secret" not in problem.model_dump_json()
    assert problem.title == "Quelque chose s'est mal passé de notre côté."


def test_a_language_that_nobody_translated_to_is_answered_in_english():
    assert problem_of(LinkUnusable(), "urn:uuid:1", language="it").title == LinkUnusable.title()


def test_why_no_command_is_possible_is_told_in_the_readers_language():
    refused = CommandRefused(Reason.LEVEL_TOO_LOW)
    english, french = (problem_of(refused, "urn:uuid:1", language=language) for language in ("en", "fr"))
    assert english.detail == "The car's privacy level does not allow it."
    assert english.cure == "Change the privacy level in the car."
    assert french.detail is None
    assert french.cure == "Le niveau de confidentialité de la voiture ne le permet pas. Changez le niveau dans la voiture."


def test_why_a_car_can_not_be_connected_is_told_in_french_too():
    refused = NotEligible("Ce modèle n'est pas connecté.", cure="Rien à faire.")
    assert problem_of(refused, "urn:uuid:1", language="fr").cure == "Ce modèle n'est pas connecté. Rien à faire."
