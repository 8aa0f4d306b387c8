"""What owners are told of their cars: in the centre, on the event stream, by mail, once, and only to whom it belongs. REQ NOT-1, NOT-2."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import psycopg
import pytest

from openmarque.api.app import Api
from openmarque.app import Platform
from openmarque.catalogue.declarations import Declaration, Item, LegalBasis, NoticeSpec, Service
from openmarque.catalogue.policy import Policy, SignedPolicy
from openmarque.catalogue.register import Catalogue
from openmarque.domains.notifications.errors import NoticeArgumentsWrong, NoticeUnknown
from openmarque.domains.notifications.notices import Channel, PostgresNotices, Telling
from openmarque.domains.notifications.rules import MOST
from openmarque.domains.notifications.timers import sweep_notices
from openmarque.kit.ids import VehicleId
from openmarque.link.ports import PolicyRow
from openmarque.protocol.levels import Level
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from tests.integration.api.conftest import Car, Owner, Street, unknown_id, watching

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
async def owner(street: Street) -> Owner:
    return await street.owner()


@pytest.fixture
async def car(street: Street, owner: Owner) -> Car:
    return await street.car(owner)


async def tell(car: Car, *, phone: str = "Pixel", notices: Any = None, kind: str = "phone_added", after_s: float = 0) -> bool:
    """Tell of a notice, as a domain or the cloud part of a service does."""
    platform = car.platform
    arguments = {"phone": phone} if kind == "phone_added" else {}
    async with platform.database.begin() as tx:
        now = platform.clock.now() + timedelta(seconds=after_s)
        told: bool = await (notices or platform.parts.notices).notify(tx, car.tenure_id, kind, arguments, now)
        return told


async def listed(client: httpx.AsyncClient, owner: Owner, language: str = "en", **query: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/notices", params=query, headers={**owner.headers, "Accept-Language": language})
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def rows(platform: Platform, query: str, *values: object) -> list[Any]:
    async with platform.database.begin() as tx:
        return await postgres(tx).rows(PLATFORM, query, values)


@pytest.mark.req("NOT-1d", "NOT-1g")
@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "A phone can now open Brise électrique"),
        ("fr", "Un téléphone peut maintenant ouvrir Brise électrique"),
        ("de", "Ein Telefon kann Brise électrique jetzt öffnen"),
        ("es", "Un teléfono puede abrir ahora Brise électrique"),
    ],
)
async def test_an_owner_reads_what_happened_in_the_owners_language(client, owner, car, language, title):
    assert await tell(car, phone="Pixel of Ada")
    body = await listed(client, owner, language)
    [notice] = body["items"]
    assert (notice["title"], notice["kind"], notice["vehicle_id"]) == (title, "phone_added", car.name)
    assert "Pixel of Ada" in notice["message"]
    assert (notice["security"], notice["read_at"], notice["further"], body["unread"]) == (True, None, 0, 1)


@pytest.mark.req("NOT-2b")
async def test_what_was_read_on_one_device_is_read_on_every_other(client, app: Api, owner, car):
    await tell(car, phone="First")
    await tell(car, phone="Second", after_s=1)
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        _, _, snapshot = await stream.event()
        assert snapshot["notices"]["unread"] == 2
        assert "Second" in snapshot["notices"]["newest"][0]["message"]
        newest = (await listed(client, owner))["items"][0]
        answer = await client.put(f"/api/v1/notices/{newest['notice_id']}/read", headers=owner.headers)
        assert answer.status_code == 204
        name, _, told = await stream.event()
        assert (name, told["unread"], len(told["newest"])) == ("notices", 1, 1)
    read = (await listed(client, owner))["items"][0]["read_at"]
    assert read is not None
    await client.put(f"/api/v1/notices/{newest['notice_id']}/read", headers=owner.headers)
    assert (await listed(client, owner))["items"][0]["read_at"] == read, "the first time counts"
    [other] = (await listed(client, owner, unread=True))["items"]
    assert "First" in other["message"]
    body = {"until": newest["told_at"]}
    assert (await client.put("/api/v1/notices/read", json=body, headers=owner.headers)).status_code == 204
    assert (await listed(client, owner))["unread"] == 0


async def test_pages_go_on_where_the_last_one_ended(client, owner, car):
    for number in range(5):
        await tell(car, phone=f"Phone {number}", after_s=number)
    first = await listed(client, owner, limit=3)
    second = await listed(client, owner, limit=3, cursor=first["next"])
    assert [("Phone 4" in n["message"], "Phone 0" in n["message"]) for n in (first["items"][0], second["items"][-1])] == [
        (True, False),
        (False, True),
    ]
    assert second["next"] is None


@pytest.mark.req("NOT-1c", "NOT-2a")
async def test_a_notice_is_written_with_what_it_tells_and_its_mail_with_it(platform, owner, car):
    async with platform.database.begin() as tx:
        address = f"{owner.account_id.hex}@example.com"
        await platform.accounts.create_with_password(
            tx, owner.account_id, address, "a long enough sentence", platform.clock.now()
        )

    async def tells_and_fails() -> None:
        async with platform.database.begin() as tx:
            assert await platform.notices.notify(tx, car.tenure_id, "phone_added", {"phone": "x"}, platform.clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await tells_and_fails()
    query = "SELECT (SELECT count(*) FROM notice WHERE account_id = %s), (SELECT count(*) FROM mail WHERE account_id = %s)"
    assert await rows(platform, query, owner.account_id, owner.account_id) == [(0, 0)]
    await tell(car)
    assert await rows(platform, query, owner.account_id, owner.account_id) == [(1, 1)]


async def test_nobody_else_sees_or_reads_a_notice(client, street, owner, car):
    await tell(car)
    [notice] = (await listed(client, owner))["items"]
    stranger = await street.owner()
    await street.car(stranger)
    assert (await listed(client, stranger))["items"] == []
    theirs, nobodys, no_id = [
        await client.put(f"/api/v1/notices/{name}/read", headers=stranger.headers)
        for name in (notice["notice_id"], unknown_id(), "no-id")
    ]
    assert [answer.status_code for answer in (theirs, nobodys, no_id)] == [404, 404, 404]
    assert theirs.json()["code"] == nobodys.json()["code"] == no_id.json()["code"] == "notice-not-found"
    late = {"until": "2999-01-01T00:00:00Z"}
    assert (await client.put("/api/v1/notices/read", json=late, headers=stranger.headers)).status_code == 204
    assert (await listed(client, owner))["unread"] == 1


async def test_after_a_sale_neither_owner_sees_the_notices_of_the_other(client, street, platform, owner, car):
    await tell(car, phone="Seller's phone")
    buyer, now = await street.owner(), platform.clock.now()
    async with platform.database.begin() as tx:
        await platform.garage.end_tenure(tx, car.tenure_id, now)
        bought = await platform.garage.start_tenure(tx, car.vehicle_id, buyer.account_id, now)
    assert (await listed(client, owner))["items"] == []
    assert (await listed(client, buyer))["items"] == []
    assert not await tell(car, phone="After the sale"), "the tenure is over"
    await tell(replace(car, tenure_id=bought), phone="Buyer's phone")
    [notice] = (await listed(client, buyer))["items"]
    assert "Buyer's phone" in notice["message"]
    assert await listed(client, owner) == {"items": [], "next": None, "unread": 0}


async def test_a_hacked_car_floods_nobody_and_what_came_is_counted(client, platform, owner, car):
    async with platform.database.begin() as tx:
        now = platform.clock.now()
        for number in range(500):
            at = now + timedelta(milliseconds=number * 6)
            await platform.notices.notify(tx, car.tenure_id, "phone_added", {"phone": f"{number}\n\0"}, at)
    body = await listed(client, owner, limit=100)
    assert len(body["items"]) == MOST
    assert sum(notice["further"] for notice in body["items"]) == 500 - MOST
    assert body["items"][0]["further"] == 500 - MOST, "on the newest"
    assert await tell(car, phone="Later", after_s=3700)
    assert "Later" in (await listed(client, owner))["items"][0]["message"]


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "what"),
    [
        ("phone_stolen", {}, NoticeUnknown, "'phone_stolen' is in no declaration"),
        ("phone_added", {}, NoticeArgumentsWrong, "it lacks 'phone'"),
        ("phone_added", {"phone": "x", "place": "48.1"}, NoticeArgumentsWrong, "it does not declare 'place'"),
        ("phone_added", {"phone": None}, NoticeArgumentsWrong, "'phone' is a NoneType"),
    ],
)
async def test_what_a_notice_may_say_is_its_declaration(platform, owner, car, kind, arguments, error, what):
    async with platform.database.begin() as tx:
        with pytest.raises(error, match=what) as raised:
            await platform.notices.notify(tx, car.tenure_id, kind, arguments, platform.clock.now())
    assert raised.value.remedy
    assert await rows(platform, "SELECT count(*) FROM notice WHERE account_id = %s", owner.account_id) == [(0,)]


async def test_the_database_keeps_no_argument_that_no_declaration_lists(platform, owner, car):
    insert = """
INSERT INTO notice (notice_id, tenure_id, account_id, kind, arguments, at, created_at, further)
VALUES (%(notice)s, %(tenure)s, %(account)s, 'phone_added', %(arguments)s::jsonb, %(now)s, %(now)s, 0)"""
    facts = {"notice": uuid4(), "tenure": car.tenure_id, "account": owner.account_id, "now": platform.clock.now()}

    async def keep(arguments: str) -> None:
        async with platform.database.begin() as tx:
            await postgres(tx).execute(PLATFORM, insert, {**facts, "arguments": arguments})

    for arguments in ('{"phone_added.place": "48.1"}', '{"phone": "x"}'):
        with pytest.raises(psycopg.errors.CheckViolation, match="ck_notice_arguments_declared"):
            await keep(arguments)
    await keep('{"phone_added.phone": "x"}')


@pytest.mark.req("NOT-2c")
async def test_a_notice_is_kept_for_as_long_as_its_declaration_says(client, platform, owner, car):
    await tell(car)
    known, now = platform.catalogue.notices(), platform.clock.now()
    days = known["phone_added"][1].retention.days
    for age, kept in ((timedelta(days=days) - timedelta(hours=1), 1), (timedelta(days=days, hours=1), 0)):
        async with platform.database.begin() as tx:
            await sweep_notices(tx, known, now + age)
        assert len((await listed(client, owner))["items"]) == kept


class Heard(Channel):
    """A channel that keeps what it would send."""

    def __init__(self) -> None:
        self.sent: list[Telling] = []

    async def send(self, tx: Any, telling: Telling, now: Any) -> None:
        self.sent.append(telling)


HEAT = Declaration(
    name="trips",
    version=1,
    basis=LegalBasis.CONTRACT,
    items=(Item("x", None, carried=("log:x",)),),
    notices=(
        NoticeSpec("heat_done", channels=("centre",)),
        NoticeSpec("heat_failed"),
        NoticeSpec("heat_alarm", security=True),
    ),
)
"""A service with notices under the name of one whose contract the cars here have."""


async def test_a_service_tells_what_the_engine_permits_and_security_always(platform: Platform, street: Street):
    channel, catalogue = Heard(), Catalogue((Service("heat", "", (HEAT,)),))
    owner = await street.owner()
    car = await street.car(owner)

    class Policies:
        """The policy of a car as it would be were the service installed."""

        async def policies(self, tx: Any, vehicles: Sequence[VehicleId]) -> Mapping[VehicleId, PolicyRow]:
            found = await platform.link.policies(tx, vehicles)
            return {vehicle: with_notices(row) for vehicle, row in found.items()}

    notices = PostgresNotices(catalogue, Policies(), {"mail": channel})  # type: ignore[arg-type]  # asks for policies alone
    assert await tell(car, notices=notices, kind="heat_done")
    assert channel.sent == [], "in the centre only"
    assert await tell(car, notices=notices, kind="heat_failed")
    assert [telling.kind for telling in channel.sent] == ["heat_failed"]
    refusing = PostgresNotices(catalogue, platform.link, {"mail": channel})
    assert not await tell(car, notices=refusing, kind="heat_failed"), "the policy of this car does not hold it open"
    assert await tell(car, notices=refusing, kind="heat_alarm")
    assert [telling.kind for telling in channel.sent] == ["heat_failed", "heat_alarm"]


def with_notices(row: PolicyRow) -> PolicyRow:
    """The policy in `row` with the notices of `HEAT` among the names of the rule of its declaration."""
    signed = msgspec.msgpack.decode(row.frame, type=SignedPolicy)
    policy = msgspec.msgpack.decode(signed.policy, type=Policy)
    names = {f"notice:{spec.kind}": Level.DATA for spec in HEAT.notices}
    rules = tuple(
        msgspec.structs.replace(rule, names={**rule.names, **names}) if rule.declaration == HEAT.name else rule
        for rule in policy.rules
    )
    changed = msgspec.structs.replace(policy, rules=rules)
    return replace(row, frame=msgspec.msgpack.encode(msgspec.structs.replace(signed, policy=msgspec.msgpack.encode(changed))))
