"""The car's agent on the real broker: mutual TLS, its memory on disk, a recorded drive, and the renewal of its certificate."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from openmarque.car.agent import CarAgent
from openmarque.car.bundle_files import CHAIN, KEY, NEXT_CHAIN
from openmarque.car.drive import Drive, read_drive
from openmarque.car.identity import BundleContents, read_bundle, write_bundle
from openmarque.car.model import Actuation, Channel, Frame, LinkState, NoticeCode, Now, Output
from openmarque.car.replay import Replay, replay
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.catalogue.declarations import Authority, CommandSpec
from openmarque.catalogue.register import Catalogue
from openmarque.kit.clock import SystemClock, to_ms
from openmarque.kit.csr import certificate_request, key_pem, new_car_key
from openmarque.link.broker import Message, NatsBroker
from openmarque.link.subjects import down_subject, vehicle_of
from openmarque.protocol import signals as vss
from openmarque.protocol import signing
from openmarque.protocol.car_part import CarPart
from openmarque.protocol.envelope import Lane, encode
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import LEVEL_CHANGED, CertificateIssued, CertificateRequest, LevelChanged
from openmarque.protocol.sensing import Action, Sample, Step
from openmarque.protocol.waking import Steady, Woken
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, TripCompleted
from tests.car_services import declared, installed
from tests.cars import CATALOGUE, POLICY_KEY, Platform, policy, status_body
from tests.drives import as_csv, drawn_rows
from tests.integration.conftest import Car, Nats, Pki

pytestmark = pytest.mark.timeout(60)


@dataclass
class Cloud:
    """The reference platform behind the broker, for one car."""

    broker: NatsBroker
    car: Car
    pki: Pki
    platform: Platform = field(default_factory=Platform)
    used_keys: set[str] = field(default_factory=set)

    async def take(self, batch: list[Message]) -> None:
        for message in batch:
            if vehicle_of(message.subject) != self.car.vehicle_id:
                continue
            channel = Channel(message.subject.rpartition(".")[2])
            if channel is Channel.CSR:
                csr = msgspec.msgpack.decode(message.payload, type=CertificateRequest).csr
                issued = self.pki.ca.renew_car(self.car.vehicle_id, self.car.vin, csr, used_key_ids=self.used_keys)
                self.used_keys.add(issued.key_id)
                await self.answer("cert", encode(CertificateIssued(issued.chain_pem)))
                continue
            for kind, payload in self.platform.takes(Frame(channel, message.payload), to_ms(SystemClock().now())):
                await self.answer(kind, payload)

    async def answer(self, kind: str, payload: bytes) -> None:
        await self.broker.publish(down_subject(self.car.vehicle_id, kind), payload)

    def trips(self) -> list[TripCompleted]:
        return [b for b in self.platform.bodies(TRIP_COMPLETED) if isinstance(b, TripCompleted)]

    def places_shown(self) -> list[tuple[object, object]]:
        """Each distinct fix that the platform was told, in order."""
        bodies = [status_body(e).values for e in self.platform.applied[Lane.STATUS]]
        return [(values[vss.LATITUDE][0], values[vss.LONGITUDE][0]) for values in bodies if vss.LATITUDE in values]


@pytest_asyncio.fixture
async def cloud(broker: NatsBroker, pki: Pki) -> Cloud:
    car = pki.new_car()
    served = Cloud(broker, car, pki)
    served.platform.vehicle = car.vehicle_id
    served.platform.policy = policy(vehicle=car.vehicle_id, issued=SystemClock().now())
    await broker.subscribe("v.*.up.*", served.take)
    return served


@pytest.fixture
def folder(tmp_path: Path, cloud: Cloud, nats: Nats) -> Path:
    """The car's bundle."""
    contents = BundleContents(
        vehicle_id=cloud.car.vehicle_id,
        host="127.0.0.1",
        mqtt_port=nats.endpoint.mqtt_port,
        policy_keys={signing.key_id(POLICY_KEY.public_key()): signing.public_bytes(POLICY_KEY.public_key())},
        key_pem=cloud.car.key_file.read_bytes(),
        chain_pem=cloud.car.cert_file.read_bytes(),
        broker_ca_pem=cloud.car.root_file.read_bytes(),
        top_speed_kmh=85,
    )
    write_bundle(tmp_path / "car", contents)
    return tmp_path / "car"


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[CarAgent]:
    """The agent of a bundle, as the program runs it."""
    bundle = read_bundle(folder)
    store = SqliteCarStore(bundle.store_path)
    agent = CarAgent(bundle, store, CATALOGUE, SystemClock(), spread=lambda: 0)
    task = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        store.close()


@pytest.fixture
def drive() -> Drive:
    """Two minutes at 36 km/h; the receiver holds each fix for 5 s."""
    return read_drive(as_csv(drawn_rows()))


@pytest.mark.req("TRP-1a", "TRP-1d")
async def test_a_replayed_drive_arrives_as_one_trip_and_every_distinct_place(cloud: Cloud, folder: Path, drive: Drive) -> None:
    async with running(folder) as agent:
        agent.act(lambda core, now: core.set_level(now, Level.POSITION, "test"))
        report = await replay(agent, drive, "drive", speed=0)
    (trip,) = cloud.trips()
    assert trip.distance_m == pytest.approx(119 * 10, rel=0.001)
    assert trip.duration_s == 119
    fixes = list(dict.fromkeys((s.latitude, s.longitude) for s in drive.samples))
    assert cloud.places_shown() == fixes
    assert report.read == 120
    assert report.sent == report.acknowledged
    assert report.messages_refused == {}
    assert cloud.platform.types()[:2] in (["level_changed", "policy_accepted"], ["policy_accepted", "level_changed"])


@pytest.mark.req("LNK-3b")
async def test_a_replay_that_was_cut_off_goes_on_in_the_next_process_and_makes_one_trip(
    cloud: Cloud, folder: Path, drive: Drive
) -> None:
    async with running(folder) as agent:
        agent.act(lambda core, now: core.set_level(now, Level.POSITION, "test"))
        await agent.until(lambda core: core.policy is not None and core.is_settled and core.link_state is LinkState.OPEN)
        first = Replay(agent.core, drive, "drive", SystemClock().now())
        for _ in range(50):
            agent.act(first.feed)
    async with running(folder) as agent:
        await replay(agent, drive, "drive", speed=0)
    (trip,) = cloud.trips()
    assert trip.distance_m == pytest.approx(119 * 10, rel=0.001)
    assert trip.duration_s == 119
    assert len(cloud.platform.bodies(TRIP_PLACES)) == 1


async def test_at_a_chosen_speed_the_drive_takes_its_time(cloud: Cloud, folder: Path, drive: Drive) -> None:
    async with running(folder) as agent:
        agent.act(lambda core, now: core.set_level(now, Level.DATA, "test"))
        began = asyncio.get_running_loop().time()
        await replay(agent, drive, "drive", speed=119)
        assert asyncio.get_running_loop().time() - began >= 0.9
    assert len(cloud.trips()) == 1
    assert cloud.places_shown() == []


async def test_a_certificate_is_renewed_with_a_fresh_key_over_the_link(cloud: Cloud, folder: Path, pki: Pki) -> None:
    key = new_car_key()
    # Issued with so short a life that two thirds of it are over: it began five minutes ago.
    old = pki.ca.issue_car(
        cloud.car.vehicle_id, cloud.car.vin, certificate_request(key, cloud.car.vehicle_id), life=timedelta(minutes=2)
    )
    (folder / KEY).write_bytes(key_pem(key))
    (folder / CHAIN).write_bytes(old.chain_pem)
    async with running(folder) as agent:
        await agent.until(lambda core: any(n.code is NoticeCode.CERTIFICATE_RENEWED for n in core.notices))
        await agent.until(lambda core: core.link_state is LinkState.OPEN and agent.keys.key_id in cloud.used_keys)
        await agent.until(lambda core: core.is_settled)
    now = x509.load_pem_x509_certificates((folder / CHAIN).read_bytes())[0]
    assert f"{now.serial_number:x}" != old.serial
    assert not (folder / NEXT_CHAIN).exists()
    assert read_bundle(folder).vin == cloud.car.vin


async def test_a_car_with_a_certificate_of_another_authority_is_kept_out(cloud: Cloud, folder: Path, pki: Pki) -> None:
    foreign = pki.foreign_car(cloud.car.vehicle_id)
    (folder / KEY).write_bytes(foreign.key_file.read_bytes())
    (folder / CHAIN).write_bytes(foreign.cert_file.read_bytes())
    async with running(folder) as agent:
        await asyncio.sleep(1)
        assert agent.core.link_state is LinkState.OFFLINE
    assert cloud.platform.hellos == []


@asynccontextmanager
async def program(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """``openmarque car run`` as a process of its own, and the address of its head-unit page."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "openmarque.cli.main", "car", "run", "--bundle", str(folder), "--headunit-port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    try:
        yield process, line.rpartition(" ")[2].strip()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def shows(address: str, key: str, value: object) -> dict[str, object]:
    """The page's state once it shows this."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        while True:
            state: dict[str, object] = (await browser.get(f"{address}state")).json()
            if state[key] == value:
                return state
            await asyncio.sleep(0.05)


async def choose(address: str, level: Level) -> None:
    """Press the button of a privacy level on the head unit."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        page = (await browser.get(address)).text
        token = page.partition('name="token" value="')[2].partition('"')[0]
        fields = {"token": token, "level": str(int(level))}
        answer = await browser.post(f"{address}level", data=fields, headers={"Origin": address.rstrip("/")})
        assert answer.status_code == 303


@pytest.mark.req("PRV-1a")
async def test_the_program_shows_its_page_and_a_level_chosen_there_reaches_the_platform_signed(
    cloud: Cloud, folder: Path
) -> None:
    async with program(folder) as (process, address):
        await shows(address, "link", "connected")
        await choose(address, Level.POSITION)
        await shows(address, "outbox", "0 messages")
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    (change,) = [b for b in cloud.platform.bodies(LEVEL_CHANGED) if isinstance(b, LevelChanged)]
    public = x509.load_pem_x509_certificates((folder / CHAIN).read_bytes())[0].public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    statement = signing.level_statement(cloud.car.vehicle_id, Level.POSITION, change.counter, change.changed_at, change.by)
    signing.verify(public, statement, change.signature)


@pytest.mark.req("LNK-3e")
async def test_killed_9_after_a_choice_the_program_still_holds_and_delivers_it(cloud: Cloud, folder: Path, nats: Nats) -> None:
    facts = folder / "car.json"
    reachable = facts.read_bytes()
    facts.write_bytes(reachable.replace(str(nats.endpoint.mqtt_port).encode(), b"9"))  # the discard port: no coverage
    async with program(folder) as (_, address):
        await choose(address, Level.DATA)
        # killed at the end of this block, without a word
    facts.write_bytes(reachable)
    async with program(folder) as (_, address):
        await shows(address, "level", 2)
        await shows(address, "link", "connected")
        await shows(address, "outbox", "0 messages")
    assert [b.level for b in cloud.platform.bodies(LEVEL_CHANGED) if isinstance(b, LevelChanged)] == [Level.DATA]


async def test_a_second_process_for_the_same_car_is_refused(folder: Path) -> None:
    async with program(folder), program(folder) as (second, address):
        assert address == ""
        assert await second.wait() == 1


async def test_an_agent_that_is_told_to_stop_stops_wherever_it_is_in_connecting(folder, cloud):
    bundle = read_bundle(folder)
    del cloud  # answers on the other side
    store = SqliteCarStore(bundle.store_path)
    took_s = 0.0
    while took_s < 0.15:
        agent = CarAgent(bundle, store, CATALOGUE, SystemClock(), spread=lambda: 0)
        task = asyncio.create_task(agent.run())
        await asyncio.sleep(took_s)
        task.cancel()
        _, running = await asyncio.wait([task], timeout=5)
        assert not running, f"told after {took_s:.4f} s, it runs on"
        assert task.cancelled()
        took_s += 0.003
    store.close()


class Alarm(msgspec.Struct, frozen=True):
    """How often it rang."""

    rung: int = 0


def set_alarm(state: Alarm, sample: Sample) -> Step[Alarm]:
    return Step(state, wake_at=Steady(sample.steady_ms + 1_500)) if vss.SPEED in sample.sensed else Step(state)


def ring(state: Alarm, _woken: Woken, _sample: Sample) -> Step[Alarm]:
    return Step(Alarm(state.rung + 1), actions=(Action("ring"),))


@pytest.fixture
def alarm(monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    return installed(
        monkeypatch,
        CarPart("alarm", Alarm, observe=set_alarm, wake=ring),
        declared("alarm", [CommandSpec("ring", Authority.DIGITAL_KEY)]),
    )


async def test_an_agent_without_network_sleeps_until_a_service_wants_to_be_woken_also_after_a_restart(
    folder: Path, alarm: Catalogue, cloud: Cloud
) -> None:
    cloud.platform.policy = policy(vehicle=cloud.car.vehicle_id, issued=SystemClock().now(), catalogue=alarm)
    bundle = read_bundle(folder)
    nowhere = replace(bundle, facts=msgspec.structs.replace(bundle.facts, mqtt_port=1))
    store = SqliteCarStore(bundle.store_path)
    first = CarAgent(bundle, store, alarm, SystemClock())
    task = asyncio.create_task(first.run())
    await asyncio.wait_for(first.until(lambda core: core.policy is not None), 20)
    first.act(lambda core, now: core.sensed(now, {vss.SPEED: 0.0}))
    task.cancel()
    await asyncio.wait([task])
    store.close()

    rung: list[Actuation] = []
    store = SqliteCarStore(bundle.store_path)
    second = CarAgent(nowhere, store, alarm, SystemClock(), actuators={"ring": rung.append})
    looked = 0
    due_in = second.core.wake_in_ms

    def counted(now: Now) -> int | None:
        nonlocal looked
        looked += 1
        return due_in(now)

    second.core.wake_in_ms = counted  # type: ignore[method-assign]  # how often the agent looks whether it is time
    task = asyncio.create_task(second.run())
    await asyncio.sleep(2.5)
    task.cancel()
    await asyncio.wait([task])
    assert second.core.service_state("alarm") == Alarm(1)
    assert [action.command for action in rung] == ["ring"]
    assert looked < 10, "it sleeps, and does not poll"
    store.close()


async def test_an_action_for_which_no_actuator_works_is_counted_and_nothing_else_suffers(folder: Path) -> None:
    def stuck(_action: Actuation) -> None:
        raise OSError

    async with running(folder) as agent:
        agent._actuators = {"ring": stuck}
        agent.act(lambda core, now: Output(actions=[Actuation("fly", "", {}), Actuation("ring", "", {})]))
        assert agent.core.counts("actions") == {"no_actuator:fly": 1, "no_actuator:ring": 1}
        await asyncio.wait_for(agent.until(lambda core: core.link_state is LinkState.OPEN), 20)


async def test_a_clock_that_was_set_is_looked_at_at_once(folder: Path, alarm: Catalogue) -> None:
    store = SqliteCarStore(read_bundle(folder).store_path)
    steady = [1_000_000]
    agent = CarAgent(read_bundle(folder), store, alarm, SystemClock(), steady=lambda: steady[0])
    agent.act(lambda core, now: core.sensed(now, {vss.SPEED: 0.0}))
    agent.clock_set()
    assert agent.core.service_state("alarm") == Alarm(0)
    steady[0] += 1_500
    agent.clock_set()
    assert agent.core.service_state("alarm") == Alarm(1)
    store.close()
