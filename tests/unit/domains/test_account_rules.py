"""Addresses, passwords, names and limits: what is accepted, and how tries are slowed down."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.domains.accounts import rules
from openmarque.domains.accounts.agents import UNKNOWN, agent_of
from openmarque.domains.accounts.errors import AddressInvalid, PasswordUnfit
from openmarque.domains.accounts.rules import ADDRESS, ADDRESS_AND_CLIENT, CLIENT, Limit, Tally

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        ("ada@münchen.de", "ada@xn--mnchen-3ya.de"),
        ("ada@MÜNCHEN.de", "ada@münchen.de"),
    ],
)
def test_two_spellings_of_an_address_are_one(one: str, other: str):
    assert rules.read_address(one).key == rules.read_address(other).key


def test_an_address_with_a_tag_is_one_of_its_own():
    assert rules.read_address("ada+car@example.com").key != rules.read_address("ada@example.com").key


@pytest.mark.parametrize(
    "text",
    [
        "", "ada", "@example.com", "ada@", "ada@localhost", "ada@example", "a b@example.com", "ada@example.com>", "ada@[127.0.0.1]",
        "ada@example.com\nBcc: eve@example.com", '"a b"@example.com', "Ada <ada@example.com>", "ädä@example.com", "ada@example..com",
        "a" * 65 + "@example.com", "ada@" + "x" * 60 + "." + "y" * 60 + "." + "z" * 200 + ".com", "ada\0@example.com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str):
    with pytest.raises(AddressInvalid):
        rules.read_address(text)


@given(st.text(max_size=300))
def test_whatever_is_read_as_an_address_is_plain_ascii_without_a_line_end(text: str):
    try:
        address = rules.read_address(text)
    except AddressInvalid:
        return
    assert address.text.isascii()
    assert address.text.isprintable()
    assert len(address.text) <= rules.LONGEST_ADDRESS
    assert rules.read_address(address.text) == address


@pytest.mark.parametrize(
    "password", ["", "ninechars", "x" * 129, "aaaaaaaaaaaa", "          ", "ada.lovelace@example.com", " Ada.Lovelace "]
)
def test_an_unfit_password_is_refused(password: str):
    with pytest.raises(PasswordUnfit):
        rules.require_fit(password, rules.read_address("ada.lovelace@example.com"))


@given(st.text(max_size=200))
def test_a_name_is_one_printable_line(text: str):
    try:
        name = rules.read_name(text)
    except ValueError:
        return
    assert 1 <= len(name) <= rules.LONGEST_NAME
    assert name.isprintable()
    assert rules.read_name(name) == name


def tries_in(limit: Limit, span: timedelta, step: timedelta) -> int:
    """How many tries somebody gets through who tries every `step` for `span`."""
    tally, now, through = Tally(), NOW, 0
    while now < NOW + span:
        if not rules.wait_for(tally, now):
            tally, through = rules.after_try(tally, limit, now), through + 1
        now += step
    return through


def test_tries_are_first_free_then_slowed_down_then_locked():
    tally, waits = Tally(), []
    now = NOW
    for _ in range(13):
        tally = rules.after_try(tally, ADDRESS_AND_CLIENT, now)
        waits.append(rules.wait_for(tally, now).total_seconds())
        now += rules.wait_for(tally, now)
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 900, 1800, 3600, 7200]


@pytest.mark.parametrize(("limit", "most"), [(ADDRESS_AND_CLIENT, 17), (ADDRESS, 46), (CLIENT, 400)])
def test_a_day_of_trying_gets_few_tries_through(limit: Limit, most: int):
    assert tries_in(limit, timedelta(days=1), timedelta(seconds=10)) <= most


@given(st.lists(st.integers(min_value=0, max_value=10_000_000), max_size=60))
def test_no_lock_is_longer_than_its_limit_allows_whatever_came_before(pauses: list[int]):
    for limit in (ADDRESS_AND_CLIENT, ADDRESS, CLIENT):
        tally, now = Tally(), NOW
        for pause in pauses:
            tally = rules.after_try(tally, limit, now)
            assert rules.wait_for(tally, now) <= limit.longest
            now += timedelta(seconds=pause)


def test_tries_are_forgotten_after_their_time():
    tally = Tally()
    for _ in range(9):
        tally = rules.after_try(tally, ADDRESS_AND_CLIENT, NOW)
    later = NOW + ADDRESS_AND_CLIENT.forgotten_after
    assert rules.after_try(tally, ADDRESS_AND_CLIENT, later).tries == 1


def test_who_got_in_has_nothing_held_against_him_for_a_month():
    tally = rules.after_success(Tally(12, NOW, NOW + timedelta(hours=1)), NOW)
    assert (tally.tries, rules.wait_for(tally, NOW)) == (0, timedelta(0))
    assert rules.is_good(tally, NOW + timedelta(days=29))
    assert not rules.is_good(tally, NOW + timedelta(days=30))
    assert not rules.is_good(Tally(), NOW)


@pytest.mark.parametrize(
    ("user_agent", "told"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1 Version/18.1 Mobile/15E148 Safari/604.1",
         "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
         "Chrome · Android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
         "Edge · Windows"),
        ("python-httpx/0.28.1", UNKNOWN),
        ("", UNKNOWN),
        ("<script>alert(1)</script>\r\n", UNKNOWN),
    ],
)  # fmt: skip
def test_a_browser_is_known_by_its_family_and_system_only(user_agent: str, told: str):
    assert agent_of(user_agent) == told
