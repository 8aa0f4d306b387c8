"""What really leaves the car, read on the decrypted wire between the car's agent and the broker, equals what its privacy level allows.

The observer ends the car's TLS, so it sees every MQTT packet and every message type, link housekeeping included. Each scenario makes
the car send everything it has: offline it drives and is then told to be quiet (tombstones), it asks for a new certificate, it drives
again under its level. What is seen is compared for equality, so a type too many fails, and one that the register allows and no car
sends fails too.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

import msgspec
import pytest

from faults.cars import Car
from faults.ground import MODEL, Ground, until
from faults.mqtt import CLEAN_SESSION, Kind
from faults.proxy import Proxy, Seen, proxy_for
from openmarque.car.agent import CarAgent
from openmarque.car.gate import Gate
from openmarque.car.identity import read_bundle
from openmarque.car.model import LinkState
from openmarque.car.pairing import Outcome
from openmarque.car.store import MemoryCarStore
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.cli.operating import give_to_owner, provision
from openmarque.domains.garage.service import Garage, NewVehicle
from openmarque.domains.garage.vault import VinVault
from openmarque.kit.clock import ManualClock, SystemClock, to_ms
from openmarque.link.pki import CertificateAuthority
from openmarque.link.pki_keys import Purpose
from openmarque.link.subjects import down_subject
from openmarque.protocol import commands as o
from openmarque.protocol import signals as vss
from openmarque.protocol.commands import CHALLENGE_ISSUED
from openmarque.protocol.digital_keys import DIGITAL_KEY_REPORT
from openmarque.protocol.envelope import Disposition, Lane, Trust
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import (
    CERTIFICATE_REQUEST,
    GONE,
    HELLO,
    HOUSEKEEPING,
    LEVEL_CHANGED,
    POLICY_ACCEPTED,
    STATUS,
    STATUS_WITH_PLACE,
    MessageRegister,
    StatusBody,
)
from openmarque.protocol.pairing import PAIRING_REQUEST
from openmarque.protocol.signals import PLACE_SIGNALS, SIGNALS, Value
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES
from tests.acceptance.conftest import Rows
from tests.phones import BEGINS_MS, Phone

pytestmark = pytest.mark.asyncio(loop_scope="session")

CATALOGUE = Catalogue(s for s in installed_services() if s.name in {"status", "trips", "lock"})
REGISTER: MessageRegister = CATALOGUE.messages
"""Of the three services that live in this package: what others bring with them is theirs to show."""


@dataclass
class Driven:
    """A car with its agent, its observer, and a driver who can pull out of coverage."""

    car: Car
    agent: CarAgent
    proxy: Proxy
    trust: Trust = Trust.SYNCED
    metres: int = 1_000
    _running: asyncio.Task[None] | None = None

    async def go_online(self) -> None:
        self._running = asyncio.create_task(self.agent.run())
        await asyncio.wait_for(self.agent.until(lambda core: core.link_state is LinkState.OPEN), 20)

    async def go_offline(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def rest(self) -> None:
        """Return when nothing waits for an acknowledgement."""
        rests = self.agent.until(lambda core: core.link_state is LinkState.OPEN and core.is_settled)
        await asyncio.wait_for(rests, 20)

    def choose(self, level: Level) -> None:
        self.agent.act(lambda core, now: core.set_level(now, level, "head unit"))

    def switch(self, name: str, *, on: bool) -> None:
        self.agent.act(lambda core, now: core.set_switch(now, name, on=on))

    def sense(self, **more: Value) -> None:
        """A second of driving at 36 km/h going north-west."""
        self.metres += 10
        place = {
            vss.LATITUDE: 34.0 + self.metres / 1e6,
            vss.LONGITUDE: -6.75 - self.metres / 1e6,
            vss.HEADING: 315.0 + self.metres % 10,
        }
        values: dict[str, Value] = {
            vss.SPEED: 36.0 + self.metres / 1e6,
            vss.ODOMETER: self.metres,
            vss.STATE_OF_CHARGE: 80.0,
            **place,
        }
        self.agent.act(lambda core, now: core.sensed(now, values | more))

    def sees_lights(self) -> None:
        """Something changes that has nothing to do with the place."""
        self.agent.act(lambda core, now: core.sensed(now, {vss.PARKING_LIGHTS: True}))

    async def drive(self, seconds: int = 6) -> None:
        """A whole trip; a second of it takes twenty milliseconds."""
        self.sense(**{vss.IGNITION: "ON"})
        for _ in range(seconds):
            await asyncio.sleep(0.02)
            self.sense()
        self.sense(**{vss.IGNITION: "OFF"})


@asynccontextmanager
async def driven(ground: Ground, vin: str) -> AsyncIterator[Driven]:
    """A new owner's car, offline, private, whose certificate is old enough to be renewed."""
    two_months_ago = ManualClock(ground.platform.clock.now() - timedelta(days=61))
    authority = CertificateAuthority(ground.settings.home / "pki", two_months_ago)
    platform = ground.platform
    garage = Garage(platform.pack, VinVault(platform.keys), authority, platform.compiler)
    folder = ground.settings.home / "cars" / vin
    vehicle_id = await provision(replace(platform, garage=garage), NewVehicle(vin, MODEL), folder)
    tenure_id, _ = await give_to_owner(platform, vehicle_id, "en", platform.clock.now())
    car = Car(read_bundle(folder), tenure_id)
    async with proxy_for(car, ground.mqtt_port, ground.settings.home / "observed" / car.name) as proxy:
        trust = [Trust.SYNCED]
        agent = CarAgent(proxy.bundle, MemoryCarStore(), CATALOGUE, SystemClock(), lambda: trust[0], lambda: 0.0)
        one = Driven(car, agent, proxy)
        trust[0] = Trust.UNSET  # a clock that was never set asks for no certificate: the first contact only fetches the policy
        await one.go_online()
        await one.rest()
        await one.go_offline()
        trust[0] = Trust.SYNCED
        try:
            yield one
        finally:
            await one.go_offline()


@pytest.fixture
def wire_vins(vins: Iterator[str]) -> Iterator[str]:
    return (vin.replace("TEST", "WERE") for vin in vins)


_OUTSIDE_LANES = {"challenge": CHALLENGE_ISSUED, "hello": HELLO, "csr": CERTIFICATE_REQUEST, "pair": PAIRING_REQUEST}
"""Types that stand in no envelope, by the channel they leave on."""


def types_of(log: list[Seen]) -> Counter[str]:
    """How often which message type left the car."""
    types: Counter[str] = Counter()
    for seen in log:
        if seen.up and seen.packet.kind is Kind.PUBLISH:
            envelope = seen.envelope
            types[envelope.type if envelope else _OUTSIDE_LANES.get(seen.channel, seen.channel)] += 1
    return types


def told_places(log: list[Seen]) -> set[str]:
    """The place signals in any status that left the car, whatever its type said."""
    told: set[str] = set()
    for seen in log:
        envelope = seen.envelope
        if envelope is not None and envelope.lane is Lane.STATUS:
            told |= PLACE_SIGNALS & msgspec.msgpack.decode(envelope.body, type=StatusBody).values.keys()
    return told


@pytest.mark.req("PRV-1b", "PRV-1c", "PRV-1d", "PRV-5a")
@pytest.mark.parametrize("level", list(Level))
async def test_what_leaves_the_car_is_exactly_the_allow_list_of_its_level(
    ground: Ground, wire_vins: Iterator[str], level: Level
) -> None:
    async with driven(ground, next(wire_vins)) as car:
        car.choose(Level.POSITION)
        await car.drive()  # out of coverage: it stays in the outbox
        begin = len(car.proxy.log)
        if level is Level.POSITION:
            car.switch("trips", on=False)  # the trip in the outbox becomes a tombstone
            car.switch("trips", on=True)
        car.choose(level)
        await car.go_online()
        await until(lambda: CERTIFICATE_REQUEST in types_of(car.proxy.log[begin:]), "no certificate was asked for")
        await car.rest()
        await until(lambda: types_of(car.proxy.log[begin:])[POLICY_ACCEPTED], "the policy after the level was not accepted")
        await car.drive()
        await car.rest()
        car.sees_lights()
        car.agent.act(lambda core, now: core.pair(now, "12345678"))
        await until(lambda: car.agent.core.pairing.outcome is Outcome.WRONG_CODE, "the code was not answered")
        await is_ordered(ground, car)
        await car.rest()
        await car.go_offline()
        seen = car.proxy.log[begin:]
        assert set(types_of(seen)) == REGISTER.allowed_at(level), types_of(seen)
        assert told_places(seen) == (frozenset() if level < Level.POSITION else PLACE_SIGNALS - {vss.ALTITUDE})
        assert_only_declared_packets(seen, car.car)


async def is_ordered(ground: Ground, car: Driven) -> None:
    """The platform asks for a challenge, commands a refresh, and brings the key of a phone that has seen no code."""
    platform, vehicle_id, begin = ground.platform, car.car.vehicle_id, len(car.proxy.log)

    async def send(kind: str, payload: bytes) -> None:
        await platform.broker.publish(down_subject(vehicle_id, kind), payload)

    def challenges() -> list[bytes]:
        given = [seen.packet.payload for seen in car.proxy.log[begin:] if seen.up and seen.channel == "challenge"]
        return [msgspec.msgpack.decode(frame, type=o.ChallengeAnswer).challenge for frame in given]

    await send("challenge", msgspec.msgpack.encode(o.ChallengeRequest(7)))
    if car.agent.core.level >= Level.DATA:
        await until(challenges, "the car gave no challenge")
    else:
        await asyncio.sleep(0.3)
    remote_command = o.CommandPayload(
        command_id=uuid4().hex,
        vehicle_id=vehicle_id.hex,
        command="refresh",
        key_id=o.PLATFORM_KEY,
        counter=to_ms(platform.clock.now()),
        challenge=o.b64url(challenges()[0] if challenges() else bytes(16)),
        valid_ms=BEGINS_MS,
    )
    _, key = platform.keys.signing(Purpose.COMMAND)
    await send(
        "command", o.sign_command(key, vehicle_id, o.write_payload(remote_command), b"", code_fresh=False, keys_version=0)
    )
    await send("key", Phone().offers(bytes(16), vehicle_id))
    await until(lambda: car.agent.core.remote_commands, "the command did not come")
    await asyncio.sleep(0.5)


def assert_only_declared_packets(log: list[Seen], car: Car) -> None:
    """The MQTT packets themselves, their topics, and what a CONNECT says of the car."""
    up = [seen.packet for seen in log if seen.up]
    down = [seen.packet for seen in log if not seen.up]
    assert {p.kind for p in up} - {Kind.PINGREQ} == {Kind.CONNECT, Kind.SUBSCRIBE, Kind.PUBLISH, Kind.DISCONNECT}
    assert {p.kind for p in down} - {Kind.PINGRESP} == {Kind.CONNACK, Kind.SUBACK, Kind.PUBLISH}
    assert {p.filters for p in up if p.kind is Kind.SUBSCRIBE} == {(car.down,)}
    assert {p.topic for p in up if p.kind is Kind.PUBLISH} <= {
        car.up(c) for c in ("hello", "csr", "pair", "challenge", "event", "status")
    }
    assert {p.topic for p in down if p.kind is Kind.PUBLISH} <= {
        f"v/{car.name}/down/{k}" for k in ("welcome", "ack", "policy", "cert", "pair", "challenge", "key", "keys", "command")
    }
    assert {p.flags for p in up if p.kind is Kind.PUBLISH} == {0}  # QoS 0, nothing retained
    for packet in up:
        if packet.kind is Kind.CONNECT:  # protocol name, 3.1.1, clean session, no will, no user; keep-alive; the opaque id
            name, client_id = b"\0\4MQTT", car.name.encode()
            assert packet.body[:8] == name + bytes((4, CLEAN_SESSION))
            assert packet.body[10:] == len(client_id).to_bytes(2, "big") + client_id
    assert car.bundle.vin.encode() not in b"".join(p.body for p in up)


@pytest.mark.req("PRV-5a")
@pytest.mark.parametrize(
    ("before", "after"), [(Level.POSITION, Level.DATA), (Level.POSITION, Level.PRIVATE), (Level.DATA, Level.PRIVATE)]
)
async def test_tightening_in_the_middle_of_a_trip_counts_at_once(
    ground: Ground, wire_vins: Iterator[str], before: Level, after: Level
) -> None:
    async with driven(ground, next(wire_vins)) as car:
        await car.go_online()
        car.choose(before)
        await car.rest()
        car.sense(**{vss.IGNITION: "ON"})
        await asyncio.sleep(0.1)
        for _ in range(5):
            car.sense()
        # Nothing of the agent ran since the last sample was taken, so what it led to is still here; and here it stays.
        begin = len(car.proxy.log)
        car.choose(after)
        car.sense()
        await asyncio.sleep(0.05)
        await car.drive()
        await car.rest()
        seen = car.proxy.log[begin:]
        assert set(types_of(seen)) <= REGISTER.allowed_at(after)
        assert {LEVEL_CHANGED, POLICY_ACCEPTED} <= set(types_of(seen))
        assert told_places(seen) == frozenset()
        trips = [e for s in seen if (e := s.envelope) and e.type == TRIP_COMPLETED]
        assert all(e.level <= after for e in trips)


@pytest.mark.req("PRV-5a")
async def test_raising_in_the_middle_of_a_trip_tells_nothing_of_what_was_before(
    ground: Ground, wire_vins: Iterator[str]
) -> None:
    async with driven(ground, next(wire_vins)) as car:
        await car.go_online()
        await car.rest()
        car.sense(**{vss.IGNITION: "ON"})
        for _ in range(5):
            car.sense()
        hidden = car.metres
        await asyncio.sleep(0.1)
        assert set(types_of(car.proxy.log)) <= REGISTER.allowed_at(Level.PRIVATE)
        begin = len(car.proxy.log)
        car.choose(Level.POSITION)
        await car.rest()
        for _ in range(5):
            car.sense()
        car.sense(**{vss.IGNITION: "OFF"})
        await car.rest()
        seen = car.proxy.log[begin:]
        # The trip began under a level that forbids it: no part of it is ever told.
        assert {STATUS_WITH_PLACE} <= set(types_of(seen)) <= REGISTER.allowed_at(Level.POSITION) - {TRIP_COMPLETED, TRIP_PLACES}
        for envelope in (e for s in seen if (e := s.envelope) and e.lane is Lane.STATUS):
            value, _ = msgspec.msgpack.decode(envelope.body, type=StatusBody).values.get(vss.ODOMETER, (hidden + 1, 0))
            assert isinstance(value, int)
            assert value > hidden


# A car made to send more


class OpenGate(Gate):
    """A gate that lets everything through and calls it captured at POSITION: what a tampered car would have."""

    def signals(self, status_type: str, captured: Level) -> frozenset[str]:
        return frozenset(SIGNALS)

    def refuses(self, type_name: str, captured: Level) -> str:
        return ""

    def may_send(self) -> frozenset[str]:
        return frozenset({TRIP_COMPLETED, TRIP_PLACES})

    @property
    def level(self) -> Level:
        return Level.POSITION


@pytest.mark.req("PRV-5b", "PRV-5c", "PRV-5d")
@pytest.mark.parametrize(
    ("level", "refused"),
    [
        (Level.DATA, {STATUS_WITH_PLACE, TRIP_PLACES}),
        (Level.PRIVATE, {STATUS_WITH_PLACE, TRIP_PLACES, TRIP_COMPLETED}),
    ],
)
async def test_a_car_made_to_send_more_is_refused_and_counted(
    ground: Ground, wire_vins: Iterator[str], database: Rows, level: Level, refused: set[str]
) -> None:
    with patch("openmarque.car.core.Gate", OpenGate):
        async with driven(ground, next(wire_vins)) as car:
            await car.go_online()
            car.choose(Level.POSITION)
            car.choose(level)
            await car.rest()
            begin = len(car.proxy.log)
            await car.drive()
            await car.rest()
            await car.go_offline()
            seen = car.proxy.log[begin:]
    assert refused <= set(types_of(seen)) - REGISTER.allowed_at(level), "the car did not even try"
    counts = database.refusals(car.car)
    assert {("level_too_low", kind) for kind in refused} <= set(counts)
    sent = {(e.lane, e.seq): e.type for s in seen if (e := s.envelope)}
    answers = {(ack.lane, a.seq): a for s in seen if (ack := s.ack) for a in ack.answers}
    told = {(sent[key], answers[key].disposition, answers[key].reason) for key in sent if sent[key] in refused}
    assert told == {(kind, Disposition.REFUSED, "level_too_low") for kind in refused}
    stored = set(database.values(car.car))
    assert stored.isdisjoint(PLACE_SIGNALS)
    assert bool(database.trips(car.car)) is (level >= Level.DATA)
    assert database.rows("SELECT count(*) FROM trip_place WHERE vehicle_id = %s", (car.car.vehicle_id,)) == [(0,)]
    if level is Level.PRIVATE:
        assert stored == set()


async def test_the_allow_list_of_private_is_housekeeping_and_nothing_else() -> None:
    assert REGISTER.allowed_at(Level.PRIVATE) == {kind.name for kind in HOUSEKEEPING if kind.leaves_at is Level.PRIVATE}
    assert REGISTER.allowed_at(Level.DATA) - REGISTER.allowed_at(Level.PRIVATE) == {
        STATUS,
        TRIP_COMPLETED,
        CHALLENGE_ISSUED,
        o.COMMAND_REPORT,
        DIGITAL_KEY_REPORT,
    }
    assert REGISTER.allowed_at(Level.POSITION) - REGISTER.allowed_at(Level.DATA) == {STATUS_WITH_PLACE, TRIP_PLACES}
    assert GONE in REGISTER.allowed_at(Level.PRIVATE)
