"""Rules of commands and of the safety code."""

from datetime import UTC, datetime, timedelta

import pytest

from openmarque.brands.pack import load_pack
from openmarque.catalogue.command_reasons import CommandReason
from openmarque.catalogue.declarations import Authority
from openmarque.catalogue.refusals import Reason
from openmarque.domains.commands import reasons
from openmarque.domains.commands.bodies import command_in_words
from openmarque.domains.commands.rules import (
    FIRST_LOCK,
    LONGEST_LOCK,
    TRIES,
    commands_kept,
    commands_of,
    fingerprint,
    is_fit_code,
    is_fresh,
    lock_after,
    next_number,
    tries_left,
)
from openmarque.domains.commands.states import State
from openmarque.governance.platform import installed_catalogue
from openmarque.kit.texts import LANGUAGES

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.req("AUT-7c")
def test_wrong_codes_lock_longer_and_longer_up_to_a_day():
    assert [tries_left(wrong) for wrong in range(1, 7)] == [4, 3, 2, 1, 0, 0]
    assert [lock_after(wrong) for wrong in range(1, TRIES)] == [None] * 4
    assert [lock_after(wrong) for wrong in (5, 6, 7)] == [FIRST_LOCK, 2 * FIRST_LOCK, 4 * FIRST_LOCK]
    assert lock_after(10**6) == LONGEST_LOCK


@pytest.mark.parametrize("code", ["1111", "1234", "9876", "123", "12345", "12a4", "", "١٢٤٨"])
def test_what_everybody_tries_first_is_no_code(code: str):
    assert not is_fit_code(code, 4)
    assert is_fit_code("4817", 4)


def test_a_code_counts_for_the_time_that_the_brand_sets():
    assert is_fresh(NOW - timedelta(seconds=120), NOW, 120)
    assert not is_fresh(NOW - timedelta(seconds=121), NOW, 120)
    assert not is_fresh(None, NOW, 120)


def test_the_same_parts_in_other_places_are_another_request():
    assert fingerprint(b"ab", b"c") != fingerprint(b"a", b"bc")
    assert fingerprint(b"ab", b"c") == fingerprint(b"ab", b"c")


def test_numbers_only_grow_also_from_a_restored_database():
    assert next_number(7, 5) == 8
    assert next_number(7, 1_000) == 1_000


@pytest.mark.req("GDP-12a", "GDP-12b")
def test_without_a_retention_of_the_brand_there_are_no_commands():
    assert commands_kept(installed_catalogue().declarations) is None
    assert commands_kept(installed_catalogue(load_pack()).declarations) == timedelta(days=30)
    assert commands_kept({}) is None


def test_the_commands_are_those_that_services_declare_with_their_authority():
    commands = commands_of(installed_catalogue().commands())
    assert commands["lock"].spec.authority is Authority.DIGITAL_KEY
    assert commands["unlock"].needs_code
    assert not commands["refresh"].by_digital_key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_words_and_every_end_but_done_has_a_cure(language):
    told = [
        command_in_words(state, "", language) for state in State if state not in {State.REFUSED, State.FAILED, State.EXPIRED}
    ]
    assert len({message for message, _ in told}) == len(told)
    for reason in (
        reasons.CAR_OFFLINE,
        reasons.NO_OUTCOME,
        reasons.NOT_GRANTED,
        *CommandReason,
        *Reason,
        "a_service_of_others",
    ):
        message, cure = command_in_words(State.REFUSED, reason, language)
        assert message.endswith((".", "!"))
        assert cure
