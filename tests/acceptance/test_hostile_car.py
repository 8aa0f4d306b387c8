"""A car that lies, shouts, listens at doors or can't count: it is answered or counted, and nobody else notices (issue 2, "Bad input").

Real MQTT over mutual TLS to a real platform. The hostile car speaks raw packets; beside each attack an innocent car goes on being
acknowledged, and at the end of each test its rows are as they were but for what it said itself.
"""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from faults import mqtt
from faults.cars import Car, client_tls
from faults.ground import Ground, until
from faults.mqtt import Kind, Will
from faults.speaker import Speaker, TalkingCar
from openmarque.car.identity import CHAIN, KEY, FileKeyring
from openmarque.kit.clock import ManualClock, to_ms
from openmarque.kit.csr import certificate_request, key_pem, new_car_key
from openmarque.kit.vin import InvalidVin
from openmarque.link.pki import CertificateAuthority
from openmarque.protocol import signals as vss
from openmarque.protocol import signing
from openmarque.protocol.envelope import MAX_SEQUENCE, Answer, Disposition, Lane, Trust, encode
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import (
    GONE,
    LEVEL_CHANGED,
    STATUS,
    STATUS_WITH_PLACE,
    CertificateIssued,
    CertificateRequest,
    Gone,
    Hello,
    LevelChanged,
    StatusBody,
    Welcome,
)
from openmarque.services.trips.messages import TRIP_COMPLETED, TripCompleted
from tests.acceptance.conftest import NewCar, Rows

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED_SUBSCRIPTION = 0x80
THIRTY_YEARS = timedelta(days=30 * 365)
SPEED = StatusBody({vss.SPEED: (50.0, 0)})


def a_trip(number: int, ended_at: int | None = None) -> TripCompleted:
    """Ten minutes at 60 km/h, up to now."""
    end = to_ms(datetime.now(UTC)) if ended_at is None else ended_at
    return TripCompleted(number, end - 600_000, end, 600.0, 590.0, 10_000.0, 60.0, 80.0, 78.0)


def a_body(content: object) -> msgspec.Raw:
    """A body of any shape."""
    return msgspec.Raw(msgspec.msgpack.encode(content))


def bomb(depth: int) -> bytes:
    """MessagePack arrays inside one another."""
    return b"\x91" * depth + b"\xc0"


@pytest_asyncio.fixture(loop_scope="session")
async def hostile(ground: Ground, new_car: NewCar) -> AsyncIterator[TalkingCar]:
    """A car with a good certificate and bad intentions, at level POSITION."""
    talking = await TalkingCar.open(await new_car(), ground.mqtt_port)
    await talking.set_level(Level.POSITION)
    yield talking
    await talking.close()


@dataclass
class Innocent:
    """Another owner's car: what it says is stored, and only that is in its rows."""

    car: TalkingCar
    rows: Rows
    said: int = 0

    async def goes_on(self) -> None:
        """It says something, is acknowledged within a second, and nothing else of it has changed."""
        self.said += 1
        async with asyncio.timeout(1):
            ack = await self.car.tell(
                Lane.STATUS, self.car.frame(Lane.STATUS, STATUS, StatusBody({vss.SPEED: (float(self.said), 0)}))
            )
        assert ack.answers == (Answer(ack.watermark, Disposition.STORED),)
        assert {path: signal[0] for path, signal in self.rows.values(self.car.car).items()} == {vss.SPEED: float(self.said)}
        assert self.rows.refusals(self.car.car) == {}
        assert self.rows.trips(self.car.car) == []


@pytest_asyncio.fixture(loop_scope="session")
async def innocent(ground: Ground, new_car: NewCar, database: Rows) -> AsyncIterator[Innocent]:
    talking = await TalkingCar.open(await new_car(), ground.mqtt_port)
    await talking.set_level(Level.POSITION)
    car = Innocent(talking, database)
    await car.goes_on()
    yield car
    await car.goes_on()
    assert await talking.speaker.alive()
    assert database.security_events("publish-violation", talking.car) == 0
    await talking.close()


# Who may connect


@pytest.mark.req("LNK-1")
@pytest.mark.parametrize(
    ("vin", "because"),
    [
        ("UU1TEST0000I00001", "contains I"),
        ("UU1TEST0000O00001", "contains O"),
        ("UU1TEST0000Q00001", "contains Q"),
        ("1HGCM82633A004353", "check digit"),
        ("UU1TEST000000001", "16 characters"),
    ],
)
async def test_a_mistyped_vin_is_not_provisioned(ground: Ground, database: Rows, vin: str, because: str) -> None:
    before = database.rows("SELECT count(*) FROM vehicle")
    with pytest.raises(InvalidVin, match=because) as refused:
        await ground.new_car(vin)
    assert refused.value.remedy
    assert database.rows("SELECT count(*) FROM vehicle") == before


async def connects(ground: Ground, tls: ssl.SSLContext, client_id: str) -> bool:
    """Whether the broker lets somebody in."""
    try:
        speaker = await Speaker.open(ground.mqtt_port, tls, mqtt.connect(client_id))
    except OSError:
        return False
    try:
        answer = await speaker.first(Kind.CONNACK)
        return answer is not None and answer.body[1] == 0
    finally:
        await speaker.close()


async def counted(rows: Rows, kind: str, car: Car | None = None, before: int = 0) -> None:
    """Return once the platform has counted a security event of this kind."""
    await until(lambda: rows.security_events(kind, car) > before, f"{kind} was not counted", 5)


@pytest.mark.req("LNK-1")
async def test_a_revoked_car_is_cut_off_and_kept_out(
    ground: Ground, new_car: NewCar, database: Rows, innocent: Innocent
) -> None:
    car = await new_car()
    talking = await TalkingCar.open(car, ground.mqtt_port)
    assert await ground.platform.revoke(car.vehicle_id, "stolen") == 1
    await talking.speaker.end()
    assert not await connects(ground, car.tls(), car.name)
    await counted(database, "connection-refused: revoked", car)
    await innocent.goes_on()


@asynccontextmanager
async def forged(ground: Ground, car: Car, issue: Callable[[bytes], bytes]) -> AsyncIterator[ssl.SSLContext]:
    """The TLS of somebody with `car`'s id and a certificate that `issue` makes for a fresh key's request."""
    key = new_car_key()
    folder = ground.settings.home / "forged" / uuid4().hex
    folder.mkdir(parents=True)
    (folder / KEY).write_bytes(key_pem(key))
    (folder / CHAIN).write_bytes(issue(certificate_request(key, car.vehicle_id)))
    yield client_tls(car.bundle.broker_ca, folder / CHAIN, folder / KEY)


@pytest.mark.req("LNK-1")
async def test_an_expired_certificate_opens_nothing(
    ground: Ground, new_car: NewCar, database: Rows, innocent: Innocent
) -> None:
    car = await new_car()
    long_ago = ManualClock(ground.platform.clock.now() - timedelta(days=365))
    authority = CertificateAuthority(ground.settings.home / "pki", long_ago)
    before = database.security_events("handshake-failed")
    async with forged(ground, car, lambda csr: authority.issue_car(car.vehicle_id, "UU1TEST0000999999", csr).chain_pem) as tls:
        assert not await connects(ground, tls, car.name)
    await counted(database, "handshake-failed", before=before)
    await innocent.goes_on()


@pytest.mark.req("LNK-1")
async def test_a_foreign_authority_makes_no_car_of_ours(
    ground: Ground, new_car: NewCar, database: Rows, innocent: Innocent
) -> None:
    car = await new_car()
    clock = ground.platform.clock
    foreign = CertificateAuthority.create(
        ground.settings.home / "foreign", clock, name=ground.platform.pack.name, passphrase="x"
    )
    before = database.security_events("handshake-failed")
    async with forged(ground, car, lambda csr: foreign.issue_car(car.vehicle_id, "UU1TEST0000999999", csr).chain_pem) as tls:
        assert not await connects(ground, tls, car.name)
    await counted(database, "handshake-failed", before=before)
    await innocent.goes_on()


@pytest.mark.req("LNK-1")
async def test_a_car_can_not_vouch_for_itself(ground: Ground, new_car: NewCar, database: Rows, innocent: Innocent) -> None:
    car, key = await new_car(), new_car_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, car.name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = ground.settings.home / "self-signed"
    folder.mkdir()
    (folder / KEY).write_bytes(key_pem(key))
    (folder / CHAIN).write_bytes(certificate.public_bytes(Encoding.PEM))
    before = database.security_events("handshake-failed")
    assert not await connects(ground, client_tls(car.bundle.broker_ca, folder / CHAIN, folder / KEY), car.name)
    await counted(database, "handshake-failed", before=before)
    await innocent.goes_on()


@pytest.mark.req("LNK-1")
@pytest.mark.parametrize("weakness", ["TLS 1.2", "no certificate", "no TLS"])
async def test_nobody_talks_below_mutual_tls_1_3(
    ground: Ground, new_car: NewCar, database: Rows, innocent: Innocent, weakness: str
) -> None:
    car = await new_car()
    before = database.security_events("handshake-failed")
    if weakness == "no TLS":
        reader, writer = await asyncio.open_connection("127.0.0.1", ground.mqtt_port)
        writer.write(mqtt.connect(car.name))
        # The broker hangs up, and does not think it worth a line in its log.
        assert await asyncio.wait_for(reader.read(4), 8) == b""
        writer.close()
    else:
        tls = ssl.create_default_context(cafile=str(car.bundle.broker_ca))
        if weakness == "TLS 1.2":
            tls = car.tls()
            tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_2
        assert not await connects(ground, tls, car.name)
        await counted(database, "handshake-failed", before=before)
    await innocent.goes_on()


@pytest.mark.req("LNK-1")
async def test_taking_anothers_client_id_does_not_push_it_off(
    ground: Ground, hostile: TalkingCar, innocent: Innocent, database: Rows
) -> None:
    assert not await connects(ground, hostile.car.tls(), innocent.car.car.name)
    await counted(database, "connection-refused: foreign-client-id", hostile.car)
    assert await innocent.car.speaker.alive()
    await innocent.goes_on()


# What it may say and hear


@pytest.mark.req("LNK-1")
async def test_speaking_for_another_car_changes_nothing_and_is_counted(
    hostile: TalkingCar, innocent: Innocent, database: Rows
) -> None:
    other = innocent.car
    lie = other.frame(Lane.STATUS, STATUS, StatusBody({vss.SPEED: (299.0, 0)}), seq=other.marks[Lane.STATUS] + 1)
    await hostile.speaker.send(mqtt.publish(other.car.up("status"), lie))
    await hostile.speaker.send(mqtt.publish(other.car.up("status"), lie, identifier=7))
    await hostile.speaker.send(mqtt.publish(f"v/{other.car.name}/down/ack", b"x"))
    await counted(database, "publish-violation", hostile.car)
    await innocent.goes_on()


@pytest.mark.req("LNK-1")
async def test_a_will_can_not_speak_for_another_car(ground: Ground, hostile: TalkingCar, innocent: Innocent) -> None:
    other = innocent.car
    lie = other.frame(Lane.STATUS, STATUS, StatusBody({vss.SPEED: (299.0, 0)}), seq=other.marks[Lane.STATUS] + 1)
    await hostile.close()
    testator = await Speaker.open(
        ground.mqtt_port, hostile.car.tls(), mqtt.connect(hostile.car.name, will=Will(other.car.up("status"), lie))
    )
    await testator.first(Kind.CONNACK)
    await testator.close()  # without DISCONNECT: the will is due
    await asyncio.sleep(0.3)
    await innocent.goes_on()


@pytest.mark.req("LNK-1")
async def test_listening_beyond_the_own_downlink_is_refused(hostile: TalkingCar, innocent: Innocent, database: Rows) -> None:
    other = innocent.car.car.name
    wanted = [
        f"v/{other}/down/#",
        f"v/{other}/up/#",
        "v/+/down/#",
        "v/#",
        "#",
        "$SYS/#",
        "+/+/down/ack",
        f"v/{hostile.car.name}/up/#",
    ]
    for topic in wanted:
        assert await hostile.speaker.subscribe(topic) in ([REFUSED_SUBSCRIPTION], []), topic
    await innocent.goes_on()
    own = f"v/{hostile.car.name}/down/"
    assert all(packet.topic.startswith(own) for packet in hostile.speaker.heard())
    await counted(database, "subscription-violation", hostile.car)


@pytest.mark.req("LNK-1")
@pytest.mark.parametrize("channel", ["status", "event", "urgent", "hello", "csr"])
async def test_ten_megabytes_end_the_connection_and_nobody_elses(
    hostile: TalkingCar, innocent: Innocent, database: Rows, channel: str
) -> None:
    sending = asyncio.create_task(hostile.say(channel, bytes(10_000_000)))
    await innocent.goes_on()
    await hostile.speaker.end()
    await asyncio.wait_for(sending, 8)
    await counted(database, "payload-too-large", hostile.car)


async def test_bytes_that_are_no_mqtt_end_the_connection(hostile: TalkingCar, innocent: Innocent, database: Rows) -> None:
    before = database.security_events("malformed")
    await hostile.speaker.send(b"\x00\x00GET / HTTP/1.1\r\n\r\n" + b"\xff" * 500)
    await hostile.speaker.end()
    await counted(database, "malformed", before=before)
    await innocent.goes_on()


# What it says


GARBAGE = {
    "nothing": b"",
    "text": b"hello",
    "a truncated array": b"\x98\x01\xa6status",
    "random bytes": bytes(range(256)) * 8,
    "a bomb": bomb(500),
    "a deep bomb": bomb(16_000),
    "17 KB": b"\x00" * 17_000,
    "an unknown level": msgspec.msgpack.encode((2, "status", 1, 0, 2, 9, "status", {})),
    "a number below one": msgspec.msgpack.encode((2, "status", 0, 0, 2, 3, "status", {})),
    "a number beyond 2^53": msgspec.msgpack.encode((2, "status", MAX_SEQUENCE + 1, 0, 2, 3, "status", {})),
    "an epoch of 2^64": msgspec.msgpack.encode((2**64 - 1, "status", 1, 0, 2, 3, "status", {})),
}


@pytest.mark.req("LNK-3")
@pytest.mark.parametrize("lane", list(Lane))
async def test_what_is_no_envelope_is_counted_each_time(
    hostile: TalkingCar, innocent: Innocent, database: Rows, lane: Lane
) -> None:
    for frame in GARBAGE.values():
        await hostile.say(lane, frame)
    await until(lambda: database.refusals(hostile.car) == {("unreadable", "?"): len(GARBAGE)}, "not all were counted", 5)
    assert hostile.acks(len(hostile.speaker.got)) == []
    await innocent.goes_on()


async def test_a_frame_on_the_wrong_lane_is_counted(hostile: TalkingCar, innocent: Innocent, database: Rows) -> None:
    await hostile.say("event", hostile.frame(Lane.STATUS, STATUS, SPEED, seq=1))
    await hostile.say("status", hostile.frame(Lane.EVENT, GONE, Gone(9, "x"), seq=2))
    await until(lambda: database.refusals(hostile.car) == {("unreadable", "lane"): 2}, "not counted", 5)
    await innocent.goes_on()


@pytest.mark.req("LNK-3")
async def test_repeats_gaps_and_shuffled_events_are_told_apart(hostile: TalkingCar, innocent: Innocent, database: Rows) -> None:
    first, second, third = (hostile.frame(Lane.EVENT, TRIP_COMPLETED, a_trip(n)) for n in (1, 2, 3))
    acks = await hostile.tell_all(Lane.EVENT, [third, first])
    assert {answer.disposition for ack in acks for answer in ack.answers} == {Disposition.GAP, Disposition.STORED}
    acks = await hostile.tell_all(Lane.EVENT, [third, third, second, first])
    assert Disposition.DUPLICATE in {answer.disposition for ack in acks for answer in ack.answers}
    again = await hostile.tell_all(Lane.EVENT, [second, third])
    assert again[-1].watermark == 4  # the level, and three trips
    assert [row[1] for row in database.trips(hostile.car)] == [1, 2, 3]
    await innocent.goes_on()


@pytest.mark.req("LNK-2")
async def test_an_old_status_never_replaces_a_newer_one(hostile: TalkingCar, innocent: Innocent, database: Rows) -> None:
    newer = hostile.frame(Lane.STATUS, STATUS, StatusBody({vss.SPEED: (80.0, 0)}), seq=9)
    older = hostile.frame(Lane.STATUS, STATUS, StatusBody({vss.SPEED: (10.0, 0)}), seq=5)
    assert (await hostile.tell(Lane.STATUS, newer)).watermark == 9
    ack = await hostile.tell(Lane.STATUS, older)
    assert (ack.watermark, ack.answers) == (9, (Answer(5, Disposition.DUPLICATE),))
    assert database.values(hostile.car)[vss.SPEED][0] == 80.0
    await innocent.goes_on()


@pytest.mark.req("LNK-3")
@pytest.mark.parametrize(("epoch", "reason"), [(1, "stale_epoch"), (10**9, "unknown_epoch"), (MAX_SEQUENCE, "unknown_epoch")])
async def test_another_epoch_is_refused_and_moves_nothing(
    hostile: TalkingCar, innocent: Innocent, database: Rows, epoch: int, reason: str
) -> None:
    for lane, kind, body in (
        (Lane.STATUS, STATUS, SPEED),
        (Lane.EVENT, TRIP_COMPLETED, a_trip(1)),
        (Lane.URGENT, "crash", SPEED),
    ):
        ack = await hostile.tell(lane, hostile.frame(lane, kind, body, seq=77, epoch=epoch))
        assert ack.answers == (Answer(77, Disposition.REFUSED, reason),)
        assert ack.watermark == (1 if lane is Lane.EVENT else 0)
    assert database.values(hostile.car) == {}
    await innocent.goes_on()


@pytest.mark.req("LNK-3")
async def test_a_car_that_jumps_to_the_last_number_harms_only_its_own_lane(
    hostile: TalkingCar, innocent: Innocent, database: Rows
) -> None:
    ack = await hostile.tell(Lane.STATUS, hostile.frame(Lane.STATUS, STATUS, SPEED, seq=MAX_SEQUENCE))
    assert ack.watermark == MAX_SEQUENCE
    ack = await hostile.tell(Lane.EVENT, hostile.frame(Lane.EVENT, GONE, Gone(2**62, "why not")))
    assert ack.watermark == MAX_SEQUENCE
    welcome = await hostile.greet(epoch=0)  # a car without memory gets a new life, and is heard again
    assert welcome.epoch == hostile.epoch + 1
    assert set(welcome.watermarks.values()) == {0}
    await innocent.goes_on()


@pytest.mark.req("LNK-3")
@pytest.mark.parametrize("years_off", [-THIRTY_YEARS, THIRTY_YEARS])
async def test_a_clock_thirty_years_off_is_refused_with_its_reason(
    ground: Ground, hostile: TalkingCar, innocent: Innocent, database: Rows, years_off: timedelta
) -> None:
    then = to_ms(ground.platform.clock.now() + years_off)
    ack = await hostile.tell(Lane.STATUS, hostile.frame(Lane.STATUS, STATUS, SPEED, car_time=then))
    assert ack.answers == (Answer(ack.watermark, Disposition.REFUSED, "implausible_time"),)
    ack = await hostile.tell(Lane.EVENT, hostile.frame(Lane.EVENT, TRIP_COMPLETED, a_trip(1), car_time=then))
    assert ack.answers == (Answer(ack.watermark, Disposition.REFUSED, "implausible_time"),)
    ack = await hostile.tell(Lane.EVENT, hostile.frame(Lane.EVENT, TRIP_COMPLETED, a_trip(1, ended_at=then)))
    assert ack.answers == (Answer(ack.watermark, Disposition.REFUSED, "implausible_time"),)
    assert database.refusals(hostile.car) == {("implausible_time", STATUS): 1, ("implausible_time", TRIP_COMPLETED): 2}
    assert database.trips(hostile.car) == []
    await innocent.goes_on()


async def test_a_clock_that_was_never_set_dates_nothing(ground: Ground, hostile: TalkingCar, database: Rows) -> None:
    then = to_ms(ground.platform.clock.now() - THIRTY_YEARS)
    await hostile.tell(Lane.STATUS, hostile.frame(Lane.STATUS, STATUS, SPEED, car_time=then, trust=Trust.UNSET))
    assert database.values(hostile.car)[vss.SPEED][1] is None
    frame = hostile.frame(Lane.EVENT, TRIP_COMPLETED, a_trip(1, ended_at=then), car_time=then, trust=Trust.UNSET)
    assert (await hostile.tell(Lane.EVENT, frame)).answers[0].disposition is Disposition.STORED
    ((_, _, started_at, ended_at, duration_s, *_),) = database.trips(hostile.car)
    assert abs(ended_at - ground.platform.clock.now()) < timedelta(seconds=10)
    assert ended_at - started_at == timedelta(seconds=duration_s)


BAD_VALUES: dict[str, tuple[str, tuple[vss.Value, int]]] = {
    "not a number": (vss.SPEED, (math.nan, 0)),
    "infinite": (vss.SPEED, (math.inf, 0)),
    "faster than anything": (vss.SPEED, (1e300, 0)),
    "a number beyond 64 bits": (vss.ODOMETER, (2**64 - 1, 0)),
    "below zero": (vss.STATE_OF_CHARGE, (-0.5, 0)),
    "text for a number": (vss.SPEED, ("fast", 0)),
    "a number for true": (vss.IS_CHARGING, (1, 0)),
    "a long text": (vss.IGNITION, ("O" * 5000, 0)),
    "a text that PostgreSQL can't hold": (vss.IGNITION, ("O\0N", 0)),
    "from the future": (vss.SPEED, (50.0, -1)),
    "older than the world": (vss.SPEED, (50.0, 2**63)),
}


@pytest.mark.req("PRV-5")
@pytest.mark.parametrize("what", BAD_VALUES)
async def test_an_impossible_value_is_left_out_said_and_counted(
    hostile: TalkingCar, innocent: Innocent, database: Rows, what: str
) -> None:
    path, value = BAD_VALUES[what]
    body = StatusBody({path: value, vss.OUTSIDE_TEMPERATURE: (21.5, 0)})
    ack = await hostile.tell(Lane.STATUS, hostile.frame(Lane.STATUS, STATUS, body))
    assert ack.answers == (Answer(ack.watermark, Disposition.STORED, "bad_value"),)
    assert set(database.values(hostile.car)) == {vss.OUTSIDE_TEMPERATURE}
    assert database.refusals(hostile.car) == {("bad_value", path): 1}
    await innocent.goes_on()


@pytest.mark.req("PRV-5")
async def test_undeclared_signals_are_left_out_and_can_not_fill_the_table(hostile: TalkingCar, database: Rows) -> None:
    strange = {f"Vehicle.Cabin.Seat{n}.Weight": (80.0, 0) for n in range(300)}
    ack = await hostile.tell(Lane.STATUS, hostile.frame(Lane.STATUS, STATUS, StatusBody({**strange, vss.SPEED: (50.0, 0)})))
    assert ack.answers == (Answer(ack.watermark, Disposition.STORED, "undeclared"),)
    assert set(database.values(hostile.car)) == {vss.SPEED}
    assert database.refusals(hostile.car) == {("undeclared", "?"): 300}


@pytest.mark.req("PRV-5")
async def test_a_place_hidden_in_a_status_without_place_is_left_out(
    hostile: TalkingCar, innocent: Innocent, database: Rows
) -> None:
    body = StatusBody({vss.SPEED: (50.0, 0), vss.LATITUDE: (34.0, 0), vss.LONGITUDE: (-6.8, 0)})
    ack = await hostile.tell(Lane.STATUS, hostile.frame(Lane.STATUS, STATUS, body))
    assert ack.answers == (Answer(ack.watermark, Disposition.STORED, "undeclared"),)
    assert set(database.values(hostile.car)) == {vss.SPEED}
    assert database.refusals(hostile.car) == {("undeclared", vss.LATITUDE): 1, ("undeclared", vss.LONGITUDE): 1}
    await innocent.goes_on()


BAD_EVENTS = {
    "an unknown type": ("seat_moved", a_body({}), "unknown_type", "?"),
    "a type of another lane": (STATUS, a_body({}), "unknown_type", STATUS),
    "a hello": ("hello", a_body({}), "unknown_type", "hello"),
    "a body of another shape": (TRIP_COMPLETED, a_body({"trip": "first"}), "unreadable", TRIP_COMPLETED),
    "a bomb for a body": (TRIP_COMPLETED, msgspec.Raw(bomb(800)), "unreadable", TRIP_COMPLETED),
}
"""What is sent as which type, why it is refused, and as what it is counted."""


@pytest.mark.req("LNK-3", "LNK-8")
@pytest.mark.parametrize("what", BAD_EVENTS)
async def test_an_event_that_means_nothing_is_settled_by_its_refusal(
    hostile: TalkingCar, innocent: Innocent, database: Rows, what: str
) -> None:
    kind, body, reason, counted_as = BAD_EVENTS[what]
    ack = await hostile.tell(Lane.EVENT, hostile.frame(Lane.EVENT, kind, body))
    assert ack.answers == (Answer(2, Disposition.REFUSED, reason),)
    after = await hostile.tell(Lane.EVENT, hostile.frame(Lane.EVENT, TRIP_COMPLETED, a_trip(1)))
    assert after.answers == (Answer(3, Disposition.STORED),), "the lane was blocked"
    assert database.refusals(hostile.car) == {(reason, counted_as): 1}
    await innocent.goes_on()


BAD_TRIPS: dict[str, tuple[dict[str, Any], str]] = {
    "a negative number": ({"trip": -5}, "bad_figures"),
    "a number beyond 64 bits": ({"trip": 2**63}, "unprocessable"),
    "no number for a distance": ({"distance_m": math.nan}, "bad_figures"),
    "an endless consumption": ({"consumption_kwh_100km": math.inf}, "bad_figures"),
    "a full battery and more": ({"soc_end": 101.0}, "bad_figures"),
    "an end before the beginning": ({"ended_at": 0}, "implausible_time"),
}


@pytest.mark.req("TRP-1")
@pytest.mark.parametrize("what", BAD_TRIPS)
async def test_a_trip_that_can_not_have_been_is_refused(
    hostile: TalkingCar, innocent: Innocent, database: Rows, what: str
) -> None:
    figures, reason = BAD_TRIPS[what]
    trip = msgspec.structs.replace(a_trip(1), **figures)
    ack = await hostile.tell(Lane.EVENT, hostile.frame(Lane.EVENT, TRIP_COMPLETED, trip))
    assert ack.answers == (Answer(2, Disposition.REFUSED, reason),)
    assert database.trips(hostile.car) == []
    assert database.refusals(hostile.car) == {(reason, TRIP_COMPLETED): 1}
    await innocent.goes_on()


async def test_nests_just_deep_enough_to_break_a_reader_hold_up_nobody(hostile: TalkingCar, innocent: Innocent) -> None:
    """The depth at which Python's reader gives up depends on who called it, so the reader of the body may fail where the frame's did not."""
    for depth in range(880, 1000, 4):
        body = msgspec.Raw(b"\x92\x80" + bomb(depth))  # a status body with an element too many, which readers skip
        await hostile.say("status", hostile.frame(Lane.STATUS, STATUS, body))
        await hostile.say("hello", b"\x81\xa1z" + bomb(depth))
        await hostile.say("csr", b"\x81\xa1z" + bomb(depth))
        await hostile.say("event", hostile.frame(Lane.EVENT, TRIP_COMPLETED, msgspec.Raw(b"\x81\xa1z" + bomb(depth)), seq=2))
    await innocent.goes_on()
    ack = await hostile.tell(Lane.STATUS, hostile.frame(Lane.STATUS, STATUS, SPEED))
    assert ack.answers[-1].disposition is Disposition.STORED


# The levels


@pytest.mark.req("PRV-6", "PRV-1")
@pytest.mark.parametrize("forgery", ["bad_signature", "unknown_key", "old_statement"])
async def test_nobody_but_the_car_sets_its_level(
    ground: Ground, new_car: NewCar, hostile: TalkingCar, database: Rows, innocent: Innocent, forgery: str
) -> None:
    victim = await TalkingCar.open(await new_car(), ground.mqtt_port)
    assert (await victim.set_level(Level.DATA, 5)).answers == (Answer(1, Disposition.STORED),)
    honest = victim.level_statement(Level.POSITION, 6)
    match forgery:
        case "bad_signature":  # the cloud, or whoever sits between, raises the level
            lie = msgspec.structs.replace(honest, signature=victim.level_statement(Level.POSITION, 7).signature)
        case "unknown_key":  # signed with a good key, which is another car's
            keys = FileKeyring(hostile.car.bundle)
            statement = signing.level_statement(victim.car.vehicle_id, Level.POSITION, 6, honest.changed_at, honest.by)
            lie = LevelChanged(Level.POSITION, 6, honest.changed_at, honest.by, keys.key_id, keys.sign(statement))
        case _:  # an old statement of the car itself, played again
            lie = victim.level_statement(Level.POSITION, 5)
    ack = await victim.tell(Lane.EVENT, victim.frame(Lane.EVENT, LEVEL_CHANGED, lie))
    assert ack.answers == (Answer(2, Disposition.REFUSED, forgery),)
    assert database.rows("SELECT level FROM car_policy WHERE vehicle_id = %s", (victim.car.vehicle_id,)) == [(int(Level.DATA),)]
    body = StatusBody({vss.LATITUDE: (34.0, 0), vss.LONGITUDE: (-6.8, 0)})
    ack = await victim.tell(Lane.STATUS, victim.frame(Lane.STATUS, STATUS_WITH_PLACE, body))
    assert ack.answers == (Answer(1, Disposition.REFUSED, "level_too_low"),)
    assert database.values(victim.car) == {}
    await victim.close()
    await innocent.goes_on()


# Set-up of the link


BAD_HELLOS = {
    "text": b"hello",
    "a bomb": b"\x81\xa1z" + bomb(30_000),
    "no protocol": msgspec.msgpack.encode({"epoch": 1, "first": {}}),
    "an impossible level": msgspec.msgpack.encode({"protocol": [1], "epoch": 1, "first": {}, "level": 12}),
}


@pytest.mark.req("LNK-8")
@pytest.mark.parametrize("what", BAD_HELLOS)
async def test_a_greeting_that_is_none_is_counted(hostile: TalkingCar, innocent: Innocent, database: Rows, what: str) -> None:
    await hostile.say("hello", BAD_HELLOS[what])
    await until(lambda: database.refusals(hostile.car) == {("unreadable", "hello"): 1}, "not counted", 5)
    assert (await innocent.car.greet()).epoch == innocent.car.epoch
    await innocent.goes_on()


@pytest.mark.req("LNK-8")
async def test_thousands_of_unknown_names_are_reported_back_in_part(hostile: TalkingCar, database: Rows) -> None:
    names = tuple(f"type_{n}" for n in range(3000))
    welcome = await hostile.greet(types=names, signals=("Vehicle.Smell\0", "Vehicle.Mood"), software="x" * 500 + "\0")
    assert welcome.unknown == names[:64]
    ((kept, software),) = database.rows(
        "SELECT unknown, software FROM car_link WHERE vehicle_id = %s", (hostile.car.vehicle_id,)
    )
    assert (len(kept), software) == (64, "?")
    welcome = await hostile.greet(signals=("Vehicle.Smell\0", "Vehicle.Mood"))
    assert welcome.unknown == ("?", "Vehicle.Mood")


@pytest.mark.req("LNK-8")
async def test_a_protocol_from_the_future_and_absurd_numbers_get_a_welcome(hostile: TalkingCar, innocent: Innocent) -> None:
    absurd = Hello(protocol=(2**63,), epoch=-(2**62), first={"event": 2**63, "urgent": -4, "other": 1})
    start = len(hostile.speaker.got)
    await hostile.say("hello", encode(absurd))
    await until(
        lambda: [p for p in hostile.speaker.got[start:] if p.kind is Kind.PUBLISH and p.topic.endswith("welcome")], "no answer"
    )
    packet = next(p for p in hostile.speaker.got[start:] if p.kind is Kind.PUBLISH and p.topic.endswith("welcome"))
    welcome = msgspec.msgpack.decode(packet.payload, type=Welcome)
    assert (welcome.protocol, welcome.epoch) == (0, hostile.epoch + 1)
    await innocent.goes_on()


@pytest.mark.req("LNK-1")
@pytest.mark.parametrize("request_for", ["garbage", "another car", "the old key", "no request at all"])
async def test_a_certificate_is_not_given_for_the_asking(
    hostile: TalkingCar, innocent: Innocent, database: Rows, request_for: str
) -> None:
    match request_for:
        case "garbage":
            payload = encode(CertificateRequest(b"garbage"))
        case "another car":
            payload = encode(CertificateRequest(certificate_request(new_car_key(), innocent.car.car.vehicle_id)))
        case "the old key":
            key = FileKeyring(hostile.car.bundle)._private
            payload = encode(CertificateRequest(certificate_request(key, hostile.car.vehicle_id)))
        case _:
            payload = b"\x91" * 40_000
    await hostile.say("csr", payload)
    await until(lambda: hostile.speaker.heard(f"v/{hostile.car.name}/down/cert"), "no answer", 5)
    answer = msgspec.msgpack.decode(hostile.speaker.heard(f"v/{hostile.car.name}/down/cert")[0].payload, type=CertificateIssued)
    assert answer == CertificateIssued(refused="certificate-request-refused")
    assert database.rows("SELECT count(*) FROM certificate WHERE vehicle_id = %s", (hostile.car.vehicle_id,)) == [(1,)]
    await innocent.goes_on()
