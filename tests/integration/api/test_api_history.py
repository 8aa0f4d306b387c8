"""What happened to a car, of whatever a service keeps: read without a line of code for that service. REQ GDP-2."""

import re
from dataclasses import replace
from datetime import timedelta
from math import nan
from typing import Any

import httpx
import msgspec
import pytest

from openmarque.catalogue.declarations import MONTHS_2
from openmarque.catalogue.refusals import Reason, Refusal
from openmarque.domains.consent.reading import PrivacyReading, ServiceAvailability
from openmarque.domains.history.reading import HistoryReading, history_of
from openmarque.domains.history.routes import _after
from openmarque.http.paging import write_cursor
from openmarque.protocol.levels import Level
from openmarque.storage.events import PostgresEvents, event_specs
from tests.integration.api.conftest import Car, Owner

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def history(client: httpx.AsyncClient, owner: Owner, car: Car, query: str = "", language: str = "en") -> Any:
    headers = {**owner.headers, "Accept-Language": language}
    response = await client.get(f"{car.address}/history/trip{query}", headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def test_an_owner_reads_what_a_service_keeps_newest_first_with_how_long_it_is_kept(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    await car.drove(1, 1000.0, minutes_ago=20)
    await car.drove(2, 2000.0, minutes_ago=10)
    told = await history(client, owner, car)
    assert [event["values"]["distance_m"] for event in told["items"]] == [2000.0, 1000.0]
    assert [event["values"]["consumption_kwh_100km"] for event in told["items"]] == [None, None]
    assert (told["kept_days"], told["service"]["declaration"]) == (MONTHS_2.days, "trips")
    assert [event["at"] for event in told["items"]] == sorted((event["at"] for event in told["items"]), reverse=True)
    fields = {field["name"]: field for field in told["fields"]}
    assert fields["distance_m"]["kind"] == "number"
    assert fields["started_at"]["kind"] == "instant"
    assert re.fullmatch(r"20\d\d-.*Z", told["items"][0]["values"]["started_at"])
    assert "ended_at" not in fields, "it is the event's own instant"
    assert not fields.keys() & {"tenure_id", "vehicle_id", "policy_version"}


async def test_pages_of_a_history_join_where_instants_are_equal(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    for number in range(1, 8):
        await car.drove(number, 100.0 * number, minutes_ago=(7 - number) // 3)
    seen, query = [], "?limit=2"
    while query:
        page = await history(client, owner, car, query)
        seen += [event["values"]["trip"] for event in page["items"]]
        query = page["next"] and f"?limit=2&cursor={page['next']}"
    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_a_cursor_of_another_list_or_with_what_no_column_holds_is_refused(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    after = _after(event_specs()["trip"])
    wrong = [
        write_cursor(after("trip", (2**63, 1))),
        write_cursor(after("trip_place", (1, 1))),
        write_cursor(after("trip", (1,))),
    ]
    for cursor in (*wrong, "x", write_cursor(after("trip", ("now", 1)))):
        answer = await client.get(f"{car.address}/history/trip?cursor={cursor}", headers=owner.headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid"), cursor


@pytest.mark.parametrize("kind", ["unheard_of", "trip_place", "security_event", "vehicle", "%00"])
async def test_a_kind_that_is_no_history_is_unknown_in_the_owners_language(client, street, kind):
    owner = await street.owner()
    car = await street.car(owner)
    answer = await client.get(f"{car.address}/history/{kind}", headers={**owner.headers, "Accept-Language": "de"})
    assert (answer.status_code, answer.json()["code"]) == (404, "history-not-found")
    assert answer.json()["title"] == "Dieses Fahrzeug hat diesen Verlauf nicht."


async def test_nothing_of_another_owner_of_the_car_and_nothing_that_is_too_old_is_in_a_history(client, street, platform):
    owner, other = await street.owner(), await street.owner()
    car = await street.car(owner)
    await car.drove(1, 1000.0)
    refused = await client.get(f"{car.address}/history/trip", headers=other.headers)
    assert (refused.status_code, refused.json()["code"]) == (404, "vehicle-not-found")
    spec = event_specs()["trip"]
    async with platform.database.begin() as tx:
        await PostgresEvents().retain(tx, spec, platform.clock.now() + timedelta(seconds=1))
    assert (await history(client, owner, car))["items"] == []


async def test_an_instant_that_no_calendar_has_and_a_figure_that_is_no_number_are_told_as_not_known(client, street, platform):
    owner = await street.owner()
    car = await street.car(owner)
    await car.drove(1, 1000.0)
    spec = event_specs()["trip"]
    async with platform.database.begin() as tx:
        (event,) = await PostgresEvents().page(tx, spec, car.tenure_id, limit=1)
        odd = msgspec.structs.replace(
            event, body=msgspec.structs.replace(event.body, trip=2, ended_at=2**62, mean_speed_kmh=nan)
        )
        await PostgresEvents().append(tx, spec, [odd])
    (first, second) = (await history(client, owner, car))["items"]
    assert (first["at"], first["values"]["mean_speed_kmh"]) == (None, None)
    assert first["received_at"][:19] == event.received_at.isoformat()[:19]
    assert second["at"] is not None


async def test_a_service_that_is_closed_to_its_owner_shows_nothing_of_what_it_keeps(client, street, platform):
    owner = await street.owner()
    car = await street.car(owner)
    await car.drove(1, 1000.0)
    async with platform.database.begin() as tx:
        privacy = await PrivacyReading().privacy(tx, car.tenure_id, platform.clock.now())
        assert privacy is not None
        for reason, shown in ((Reason.LEVEL_TOO_LOW, 1), (Reason.SWITCHED_OFF, 0)):
            standing = ServiceAvailability("trips", Level.DATA, Refusal("trips", "", reason))
            known = history_of("trip", platform.catalogue, replace(privacy, services=(standing,)))
            assert known is not None
            assert bool(known.columns) is bool(shown)
            assert len(await HistoryReading(PostgresEvents()).page(tx, known, car.tenure_id, None, 5)) == shown
