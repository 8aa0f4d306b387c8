"""Settings documents the whole way: an owner's app, the platform on its engines, a real car and its screen, with the probe installed."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import msgspec
import pytest
import pytest_asyncio

from openmarque.api.app import Api, create_app
from openmarque.app import Platform, bootstrap, start_engines
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.domains.documents.rules import MOST_CHANGES
from openmarque.kit.clock import SystemClock
from openmarque.kit.ids import VehicleId, parse_wire
from openmarque.kit.settings import Settings
from openmarque.link.bringup import GateProcess
from openmarque.protocol.levels import Level
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from tests.integration.api.conftest import Owner, Street, unknown_id, watching
from tests.integration.api.living import LivingCar, new_car
from tests.integration.conftest import make_home, remove_home
from tests.packs import written_with
from tests.probe_service import PROBE, probe_installed
from tests.probe_service import messages as m

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


@dataclass
class Ground:
    platform: Platform
    street: Street
    app: Api
    client: httpx.AsyncClient
    catalogue: Catalogue


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """A platform of this module's own, since the probe has to be installed when it starts."""
    with probe_installed():
        home = make_home()
        pack = written_with(tmp_path_factory.mktemp("pack"), PROBE)
        settings = Settings(home=home, mqtt_port=0, port=0, brand_pack=pack)
        engines = await start_engines(settings, SystemClock())
        gate = GateProcess(settings)
        await asyncio.to_thread(gate.start)
        try:
            async with bootstrap(settings, SystemClock()) as platform:
                async with platform.database.begin() as tx:
                    await platform.garage.store_brand(tx)
                worker = platform.worker()
                await worker.start()
                app = create_app(platform)
                transport = httpx.ASGITransport(app)
                async with (
                    app.router.lifespan_context(app),
                    httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
                ):
                    yield Ground(platform, Street(platform, worker), app, client, Catalogue(installed_services()))
                await worker.stop()
        finally:
            await asyncio.to_thread(gate.stop)
            engines.nats.stop()
            engines.postgres.stop()
            remove_home(home)


@dataclass
class App:
    """An owner's app on one car."""

    ground: Ground
    owner: Owner
    address: str

    async def asks(self, method: str, path: str = "", **more: Any) -> httpx.Response:
        headers = {**self.owner.headers, **more.pop("headers", {})}
        return await self.ground.client.request(method, f"{self.address}/documents{path}", headers=headers, **more)

    async def reads(self, kind: str = m.LIMITS) -> dict[str, Any]:
        response = await self.asks("GET", f"/{kind}")
        assert response.status_code == 200, response.text
        return response.json()

    async def sets(self, body: Any, tag: str = "", kind: str = m.LIMITS, **headers: str) -> httpx.Response:
        tag = tag or (await self.asks("GET", f"/{kind}")).headers["ETag"]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.asks("PUT", f"/{kind}", content=content, headers={"If-Match": tag, **headers})

    async def lost(self) -> None:
        """Return once a change in the car is said to have lost."""
        async with asyncio.timeout(10):
            while True:
                if (await self.reads())["lost"] is not None:
                    return
                await asyncio.sleep(0.02)

    async def stands(self, state: str, kind: str = m.LIMITS, **members: Any) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                read = await self.reads(kind)
                if read["state"] == state and members.items() <= read.items():
                    return read
                await asyncio.sleep(0.02)


@pytest_asyncio.fixture(loop_scope="module")
async def parked(ground: Ground) -> App:
    """An owner whose car speaks without a broker: no car answers."""
    owner = await ground.street.owner()
    return App(ground, owner, (await ground.street.car(owner)).address)


@pytest_asyncio.fixture(loop_scope="module")
async def living(ground: Ground, tmp_path: Path) -> tuple[App, LivingCar]:
    owner = await ground.street.owner()
    car = await new_car(ground.platform, owner, tmp_path / "car")
    car.catalogue = ground.catalogue
    return App(ground, owner, car.address), car


def limits_of(car: LivingCar) -> Any:
    assert car.agent is not None
    return car.agent.core.setting(m.LIMITS).body


async def at_the_screen(car: LivingCar, body: msgspec.Struct) -> None:
    agent = car.agent
    assert agent is not None
    agent.act(lambda core, now: core.set_here(now, m.LIMITS, body))


# The whole way


async def test_what_the_app_sets_the_car_goes_by_and_every_watcher_hears_of_it_without_asking(living):
    app, car = living
    async with (
        car.running(),
        watching(app.ground.app, f"{car.address}/events", app.owner.headers) as one,
        watching(app.ground.app, f"{car.address}/events", app.owner.headers) as two,
    ):
        for stream in (one, two):
            name, _, data = await stream.event()
            assert (name, data["documents"]) == ("snapshot", {})
        response = await app.sets({"limit_kmh": 90, "name": "Rain"})
        assert response.status_code == 200, response.text
        assert (response.json()["state"], response.json()["message"]) == ("waiting", "Waits for the car.")
        seen: list[list[dict[str, Any]]] = []
        for stream in (one, two):
            seen.append([])
            while not seen[-1] or seen[-1][-1]["state"] != "in_force":
                name, _, data = await stream.event()
                seen[-1] += [data[m.LIMITS]] if name == "documents" else []
        assert all([told["state"] for told in told_one] == ["waiting", "in_force"] for told_one in seen)
        assert seen[0][-1]["body"] == {"limit_kmh": 90, "quiet": False, "tone": "bell", "name": "Rain", "windows": []}
        assert limits_of(car) == m.Limits(90, name="Rain")
        await at_the_screen(car, m.Limits(80))
        while True:
            name, _, data = await one.event()
            if name == "documents" and data[m.LIMITS]["made_by"] == "car" and data[m.LIMITS]["state"] == "in_force":
                break
        assert data[m.LIMITS]["body"]["limit_kmh"] == 80
        assert data[m.LIMITS]["version"] > response.json()["version"]
        await car.until(lambda: car.agent.core.setting(m.LIMITS).is_told)
        assert (await app.reads())["version"] == car.agent.core.setting(m.LIMITS).version


async def test_both_change_it_while_the_car_is_away_and_the_one_that_reaches_the_platform_first_counts(living):
    app, car = living
    async with car.running():
        await app.sets({"limit_kmh": 90})
        await app.stands("in_force")
    response = await app.sets({"limit_kmh": 100})
    assert response.json()["state"] == "waiting"
    # The car comes back with a change of its own, made while it was away.
    async with car.running():
        await app.stands("in_force")
        assert limits_of(car) == m.Limits(100)
        await at_the_screen(car, m.Limits(70))
        now = await app.stands("in_force", made_by="car")
        assert now["body"]["limit_kmh"] == 70


async def test_a_change_in_the_car_that_comes_second_is_told_to_both_sides(living):
    app, car = living
    async with car.running() as running:
        first = (await app.sets({"limit_kmh": 90})).headers["ETag"]
        await app.stands("in_force")
        agent = running.agent
        assert agent is not None
        # Nothing comes down for a moment: the car does not hear of the app's change before it makes its own.
        original, agent.core.received = (
            agent.core.received,
            lambda now, kind, payload: agent.core.tick(now) if kind == "document" else original(now, kind, payload),
        )
        second = await app.sets({"limit_kmh": 100}, first)
        await at_the_screen(car, m.Limits(70))
        await app.lost()
        agent.core.received = original
        assert second.status_code == 200
    async with car.running():
        told = await app.stands("in_force")
        assert told["body"]["limit_kmh"] == 100
        assert told["lost"]["body"]["limit_kmh"] == 70
        assert "changed elsewhere" in told["lost"]["message"]
        held = car.agent.core.setting(m.LIMITS)
        assert (held.body, held.lost) == (m.Limits(100), m.Limits(70))


async def test_what_the_car_refuses_is_read_with_why_and_the_cure_in_the_readers_language(living):
    app, car = living
    async with car.running():
        await app.sets({"limit_kmh": 90})
        await app.stands("in_force")
        await app.sets({"limit_kmh": 100, "name": "monday"})
        read = await app.stands("refused", reason="probe_no_mondays")
        assert (read["message"], read["cure"]) == ("No Mondays (en).", "Call it otherwise (en).")
        german = (await app.asks("GET", f"/{m.LIMITS}", headers={"Accept-Language": "de"})).json()
        assert german["message"] == "No Mondays (de)."
        assert limits_of(car) == m.Limits(90)


@pytest.mark.req("PRV-1b", "PRV-3e")
async def test_in_private_mode_nothing_of_it_passes_and_afterwards_both_agree_again(living):
    app, car = living
    async with car.running():
        await app.sets({"limit_kmh": 90})
        await app.stands("in_force")
        car.agent.act(lambda core, now: core.set_level(now, Level.PRIVATE, "test"))
        await car.level_is_known(Level.PRIVATE)
        refused = await app.sets({"limit_kmh": 100})
        assert (refused.status_code, refused.json()["code"]) == (403, "document-closed")
        assert (await app.reads())["closed_reason"] == "level_too_low"
        assert (await app.reads())["body"]["limit_kmh"] == 90, "what was set before can be read"
        await at_the_screen(car, m.Limits(60))
        duty = await app.sets({"volume": 9}, kind=m.DUTY)
        assert duty.status_code == 200, duty.text
        await app.stands("in_force", m.DUTY)
        assert (await app.reads())["state"] == "in_force", "nobody outside knows that the car was changed"
        car.agent.act(lambda core, now: core.set_level(now, Level.DATA, "test"))
        told = await app.stands("differs")
        assert (told["reason"], told["body"]["limit_kmh"]) == ("document_kept_private", 90)
        await app.sets({"limit_kmh": 110})
        await app.stands("in_force")
        assert limits_of(car) == m.Limits(110)


# Over HTTP


async def test_the_list_says_what_can_be_set_what_counts_and_why_not(parked):
    listed = {item["kind"]: item for item in (await parked.asks("GET")).json()["items"]}
    assert set(listed) == {m.LIMITS, m.PLACES, m.CAMPAIGN, m.DUTY}
    limits, campaign = listed[m.LIMITS], listed[m.CAMPAIGN]
    assert (limits["label"], limits["declaration"], limits["version"], limits["state"]) == ("Limits (en)", "probe", 0, "unset")
    assert (limits["made_by"], limits["since"], limits["set_by"], limits["possible"]) == (None, None, ["car", "owner"], True)
    assert limits["body"] == msgspec.to_builtins(m.Limits()) | {"windows": []}
    assert (campaign["possible"], campaign["closed_reason"]) == (False, "document_not_yours")


async def test_the_schema_is_all_that_a_form_needs(parked):
    response = await parked.asks("GET", f"/{m.LIMITS}/schema", headers={"Accept-Language": "fr"})
    schema = response.json()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == "Limits (fr)"
    limit = schema["properties"]["limit_kmh"]
    assert (limit["title"], limit["default"], limit["minimum"], limit["unit"]) == ("At most (fr)", 130, 30, "km/h")
    assert schema["properties"]["tone"]["oneOf"][0] == {"const": "bell", "title": "A bell (fr)"}
    window = schema["properties"]["windows"]["items"]
    assert window["properties"]["from_min"]["title"] == "From (fr)"
    jsonschema.validate(msgspec.to_builtins(m.Limits(windows=(m.Window(1, 2),))) | {"windows": [{"from_min": 1}]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"limit_kmh": 20}, schema)
    again = await parked.asks(
        "GET", f"/{m.LIMITS}/schema", headers={"If-None-Match": response.headers["ETag"], "Accept-Language": "fr"}
    )
    assert again.status_code == 304


async def test_a_change_names_the_version_it_was_made_on_and_a_stale_one_is_told_what_counts(parked):
    missing = await parked.asks("PUT", f"/{m.LIMITS}", json={"limit_kmh": 90})
    assert (missing.status_code, missing.json()["code"]) == (428, "version-needed")
    for odd in ("*", "0", '"x"', '"-1"', '"1e3"', '"99999999999999999999"', 'W/"', '"0", "1"'):
        assert (await parked.sets({"limit_kmh": 90}, odd)).status_code == 428, odd
    first = await parked.sets({"limit_kmh": 90})
    assert first.status_code == 200
    version = first.json()["version"]
    assert first.headers["ETag"].startswith(f'"{version}.')
    same = await parked.sets({"limit_kmh": 90}, '"0"')
    assert (same.status_code, same.json()["version"]) == (200, version), "the same again, its first answer lost"
    stale = await parked.sets({"limit_kmh": 50}, '"0"')
    assert (stale.status_code, stale.json()["code"]) == (409, "document-conflict")
    current = stale.json()["current"]
    assert (current["version"], current["body"]["limit_kmh"], current["made_by"]) == (version, 90, "owner")
    strong = await parked.sets({"limit_kmh": 60}, f'"{version}"')
    assert strong.status_code == 200
    read = await parked.asks("GET", f"/{m.LIMITS}")
    unchanged = await parked.asks("GET", f"/{m.LIMITS}", headers={"If-None-Match": read.headers["ETag"]})
    assert unchanged.status_code == 304


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "Expecting value"),
        (b"nonsense", "Expecting value"),
        (b"\xff\xfe", "decode"),
        ('{"limit_kmh": 90}'.encode("utf-16"), "decode"),
        (b"null", "object"),
        (b"[]", "object"),
        (b'{"limit_kmh": NaN}', "NaN"),
        (b'{"limit_kmh": -Infinity}', "Infinity"),
        (b'{"limit_kmh": 1e400}', "$.limit_kmh"),
        (b'{"limit_kmh": 90.5}', "$.limit_kmh"),
        (b'{"limit_kmh": "90"}', "$.limit_kmh"),
        (b'{"limit_kmh": true}', "$.limit_kmh"),
        (b'{"limit_kmh": null}', "$.limit_kmh"),
        (b'{"limit_kmh": 251}', "$.limit_kmh"),
        (b'{"limit_kmh": ' + b"9" * 6_000 + b"}", ""),
        (b'{"limit_kmh": 90, "limit_kmh": 100}', "limit_kmh"),
        (b'{"windows": [{"from_min": 1, "from_min": 2}]}', "from_min"),
        (b'{"windows": [{"from_min": 1440}]}', "$.windows[0].from_min"),
        (b'{"windows": ' + json.dumps([{}] * 21).encode() + b"}", "$.windows"),
        (b'{"windows": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", ""),
        (b'{"tone": "gong"}', "$.tone"),
        (b'{"name": "' + b"x" * 41 + b'"}', "$.name"),
        (b'{"name": "a\\u0000b"}', "$.name"),
        (b'{"name": "a\\ud800"}', "$.name"),
        (b'{"vin": "VF1AABVY0MA000042"}', "vin"),
        (b'{"\\ud800": 1}', "$.?"),
    ],
)  # fmt: skip
async def test_what_can_not_be_set_is_refused_with_its_place_and_nothing_is_disturbed(parked, body, place):
    response = await parked.sets(body, '"0"')
    assert (response.status_code, response.json()["code"]) == (422, "document-unfit"), response.text
    assert place in response.json()["cure"]
    assert (await parked.reads())["version"] == 0


async def test_a_body_too_large_for_its_kind_or_for_any_request_is_refused_with_the_limit(parked):
    huge = await parked.sets(b'{"name": "' + b" " * 70_000 + b'"}', '"0"')
    assert huge.status_code == 413
    spaced = await parked.sets(b'{"limit_kmh": 90' + b" " * 9_000 + b"}", '"0"')
    assert spaced.status_code == 200, "spaces are not sent to the car"


async def test_a_thousand_changes_a_minute_end_in_a_clear_refusal_and_the_last_one_taken_counts(parked):
    tag, taken, refused = '"0"', 0, []
    for number in range(MOST_CHANGES + 20):
        response = await parked.sets({"limit_kmh": 30 + number}, tag)
        if response.status_code == 200:
            tag, taken = response.headers["ETag"], taken + 1
        else:
            refused.append((response.status_code, response.json()["code"], "Retry-After" in response.headers))
    assert set(refused) == {(429, "too-many-changes", True)}
    assert MOST_CHANGES <= taken < MOST_CHANGES + 20, "a minute may have turned over meanwhile"
    assert (await parked.reads())["body"]["limit_kmh"] == 29 + taken


@pytest.mark.req("LNK-8c")
async def test_only_the_owner_reads_and_sets_and_a_strangers_car_is_no_car(parked, ground):
    await parked.sets({"limit_kmh": 90, "name": "secret"})
    stranger = App(ground, await ground.street.owner(), parked.address)
    nobodys = App(ground, stranger.owner, f"/api/v1/vehicles/{unknown_id()}")
    for method, path, more in (
        ("GET", "", {}),
        ("GET", f"/{m.LIMITS}", {}),
        ("GET", f"/{m.LIMITS}/schema", {}),
        ("PUT", f"/{m.LIMITS}", {"json": {"limit_kmh": 40}, "headers": {"If-Match": '"0"'}}),
    ):
        theirs, none = [await app.asks(method, path, **more) for app in (stranger, nobodys)]
        assert theirs.status_code == none.status_code == 404
        assert theirs.json() | {"instance": ""} == none.json() | {"instance": ""}
    unknown = await parked.asks("GET", "/probe_other")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "document-not-found")
    assert (await parked.reads())["body"]["limit_kmh"] == 90


async def test_after_a_sale_the_buyer_finds_nothing_of_the_sellers_and_the_seller_nothing_at_all(parked, ground):
    await parked.sets({"limit_kmh": 90, "name": "seller's"})
    vehicle_id = VehicleId(parse_wire(parked.address.rpartition("/")[2]))
    buyer, now = await ground.street.owner(), ground.platform.clock.now()
    async with ground.platform.database.begin() as tx:
        await ground.platform.settings_documents.documents.set_for_platform(tx, vehicle_id, m.CAMPAIGN, m.Campaign("C1"), now)
        rows = await postgres(tx).rows(PLATFORM, "SELECT tenure_id FROM tenure WHERE vehicle_id = %s", (vehicle_id,))
        await ground.platform.garage.end_tenure(tx, rows[0][0], now)
        tenure_id = await ground.platform.garage.start_tenure(tx, vehicle_id, buyer.account_id, now)
        await ground.platform.contracts.activate_trial(tx, tenure_id, vehicle_id, "connect", now)
        kept = await postgres(tx).rows(PLATFORM, "SELECT kind FROM settings_document WHERE vehicle_id = %s", (vehicle_id,))
    assert kept == [(m.CAMPAIGN,)]
    theirs = App(ground, buyer, parked.address)
    assert (await theirs.reads())["version"] == 0
    assert (await theirs.reads(m.CAMPAIGN))["body"]["code"] == "C1"
    assert (await parked.asks("GET", f"/{m.LIMITS}")).status_code == 404
    assert (await parked.sets({"limit_kmh": 40}, '"0"')).status_code == 404
