"""What has run out is forgotten at its time: sessions, links, tokens, tries, accounts that nobody confirmed."""

from datetime import timedelta

import pytest

from openmarque.domains.accounts import timers as accounts
from openmarque.domains.accounts.registration import Person
from openmarque.domains.accounts.rules import MailAddress, read_address
from openmarque.domains.notifications import timers as notifications
from tests.integration.accounts.conftest import House

PERSON = Person("Ada", "Lovelace", "en", "FR", "Europe/Paris")


async def sweep(house: House) -> None:
    async with house.tx() as tx:
        await accounts.sweep(tx, house.clock.now())
    async with house.tx() as tx:
        await notifications.sweep(tx, house.clock.now())


@pytest.mark.req("GDP-2k")
async def test_each_kind_of_row_is_deleted_after_its_time_and_not_before(house: House):
    account_id, now = await house.account(), house.clock.now()
    address = MailAddress("ada@example.com", "ada@example.com")
    async with house.tx() as tx:
        attempt = await house.sessions.begin(tx, address, "198.51.100.7", now)
        await house.sessions.start(tx, attempt, "198.51.100.7", "Firefox", "", now)
        await house.accounts.issue_token(tx, account_id, now)
        await house.registration.request_reset(tx, address, "198.51.100.7", now)
        await tx.execute(
            "om_platform", "INSERT INTO mail_count (day, template, outcome, count) VALUES (%s, 'x', 'sent', 1)", (now,)
        )
    tables = ("browser_session", "account_link", "access_token", "sign_in_limit", "mail_count")
    before = {table: await house.count(table) for table in tables}
    assert all(before.values())
    house.clock.advance(timedelta(days=30))
    await sweep(house)
    assert {table: await house.count(table) for table in tables} == before
    house.clock.advance(timedelta(seconds=1))
    await sweep(house)
    assert [await house.count(table) for table in tables] == [0, 0, 0, before["sign_in_limit"], 1]
    house.clock.advance(timedelta(days=60))
    await sweep(house)
    assert await house.count("sign_in_limit") == 0
    house.clock.advance(timedelta(days=280))
    await sweep(house)
    assert await house.count("mail_count") == 0
    assert await house.count("account") == 1


@pytest.mark.req("GDP-2k")
async def test_an_account_that_nobody_confirmed_is_forgotten_whole_after_a_week(house: House):
    await house.account()
    async with house.tx() as tx:
        for email in ("never@example.com", "again@example.com"):
            await house.registration.sign_up(tx, read_address(email), "hash", PERSON, house.clock.now())
    house.clock.advance(timedelta(days=7))
    async with house.tx() as tx:
        await house.registration.resend(tx, read_address("again@example.com"), "client", house.clock.now())
    house.clock.advance(timedelta(minutes=1))
    await sweep(house)
    async with house.tx() as tx:
        left = await tx.rows("om_platform", "SELECT email FROM account_credential ORDER BY email")
    assert left == [("ada@example.com",), ("again@example.com",)], "one has a link that still works"
    house.clock.advance(timedelta(days=1))
    await sweep(house)
    assert (await house.count("account"), await house.count("account_credential"), await house.count("mail")) == (1, 1, 0)
