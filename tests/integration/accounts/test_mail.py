"""Mails leave: written with what they tell, sent by real SMTP at least once, tried again, given up, kept by the embedded mailbox."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP
from typer.testing import CliRunner

from openmarque.cli.main import build
from openmarque.domains.accounts.registration import Person
from openmarque.domains.accounts.rules import read_address
from openmarque.domains.notifications.delivery import Delivery
from openmarque.domains.notifications.errors import TemplateMismatch
from openmarque.domains.notifications.smtp import SmtpCarrier
from openmarque.engines import mailbox as box
from openmarque.engines.doctor import examine
from openmarque.engines.mailbox import LARGEST, mail_dir, mail_server, mailbox, stored_mails
from openmarque.engines.process import Ports
from openmarque.kit.settings import Settings
from tests.integration.accounts.conftest import House


def delivery(house: House, settings: Settings | None = None) -> Delivery:
    return Delivery(
        house.database, house.clock, house.keys, SmtpCarrier(settings or house.settings),
        brand="Sample Motors", sender="Sample Motors <no-reply@cars.example>", app=lambda: "https://app.cars.example",
    )  # fmt: skip


class Server:
    """A mail server that answers as it is told, and notes what it took."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.rcpt = self.data = "250 OK"
        self.hold = 0.0

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - the library's name
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        await asyncio.sleep(self.hold)
        if self.data.startswith("250"):
            self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.data


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[tuple[Server, Settings]]:
    handler, loop = Server(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, hostname="localhost", loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield handler, replace(house.settings, smtp_url=f"smtp://127.0.0.1:{port}")
    finally:
        server.close()


async def counts(house: House) -> dict[tuple[str, str], int]:
    async with house.tx() as tx:
        rows = await tx.rows("om_platform", "SELECT template, outcome, count FROM mail_count")
    return {(template, outcome): count for template, outcome, count in rows}


@pytest.mark.req("NOT-1c", "NOT-1g")
async def test_a_mail_leaves_after_the_transaction_that_it_tells_of(house: House):
    account_id = await house.account("Ada@example.com", language="fr")

    async def changes_its_mind() -> None:
        async with house.tx() as tx:
            assert await house.mailer.post(tx, account_id, "safety_code_changed", {}, house.clock.now())
            raise RuntimeError

    async with serving(house) as (server, settings):
        with pytest.raises(RuntimeError):
            await changes_its_mind()
        assert await delivery(house, settings).run_due() == 0
        assert await house.post(account_id, "notice.phone_added", car="Brise of Ada", phone="Pixel")
        assert await delivery(house, settings).run_due() == 1
        [mail] = server.taken
        assert (mail["To"], mail["Subject"]) == ("Ada@example.com", "Un téléphone peut maintenant ouvrir Brise of Ada")
        assert "22 novembre 2026 à 09:00 (Europe/Paris)" in mail.get_body(("plain",)).get_content()
        assert mail["Date"].datetime == house.clock.now(), "by our clock"
        assert await delivery(house, settings).run_due() == 0
    assert await house.count("mail") == 0
    assert await counts(house) == {("notice.phone_added", "sent"): 1}


async def test_a_server_that_is_away_gets_the_mail_later_after_growing_pauses(house: House):
    account_id = await house.account()
    await house.post(account_id)
    nobody = replace(house.settings, smtp_url="smtp://127.0.0.1:1")
    began, tried = house.clock.now(), []
    for _ in range(60 * 24):
        if await delivery(house, nobody).run_due():
            tried.append((house.clock.now() - began).total_seconds())
        house.clock.advance(timedelta(seconds=30))
    assert tried == [0, 30, 120, 390, 1200, 3630, 10920, 32520]
    async with serving(house) as (server, settings):
        house.clock.advance(timedelta(hours=6))
        assert await delivery(house, settings).run_due() == 1
        assert len(server.taken) == 1


async def test_what_can_not_be_sent_in_three_days_is_given_up_and_counted(house: House):
    account_id = await house.account()
    await house.post(account_id)
    nobody = replace(house.settings, smtp_url="smtp://127.0.0.1:1")
    for _ in range(16):
        await delivery(house, nobody).run_due()
        house.clock.advance(timedelta(hours=6))
    assert await house.count("mail") == 0
    assert await counts(house) == {("safety_code_changed", "late"): 1}


async def test_a_link_that_has_run_out_is_not_sent_any_more(house: House):
    async with house.tx() as tx:
        person = Person("Ada", "Lovelace", "en", "FR", "Europe/Paris")
        await house.registration.sign_up(tx, read_address("new@example.com"), "hash", person, house.clock.now())
    house.clock.advance(timedelta(hours=24))
    async with serving(house) as (server, settings):
        await delivery(house, settings).run_due()
        assert server.taken == []
    assert await counts(house) == {("confirm", "late"): 1}


@pytest.mark.parametrize(("rcpt", "data", "final"), [
    ("550 no such user", "250 OK", True), ("250 OK", "554 no", True), ("450 later", "250 OK", False), ("250 OK", "451 later", False),
])  # fmt: skip
async def test_what_the_server_refuses_for_good_is_not_tried_again(house: House, rcpt: str, data: str, final: bool):
    await house.post(await house.account())
    async with serving(house) as (server, settings):
        server.rcpt, server.data = rcpt, data
        await delivery(house, settings).run_due()
        assert await house.count("mail") == (0 if final else 1)
        assert await counts(house) == ({("safety_code_changed", "refused"): 1} if final else {})


@pytest.mark.req("NOT-2a")
async def test_a_scheduler_killed_after_handing_over_sends_the_same_mail_again_under_the_same_name(house: House, monkeypatch):
    await house.post(await house.account())
    async with serving(house) as (server, settings):
        killed = delivery(house, settings)

        async def never(*_arguments):
            raise asyncio.CancelledError

        monkeypatch.setattr(killed, "_finish", never)
        with pytest.raises(asyncio.CancelledError):
            await killed.run_due()
        house.clock.advance(timedelta(seconds=30))
        assert await delivery(house, settings).run_due() == 1
        one, two = server.taken
        assert one["Message-ID"] == two["Message-ID"]


async def test_schedulers_side_by_side_send_each_mail_once(house: House):
    account_id = await house.account()
    for _ in range(16):
        await house.post(account_id)
    async with serving(house) as (server, settings):
        server.hold = 0.05
        while sum(await asyncio.gather(*(delivery(house, settings).run_due() for _ in range(3)))):
            pass
        names = [mail["Message-ID"] for mail in server.taken]
    assert len(names) == len(set(names)) == 16


async def test_an_account_without_an_address_or_with_an_unproved_one_gets_no_mail(house: House):
    assert not await house.post(await house.account(None))
    unproved = await house.account("bob@example.com")
    async with house.tx() as tx:
        await tx.execute("om_platform", "UPDATE account_credential SET confirmed_at = NULL WHERE account_id = %s", (unproved,))
    assert not await house.post(unproved)


async def test_a_mail_with_fields_missing_is_a_mistake_of_ours_at_once(house: House):
    account_id = await house.account()
    with pytest.raises(TemplateMismatch, match="car"):
        await house.post(account_id, "notice.phone_added", phone="Pixel")


async def test_mails_go_with_their_account(house: House):
    account_id = await house.account()
    await house.post(account_id)
    async with house.tx() as tx:
        await tx.execute("om_retention", "DELETE FROM account WHERE account_id = %s", (account_id,))
    assert await house.count("mail") == 0


async def test_what_waits_is_sealed_and_bound_to_its_row(house: House):
    account_id = await house.account()
    for phone in ("Pixel of Ada", "Phone of Eve"):
        await house.post(account_id, "notice.phone_added", car="Brise", phone=phone)
    async with house.tx() as tx:
        rows = await tx.rows("om_platform", "SELECT mail_id, sealed FROM mail")
        assert not any(b"Pixel" in bytes(sealed) or b"ada@" in bytes(sealed) for _, sealed in rows)
        await tx.execute("om_platform", "UPDATE mail SET sealed = %s WHERE mail_id = %s", (rows[0][1], rows[1][0]))
    async with serving(house) as (server, settings):
        await delivery(house, settings).run_due()
        assert len(server.taken) == 1, "a swapped row opens nothing and stops no other"
    assert await house.count("mail") == 1


# The mailbox


async def test_the_embedded_mailbox_keeps_mails_as_files_that_only_its_owner_reads(house: House):
    settings = house.settings
    assert mail_server(settings) is None
    await house.post(await house.account())
    await delivery(house).run_due()
    assert await house.count("mail") == 1, "it waits for a mailbox"
    async with mailbox(settings, house.clock) as port:
        assert Ports(settings.run_dir).known("smtp") == port
        house.clock.advance(timedelta(seconds=30))
        await delivery(house).run_due()
    [mail] = stored_mails(settings)
    assert (mail.to, mail.subject) == (("ada@example.com",), "Your Sample Motors safety code was changed")
    [path] = mail_dir(settings).iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(mail_dir(settings).stat().st_mode) == 0o700
    async with mailbox(settings, house.clock) as again:
        assert again == port, "a home keeps its port"


async def test_the_mailbox_takes_no_giant_and_keeps_only_the_newest(house: House, monkeypatch):
    monkeypatch.setattr(box, "MOST_KEPT", 3)
    async with mailbox(house.settings, house.clock) as port:
        send: Any = {"sender": "a@example.com", "recipients": ["b@example.com"], "hostname": "127.0.0.1", "port": port}
        for number in range(5):
            await aiosmtplib.send(f"To: b@example.com\r\nSubject: {number}\r\n\r\nx\r\n", **send)
        with pytest.raises(aiosmtplib.SMTPResponseException):
            await aiosmtplib.send("Subject: big\r\n\r\n" + "x" * (LARGEST + 1) + "\r\n", **send)
    assert [mail.subject for mail in stored_mails(house.settings)] == ["2", "3", "4"]


@pytest.mark.parametrize(
    "hostile",
    [
        "To: b@example.com\r\nContent-Type: text/plain; charset=no-such\r\n\r\nx\r\n",
        'From: "\r\nTo: a@[\r\n\r\nx\r\n',
        "To: <\r\n\r\nx\r\n",
        "To: b@example.com\r\nMessage-ID: <\r\n\r\nx\r\n",
        "To: b@example.com\r\nSubject: \x1b]0;owned\x07\r\n\r\n\x1b[2Jx\r\n",
    ],
)
async def test_what_others_on_this_machine_put_into_the_mailbox_hides_no_mail_and_drives_no_terminal(house: House, hostile):
    async with mailbox(house.settings, house.clock) as port:
        send: Any = {"sender": "a@example.com", "recipients": ["b@example.com"], "hostname": "127.0.0.1", "port": port}
        await aiosmtplib.send(hostile, **send)
        await aiosmtplib.send("To: b@example.com\r\nSubject: genuine\r\n\r\nx\r\n", **send)
    first, second = stored_mails(house.settings)
    assert second.subject == "genuine"
    assert "\x1b" not in first.subject + first.text


async def test_the_command_shows_mails_with_their_links_the_newest_last(house: House, monkeypatch):
    for email in ("ada@example.com", "bob@example.com"):
        await house.account(email)
    async with mailbox(house.settings, house.clock):
        for email in ("ada@example.com", "bob@example.com"):
            async with house.tx() as tx:
                await house.registration.request_reset(tx, read_address(email), "client", house.clock.now())
            await delivery(house).run_due()
            house.clock.advance(timedelta(seconds=1))
    monkeypatch.setenv("OPENMARQUE_HOME", str(house.settings.home))
    app, _ = build()
    run = CliRunner()
    told = json.loads(run.invoke(app, ["mail", "--json"]).stdout)
    assert [mail["to"] for mail in told] == [["ada@example.com"], ["bob@example.com"]]
    [link] = told[0]["links"]
    assert link.startswith("https://app.cars.example/reset#oml_")
    told = json.loads(run.invoke(app, ["mail", "--json", "--to", "BOB@example.com"]).stdout)
    assert [mail["to"] for mail in told] == [["bob@example.com"]]
    shown = run.invoke(app, ["mail", "--to", "ada@example.com"]).stdout
    assert link in shown.replace("\n", "")
    assert run.invoke(app, ["mail", "--to", "nobody@example.com"]).stdout == "No mails.\n"


async def test_the_doctor_names_a_mail_server_that_does_not_answer_or_is_none(house: House):
    def said(settings: Settings) -> list[str]:
        return [f.what for f in examine(settings, house.clock) if f.code in {"engine-unreachable", "mail-stays-here"}]

    [what] = await asyncio.to_thread(said, replace(house.settings, smtp_url="smtp://127.0.0.1:1"))
    assert "127.0.0.1:1 does not answer" in what
    async with serving(house) as (_, settings):
        assert await asyncio.to_thread(said, settings) == []
    silent = await asyncio.start_server(lambda reader, writer: writer.write(b"SSH-2.0\r\n"), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    [what] = await asyncio.to_thread(said, replace(house.settings, smtp_url=f"smtp://127.0.0.1:{port}"))
    assert "does not greet as a mail server does" in what
    silent.close()
    [what] = await asyncio.to_thread(said, replace(house.settings, app_url="https://app.cars.example"))
    assert "stay in the embedded mailbox" in what


async def test_a_password_for_a_server_elsewhere_is_never_sent_in_the_clear(house: House, monkeypatch):
    """STARTTLS is demanded, not hoped for: a server that does not offer it gets neither password nor mail."""
    server = mail_server(replace(house.settings, smtp_url="smtp://user:p%40ss@mail.example"))
    assert server is not None
    assert (server.host, server.port, server.user, server.password, server.starttls) == (
        "mail.example",
        587,
        "user",
        "p@ss",
        True,
    )
    server = mail_server(replace(house.settings, smtp_url="smtps://mail.example"))
    assert server is not None
    assert (server.port, server.tls, server.starttls) == (465, True, False)
    await house.post(await house.account())
    async with serving(house) as (plain, settings):
        monkeypatch.setattr(box, "_LOCAL", frozenset())
        assert settings.smtp_url is not None
        await delivery(house, replace(settings, smtp_url=settings.smtp_url.replace("//", "//user:secret@"))).run_due()
        assert plain.taken == []
    assert await house.count("mail") == 1
