"""What a notice may say, how many of one kind are told, and that the twin in memory holds to the same. REQ NOT-2."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.catalogue.declarations import (
    DAYS_30,
    MONTHS_2,
    REQUEST_DONE,
    Declaration,
    Item,
    LegalBasis,
    NoticeSpec,
    Scope,
)
from openmarque.catalogue.register import Catalogue
from openmarque.domains.notifications.errors import NoticeArgumentsWrong, NoticeUnknown
from openmarque.domains.notifications.memory import MemoryNotices
from openmarque.domains.notifications.rules import COUNTED, MOST, argument_problems, fitted, read_back, stored
from openmarque.kit.ids import TenureId
from openmarque.kit.texts import TextKey, texts
from openmarque.storage.memory import MemoryDatabase

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TENURE = TenureId(UUID(int=1))
LOW = NoticeSpec("tyre_soft", arguments=("wheel", "bar"), retention=MONTHS_2)
TYRES = Declaration(
    "tyres",
    1,
    LegalBasis.CONTRACT,
    (Item("warnings", DAYS_30, fields=("tyre.low",)),),
    scope=Scope.PLATFORM,
    notices=(LOW, NoticeSpec("tyre_stolen", security=True)),
)
CATALOGUE = Catalogue((), (TYRES,))


def test_what_a_notice_keeps_and_mails_follows_from_its_arguments():
    items = {item.name: item for item in CATALOGUE.declarations["tyres"].items}
    assert items["notice tyre_soft"].fields == ("notice.arguments[tyre_soft.wheel]", "notice.arguments[tyre_soft.bar]")
    assert items["notice tyre_soft"].retention == MONTHS_2
    assert items["mails of notices"].carried == ("mail:bar", "mail:wheel")
    assert items["mails of notices"].retention == REQUEST_DONE
    assert "notice tyre_stolen" not in items, "it has no arguments"
    again = Catalogue((), CATALOGUE.declarations.values())
    assert again.declarations == CATALOGUE.declarations


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        ({"wheel": TextKey("wheel.left"), "bar": 1.4}, []),
        ({"wheel": "left"}, ["it lacks 'bar'"]),
        ({"wheel": "left", "bar": 1, "place": "48.1"}, ["it does not declare 'place'"]),
        ({"wheel": "left", "bar": float("nan")}, ["'bar' is nan"]),
        ({"wheel": "left", "bar": float("-inf")}, ["'bar' is -inf"]),
        ({"wheel": b"left", "bar": None}, ["'bar' is a NoneType", "'wheel' is a bytes"]),
    ],
)
def test_a_notice_has_exactly_the_arguments_that_it_declares(arguments, problems):
    found = argument_problems(LOW, arguments)
    assert len(found) == len(problems)
    assert all(said.startswith(problem) for said, problem in zip(found, problems, strict=True))


arguments = st.dictionaries(
    st.sampled_from(("wheel", "bar")),
    st.text(max_size=300) | st.integers(-(2**53), 2**53) | st.booleans() | st.builds(TextKey, st.sampled_from(("a.b", "c"))),
)


@given(arguments)
def test_what_is_kept_is_read_back_on_one_line_and_a_text_from_outside_never_as_a_key(given_arguments):
    back = read_back("tyre_soft", stored("tyre_soft", given_arguments))
    assert back == {name: fitted(value) for name, value in given_arguments.items()}
    for name, value in back.items():
        assert isinstance(value, TextKey) == isinstance(given_arguments[name], TextKey)
        assert not isinstance(value, str) or value.isprintable()
        assert len(str(value)) <= 120


def test_an_argument_that_is_a_key_is_told_in_the_language_of_its_reader():
    said = [texts(language).written(TextKey("command.lock")) for language in ("en", "de")]
    assert said == ["lock", "verriegeln"]
    assert texts("de").written("command.lock") == "command.lock"


async def notify(notices: MemoryNotices, kind: str = "tyre_soft", *, at: datetime = NOW, **given_arguments: object) -> bool:
    async with MemoryDatabase(lambda _subject, _payload: None).begin() as tx:
        return await notices.notify(tx, TENURE, kind, given_arguments, at)  # type: ignore[arg-type]  # wrong ones on purpose


async def test_of_ten_thousand_notices_in_a_minute_ten_are_told_and_the_rest_is_counted():
    notices = MemoryNotices(CATALOGUE.notices())
    for number in range(10_000):
        assert await notify(notices, at=NOW + timedelta(milliseconds=6 * number), wheel="left", bar=number / 1000)
    assert len(notices.told) == MOST
    assert notices.told[-1].further == 10_000 - MOST
    await notify(notices, "tyre_stolen", at=NOW)
    await notify(notices, at=NOW + COUNTED + timedelta(seconds=1), wheel="left", bar=1)
    assert [told.notice for told in notices.told[MOST:]] == ["tyre_stolen", "tyre_soft"], "another kind, and another hour"


async def test_the_twin_in_memory_refuses_what_the_real_one_refuses():
    notices = MemoryNotices(CATALOGUE.notices())
    with pytest.raises(NoticeUnknown, match="'tyre_flat' is in no declaration"):
        await notify(notices, "tyre_flat")
    with pytest.raises(NoticeArgumentsWrong, match="tyres: notice tyre_soft: it lacks 'bar', it lacks 'wheel'"):
        await notify(notices)
    assert notices.told == []
