"""What owners read of their car: its status with ages, its trips, its privacy with who set it, what was not stored."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from openmarque.http.paging import MAX_LIMIT
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from tests.integration.api.conftest import Owner

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def get(client: httpx.AsyncClient, owner: Owner, address: str, **headers: str) -> Any:
    response = await client.get(address, headers={**owner.headers, **headers})
    assert response.status_code == 200, response.text
    return response.json()


def service(body: Any, declaration: str) -> Any:
    return next(s for s in body["services"] if s["declaration"] == declaration)


async def test_an_owner_sees_the_cars_of_the_garage_page_by_page(client, street):
    owner = await street.owner()
    cars = [await street.car(owner, model=model) for model in ("brise", "cime", "plaine")]
    first = await get(client, owner, "/api/v1/vehicles?limit=2")
    second = await get(client, owner, f"/api/v1/vehicles?limit=2&cursor={first['next']}")
    listed = first["items"] + second["items"]
    assert [car["vehicle_id"] for car in listed] == sorted(car.name for car in cars)
    assert second["next"] is None
    assert {car["model"]["name"] for car in listed} == {"Brise électrique", "Cime hybride", "Plaine"}
    assert {car["brand"]["id"] for car in listed} == {"exemple"}


async def test_the_status_tells_each_value_with_its_unit_its_times_and_its_age(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    values = {
        vss.ELECTRIC_RANGE: 120_000, vss.LATITUDE: 34.0181, vss.LONGITUDE: -6.8365, vss.HEADING: 90.0, vss.ODOMETER: 12_345_678,
        vss.DOORS_LOCKED[0]: True, vss.DOORS_OPEN[0]: False, vss.WINDOWS_OPEN[0]: False, vss.HOOD_OPEN: False, vss.TRUNK_OPEN: True,
        vss.PARKING_LIGHTS: True, vss.VENTILATION: 40, vss.TROUBLE_CODES: 1, vss.BRAKE_FLUID_LOW: True,
    }  # fmt: skip
    await car.says(values, age_ms=90_000)
    fuelled = await street.car(owner, model="plaine")
    await fuelled.says({vss.FUEL_LEVEL: 63})
    body = await get(client, owner, f"{car.address}/status")
    assert {path: signal["value"] for path, signal in body["signals"].items()} == values
    assert body["signals"][vss.ELECTRIC_RANGE]["unit"] == "m"
    for signal in body["signals"].values():
        assert 90 <= signal["age_s"] < 100
        car_time, received = (datetime.fromisoformat(signal[name]) for name in ("car_time", "received_at"))
        assert timedelta(seconds=89) < received - car_time < timedelta(seconds=100)
    assert (await get(client, owner, f"{fuelled.address}/status"))["signals"][vss.FUEL_LEVEL]["value"] == 63


@pytest.mark.req("STA-1h")
@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(seconds=5), timedelta(hours=23)])
async def test_no_value_is_younger_than_its_receipt_whatever_the_cars_clock_says(client, street, platform, ahead):
    owner = await street.owner()
    car = await street.car(owner)
    car.ahead_ms = int(ahead.total_seconds() * 1000)
    before = platform.clock.now()
    await car.says({vss.SPEED: 63.0})
    signal = (await get(client, owner, f"{car.address}/status"))["signals"][vss.SPEED]
    since = platform.clock.now() - datetime.fromisoformat(signal["received_at"])
    assert 0 <= since.total_seconds() - signal["age_s"] < 1
    assert datetime.fromisoformat(signal["car_time"]) - before >= ahead - timedelta(seconds=1)


@pytest.mark.req("STA-2a", "STA-2b", "GDP-2a")
async def test_a_new_value_overwrites_the_old_and_no_position_before_it_is_kept(client, street, platform):
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({vss.LATITUDE: 34.5125, vss.LONGITUDE: -6.5125, vss.SPEED: 50.0})
    await car.says({vss.LATITUDE: 34.75, vss.LONGITUDE: -6.75})
    body = await get(client, owner, f"{car.address}/status")
    assert body["signals"][vss.LATITUDE]["value"] == 34.75
    assert body["signals"][vss.SPEED]["value"] == 50.0
    async with platform.database.begin() as tx:
        kept = await tx.rows("om_link", "SELECT signals::text FROM last_values WHERE vehicle_id = %s", (car.vehicle_id,))
        trips = await tx.rows("om_reader", "SELECT count(*) FROM trip_place")
    assert len(kept) == 1
    assert "34.5125" not in kept[0][0]
    assert trips == [(0,)]


async def test_the_tag_of_a_status_changes_with_values_and_not_with_ages(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({vss.SPEED: 50.0})
    first = await client.get(f"{car.address}/status", headers=owner.headers)
    again = await client.get(f"{car.address}/status", headers={**owner.headers, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    french = await client.get(
        f"{car.address}/status", headers={**owner.headers, "If-None-Match": first.headers["etag"], "Accept-Language": "fr"}
    )
    assert french.status_code == 200
    await car.says({vss.SPEED: 51.0})
    changed = await client.get(f"{car.address}/status", headers={**owner.headers, "If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


@pytest.mark.req("TRP-1c", "TRP-1d", "TRP-1e")
async def test_a_trip_is_shown_with_its_figures_and_its_places_only_as_a_declaration_of_their_own(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    await car.drove(1, 12_000.0, soc_start=80.0, soc_end=71.5, consumption_kwh_100km=14.2, gap_s=12.0)
    await car.was_between(1, (34.02, -6.83), (34.05, -6.79))
    await car.sets_level(Level.DATA)
    await car.drove(2, 4000.0)
    await car.was_between(2, (34.05, -6.79), (34.02, -6.83))
    second, first = (await get(client, owner, f"{car.address}/trips"))["items"]
    assert first["duration_s"] == 600
    assert first["travel_s"] == 500
    assert first["gap_s"] == 12
    assert (first["distance_m"], first["mean_speed_kmh"], first["consumption_kwh_100km"]) == (12_000, 72, 14.2)
    assert (first["soc_start_percent"], first["soc_end_percent"]) == (80, 71.5)
    assert first["start"] == {"latitude": 34.02, "longitude": -6.83}
    assert first["end"] == {"latitude": 34.05, "longitude": -6.79}
    assert (second["start"], second["end"]) == (None, None)
    body = await get(client, owner, car.address)
    assert (service(body, "trips")["needs_level"], service(body, "trips")["open"]) == ("data", True)
    assert (service(body, "trip_places")["needs_level"], service(body, "trip_places")["open"]) == ("position", False)


@pytest.mark.req("TRP-1e")
async def test_a_trip_keeps_its_places_when_the_numbering_began_anew_between_its_two_messages(client, street):
    """The car lost its memory of the link in between; the number of the trip is the car's own and goes on."""
    owner = await street.owner()
    car = await street.car(owner)
    await car.drove(1, 12_000.0)
    before = car.epoch
    await car.begins_anew()
    assert car.epoch > before
    await car.was_between(1, (34.02, -6.83), (34.05, -6.79))
    await car.drove(1, 12_000.0)
    (trip,) = (await get(client, owner, f"{car.address}/trips"))["items"]
    assert trip["start"] == {"latitude": 34.02, "longitude": -6.83}


@pytest.mark.req("TRP-2a", "TRP-2b")
async def test_trips_under_300_m_are_not_shown_and_consumption_only_above_2_km(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    for number, metres in enumerate((299.9, 300.0, 2000.0, 2000.1), 1):
        await car.drove(number, metres, minutes_ago=100 - number, consumption_kwh_100km=15.0)
    shown = (await get(client, owner, f"{car.address}/trips"))["items"]
    assert [(trip["distance_m"], trip["consumption_kwh_100km"]) for trip in shown] == [
        (2000.1, 15.0),
        (2000.0, None),
        (300.0, None),
    ]


async def test_pages_of_trips_join_without_a_gap_or_a_repeat_also_where_ends_are_equal_and_short_trips_lie_between(
    client, street
):
    owner = await street.owner()
    car = await street.car(owner)
    for number in range(1, 13):
        await car.drove(number, 200.0 if number % 4 == 0 else 1000.0 + number, minutes_ago=(12 - number) // 3)
    pages, cursor = [], ""
    while True:
        page = await get(client, owner, f"{car.address}/trips?limit=2{cursor}")
        pages.append([trip["distance_m"] for trip in page["items"]])
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
        if len(pages) == 1:
            await car.drove(99, 7777.0)
    assert [metres for page in pages for metres in page] == [
        1011.0,
        1010.0,
        1009.0,
        1007.0,
        1006.0,
        1005.0,
        1003.0,
        1002.0,
        1001.0,
    ]
    assert all(len(page) == 2 for page in pages[:-1])


async def test_the_owner_sees_the_level_who_set_it_and_when_and_what_the_car_is_built_for(client, street):
    owner = await street.owner()
    car = await street.car(owner, level=Level.PRIVATE)
    before = await get(client, owner, car.address)
    assert before["privacy"]["level"] == "private"
    assert before["privacy"]["set"] is None
    started = datetime.now(UTC)
    await car.sets_level(Level.DATA, by="head unit")
    after = await get(client, owner, car.address)
    assert after["privacy"]["level"] == "data"
    assert after["privacy"]["set"]["by"] == "head unit"
    at = datetime.fromisoformat(after["privacy"]["set"]["at"])
    assert abs(at - started) < timedelta(seconds=5)
    assert after["privacy"]["ceiling"] == "position"
    assert after["policy"]["version"] > before["policy"]["version"]
    assert after["policy"]["accepted_version"] == 0


@pytest.mark.req("PRV-6d")
async def test_no_request_to_the_api_can_set_a_level(app):
    """Nothing that a request may carry is called a level, a switch of the car or a policy."""
    document = app.openapi()
    schemas = document["components"]["schemas"]
    carried = {
        name
        for methods in document["paths"].values()
        for operation in methods.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if "$ref" in content["schema"]  # the body of a settings document is what its own declaration says
        for name in schemas[content["schema"]["$ref"].rpartition("/")[2]]["properties"]
    }
    assert carried
    assert not {name for name in carried if re.search(r"level|ceiling|remote|policy|grant|tenure", name)}
    assert not [path for path, methods in document["paths"].items() if "privacy" in path and methods.keys() - {"get"}]


@pytest.mark.req("PRV-3a", "PRV-3b")
async def test_a_service_that_is_closed_says_why_and_what_to_do_in_the_owners_language(client, street):
    owner = await street.owner()
    car = await street.car(owner, level=Level.DATA)
    finder = service(await get(client, owner, car.address, **{"Accept-Language": "fr-CA, en;q=0.5"}), "car_finder")
    assert finder == {
        "declaration": "car_finder",
        "purpose": "Vous montrer sur une carte où se trouve votre voiture.",
        "needs_level": "position",
        "open": False,
        "reason": "level_too_low",
        "message": "Le niveau de confidentialité de la voiture ne le permet pas.",
        "cure": "Changez le niveau dans la voiture.",
    }
    response = await client.get(car.address, headers={**owner.headers, "Accept-Language": "it, en;q=0.1"})
    assert response.headers["content-language"] == "en"
    assert service(response.json(), "car_finder")["cure"] == "Change the privacy level in the car."
    assert service(response.json(), "status") | {"purpose": ""} == {
        "declaration": "status", "purpose": "", "needs_level": "data", "open": True, "reason": None, "message": None, "cure": None,
    }  # fmt: skip


async def test_each_service_of_a_car_says_in_the_readers_words_what_it_has_to_show_and_to_do(client, street):
    owner = await street.owner()
    car = await street.car(owner, level=Level.DATA)
    told = await get(client, owner, f"{car.address}/services", **{"Accept-Language": "fr"})
    assert [one["declaration"] for one in told["items"]] == [
        one["declaration"] for one in (await get(client, owner, car.address))["services"]
    ]
    status, finder = (next(one for one in told["items"] if one["declaration"] == name) for name in ("status", "car_finder"))
    assert (status["label"], status["open"], status["commands"]) == ("État de la voiture", True, ["refresh"])
    assert {"path": "Vehicle.Speed", "label": "Speed", "unit": "km/h"} in status["signals"]
    assert (finder["open"], finder["reason"], finder["cure"]) == (False, "level_too_low", "Changez le niveau dans la voiture.")
    assert [recipient["name"] for recipient in finder["recipients"]] == [
        "Apple Distribution International",
        "OpenStreetMap Foundation",
    ]


@pytest.mark.req("LNK-8d")
async def test_without_a_contract_the_service_is_closed_and_its_values_are_not_shown(client, street, platform):
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({vss.SPEED: 50.0})
    assert (await get(client, owner, f"{car.address}/status"))["signals"] != {}
    async with platform.database.begin() as tx:
        await tx.execute("om_platform", "UPDATE contract SET state = 'terminated' WHERE tenure_id = %s", (car.tenure_id,))
        await platform.compiler.recompile(tx, [car.vehicle_id], platform.clock.now())
    body = await get(client, owner, f"{car.address}/status")
    assert body["signals"] == {}
    assert {s["declaration"]: s["reason"] for s in body["services"]} == {"status": "no_contract", "car_finder": "no_contract"}


async def test_values_taken_before_the_level_was_tightened_stay_visible_to_the_owner(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({vss.SPEED: 50.0, vss.LATITUDE: 34.0, vss.LONGITUDE: -6.0})
    await car.sets_level(Level.PRIVATE)
    body = await get(client, owner, f"{car.address}/status")
    assert set(body["signals"]) == {vss.SPEED, vss.LATITUDE, vss.LONGITUDE}
    assert {s["reason"] for s in body["services"]} == {"level_too_low"}


async def test_the_cars_own_switch_for_remote_access_closes_reading_from_outside(client, street, platform):
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({vss.SPEED: 50.0})
    async with platform.database.begin() as tx:
        await tx.execute(
            "om_platform",
            "UPDATE car_policy SET remote_access = false, version = version + 1 WHERE vehicle_id = %s",
            (car.vehicle_id,),
        )
    body = await get(client, owner, f"{car.address}/status")
    assert body["signals"] == {}
    assert {s["reason"] for s in body["services"]} == {"remote_access_off"}


@pytest.mark.req("PRV-5b", "PRV-5c", "PRV-5d")
async def test_what_a_car_sends_above_its_level_is_not_stored_and_counted_for_the_owner(client, street):
    owner = await street.owner()
    car = await street.car(owner, level=Level.DATA)
    await car.says({vss.LATITUDE: 34.0, vss.LONGITUDE: -6.0})
    await car.says({vss.LATITUDE: 34.0, vss.LONGITUDE: -6.0}, level=Level.POSITION)
    await car.was_between(1, (34.0, -6.0), (34.1, -6.1))
    assert (await get(client, owner, f"{car.address}/status"))["signals"] == {}
    assert (await get(client, owner, f"{car.address}/trips"))["items"] == []
    found = (await get(client, owner, f"{car.address}/refusals", **{"Accept-Language": "fr"}))["items"]
    assert sum(entry["count"] for entry in found) >= 3
    assert "trip_places" in {entry["what"] for entry in found}
    assert all(entry["message"] for entry in found)


async def test_refusals_come_by_pages(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    await car.sends_nonsense()
    await car.says({vss.SPEED: 1e9, vss.ODOMETER: -1})
    listed, cursor = [], ""
    while True:
        page = await get(client, owner, f"{car.address}/refusals?limit=1{cursor}")
        listed += [(entry["reason"], entry["what"]) for entry in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(listed) == len(set(listed)) == 3
    assert listed == sorted(listed)


@pytest.mark.parametrize("cursor", ["x", "%F0", "AAAA", "lKV0cmlwcwAAAA", "'; DROP TABLE trip", "k6hyZWZ1c2Fsc6FhoWI"])
async def test_a_cursor_that_the_list_did_not_give_is_refused(client, street, cursor):
    owner = await street.owner()
    car = await street.car(owner)
    response = await client.get(f"{car.address}/trips?cursor={cursor}", headers=owner.headers)
    assert (response.status_code, response.json()["code"]) == (400, "cursor-invalid")


@pytest.mark.parametrize("limit", ["0", "-1", str(MAX_LIMIT + 1), "many", "1e9", ""])
async def test_a_limit_outside_its_bounds_is_refused_and_named(client, street, limit):
    owner = await street.owner()
    response = await client.get(f"/api/v1/vehicles?limit={limit}", headers=owner.headers)
    assert (response.status_code, response.json()["code"]) == (422, "request-invalid")
    assert [(member["in"], member["name"]) for member in response.json()["errors"]] == [("query", "limit")]
