"""Small decisions of the HTTP edge, each by itself: language, tags, cursors, what a problem tells."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.http.conditional import matches
from openmarque.http.errors import CursorInvalid, InternalError, NotInYourGarage
from openmarque.http.paging import read_cursor, write_cursor
from openmarque.http.problems import problem_of
from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.languages import negotiate
from openmarque.storage.errors import StoreUnavailable

SPOKEN = ("en", "fr")


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA", "fr"),
        ("FR", "fr"),
        ("de, fr;q=0.3, en;q=0.2", "fr"),
        ("en;q=0.2, fr;q=0.9", "fr"),
        ("fr;q=0, en", "en"),
        ("fr;q=0", "en"),
        ("*", "en"),
        ("de", "en"),
        ("fr;q=2", "en"),
        ("fr;q=x", "en"),
        ("fr, en", "fr"),
        (",;=, fr ;q=0.5,", "fr"),
        ("de," * 30 + "fr", "en"),
    ],
)
def test_the_language_is_the_one_liked_best_of_those_spoken(accept, language):
    assert negotiate(accept, SPOKEN) == language


@given(st.text(max_size=200))
def test_any_header_gives_a_language_that_is_spoken(accept):
    assert negotiate(accept, SPOKEN) in SPOKEN


@pytest.mark.parametrize(
    ("header", "fits"),
    [
        ('W/"a"', True),
        ('"a"', True),
        ("*", True),
        ('"b", W/"a"', True),
        ("", False),
        ('"b"', False),
        ("a", False),
        ('"aa"', False),
        ('"a', False),
    ],
)
def test_a_tag_is_compared_weakly_and_whole(header, fits):
    assert matches(header, 'W/"a"') is fits


class _Key(msgspec.Struct, frozen=True, tag="one", array_like=True):
    name: str
    number: int


class _Other(msgspec.Struct, frozen=True, tag="two", array_like=True):
    name: str
    number: int


@given(st.text(max_size=40), st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_gives_back_its_key_to_its_own_list_only(name, number):
    cursor = write_cursor(_Key(name, number))
    assert read_cursor(cursor, _Key) == _Key(name, number)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?#% ")
    with pytest.raises(CursorInvalid):
        read_cursor(cursor, _Other)


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused_and_has_one_spelling(text):
    try:
        key = read_cursor(text, _Key)
    except CursorInvalid:
        return
    assert key is not None
    assert write_cursor(key) == text


def test_no_cursor_means_the_first_page():
    assert read_cursor(None, _Key) is None


class Surprise(OpenMarqueError):
    """A part of ours broke."""

    code = "surprise"


def test_a_problem_of_ours_tells_its_kind_and_nothing_of_its_inside():
    told = problem_of(Surprise("table trip in /srv"), "urn:uuid:1")
    assert (told.code, told.status, told.detail) == (InternalError.code, 500, None)
    away = problem_of(StoreUnavailable("(10.0.0.1)"), "urn:uuid:1")
    assert (away.code, away.status, away.detail, away.retryable) == ("store-unavailable", 503, None, True)


def test_a_problem_of_the_caller_tells_its_detail_and_cure():
    told = problem_of(NotInYourGarage("Look again."), "urn:uuid:1")
    assert (told.status, told.detail) == (404, "Look again.")
    assert told.cure
    assert told.type == "/api/docs#problem-vehicle-not-found"
