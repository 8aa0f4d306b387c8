"""A car that lies, shouts, listens at doors or can't count: it is answered or counted, and nobody else notices (issue 2, "Bad input").

Real MQTT over mutual TLS to a real platform. The hostile car speaks raw packets; beside each attack an innocent car goes on being
acknowledged, and at the end of each test its rows are as they were but for what it said itself.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from faults.ground import Ground, until
from faults.mqtt import Kind
from faults.speaker import TalkingCar
from openmarque.car.keyring import FileKeyring
from openmarque.kit.clock import to_ms
from openmarque.kit.csr import certificate_request, new_car_key
from openmarque.protocol import signals as vss
from openmarque.protocol import signing
from openmarque.protocol.envelope import MAX_SEQUENCE, PROTOCOL_VERSION, Answer, Disposition, Lane, Trust, encode
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import (
    GONE,
    LEVEL_CHANGED,
    STATUS,
    STATUS_WITH_PLACE,
    CertificateIssued,
    CertificateRequest,
    Hello,
    LevelChanged,
    StatusBody,
    Tombstone,
    Welcome,
)
from openmarque.services.trips.messages import TRIP_COMPLETED, TripCompleted
from tests.acceptance.conftest import Innocent, NewCar, Rows

pytestmark = pytest.mark.asyncio(loop_scope="session")

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
    await hostile.say("status", hostile.frame(Lane.EVENT, GONE, Tombstone(9, "x"), seq=2))
    await until(lambda: database.refusals(hostile.car) == {("unreadable", "lane"): 2}, "not counted", 5)
    await innocent.goes_on()


@pytest.mark.req("LNK-3b", "LNK-3c", "LNK-3d")
async def test_repeats_gaps_and_shuffled_events_are_told_apart(hostile: TalkingCar, innocent: Innocent, database: Rows) -> None:
    first, second, third = (hostile.frame(Lane.EVENT, TRIP_COMPLETED, a_trip(n)) for n in (1, 2, 3))
    acks = await hostile.tell_all(Lane.EVENT, [third, first])
    assert {answer.disposition for ack in acks for answer in ack.answers} == {Disposition.GAP, Disposition.STORED}
    acks = await hostile.tell_all(Lane.EVENT, [third, third, second, first])
    assert Disposition.DUPLICATE in {answer.disposition for ack in acks for answer in ack.answers}
    again = await hostile.tell_all(Lane.EVENT, [second, third])
    assert again[-1].watermark == 4  # the level, and three trips
    assert [row[0] for row in database.trips(hostile.car)] == [1, 2, 3]
    await innocent.goes_on()


@pytest.mark.req("LNK-3c")
async def test_an_old_status_never_replaces_a_newer_one(hostile: TalkingCar, innocent: Innocent, database: Rows) -> None:
    newer = hostile.frame(Lane.STATUS, STATUS, StatusBody({vss.SPEED: (80.0, 0)}), seq=9)
    older = hostile.frame(Lane.STATUS, STATUS, StatusBody({vss.SPEED: (10.0, 0)}), seq=5)
    assert (await hostile.tell(Lane.STATUS, newer)).watermark == 9
    ack = await hostile.tell(Lane.STATUS, older)
    assert (ack.watermark, ack.answers) == (9, (Answer(5, Disposition.DUPLICATE),))
    assert database.values(hostile.car)[vss.SPEED][0] == 80.0
    await innocent.goes_on()


@pytest.mark.req("LNK-3d")
@pytest.mark.parametrize(("epoch", "reason"), [(1, "stale_epoch"), (10**10, "unknown_epoch"), (MAX_SEQUENCE, "unknown_epoch")])
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


async def test_a_car_that_jumps_to_the_last_number_harms_only_its_own_lane(
    hostile: TalkingCar, innocent: Innocent, database: Rows
) -> None:
    ack = await hostile.tell(Lane.STATUS, hostile.frame(Lane.STATUS, STATUS, SPEED, seq=MAX_SEQUENCE))
    assert ack.watermark == MAX_SEQUENCE
    ack = await hostile.tell(Lane.EVENT, hostile.frame(Lane.EVENT, GONE, Tombstone(2**62, "why not")))
    assert ack.watermark == MAX_SEQUENCE
    welcome = await hostile.greet(epoch=0)  # a car without memory gets a new life, and is heard again
    assert welcome.epoch > hostile.epoch
    assert set(welcome.watermarks.values()) == {0}
    await innocent.goes_on()


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
    ((_, started_at, ended_at, duration_s, *_),) = database.trips(hostile.car)
    assert abs(ended_at - to_ms(ground.platform.clock.now())) < 10_000
    assert ended_at - started_at == duration_s * 1000


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


@pytest.mark.req("GDP-1g")
async def test_undeclared_signals_are_left_out_and_can_not_fill_the_table(hostile: TalkingCar, database: Rows) -> None:
    strange = {f"Vehicle.Cabin.Seat{n}.Weight": (80.0, 0) for n in range(300)}
    ack = await hostile.tell(Lane.STATUS, hostile.frame(Lane.STATUS, STATUS, StatusBody({**strange, vss.SPEED: (50.0, 0)})))
    assert ack.answers == (Answer(ack.watermark, Disposition.STORED, "undeclared"),)
    assert set(database.values(hostile.car)) == {vss.SPEED}
    assert database.refusals(hostile.car) == {("undeclared", "?"): 300}


@pytest.mark.req("GDP-1g")
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
    "a number beyond 64 bits": ({"trip": 2**63}, "bad_figures"),
    "no number for a distance": ({"distance_m": math.nan}, "bad_figures"),
    "an endless consumption": ({"consumption_kwh_100km": math.inf}, "bad_figures"),
    "a full battery and more": ({"soc_end": 101.0}, "bad_figures"),
    "an end before the beginning": ({"ended_at": 0}, "implausible_time"),
}


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
    acks = await hostile.tell_all(
        Lane.STATUS, [hostile.frame(Lane.STATUS, STATUS, SPEED)]
    )  # earlier answers may come in between
    assert acks[-1].answers[-1].disposition is Disposition.STORED


# The levels


@pytest.mark.req("PRV-6d", "PRV-5b", "PRV-5c")
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


@pytest.mark.parametrize("what", BAD_HELLOS)
async def test_a_greeting_that_is_none_is_counted(hostile: TalkingCar, innocent: Innocent, database: Rows, what: str) -> None:
    await hostile.say("hello", BAD_HELLOS[what])
    await until(lambda: database.refusals(hostile.car) == {("unreadable", "hello"): 1}, "not counted", 5)
    assert (await innocent.car.greet()).epoch == innocent.car.epoch
    await innocent.goes_on()


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


async def test_a_protocol_from_the_future_and_absurd_numbers_are_told_what_the_platform_speaks(
    hostile: TalkingCar, innocent: Innocent
) -> None:
    absurd = Hello(protocol=(2**63,), epoch=-(2**62), first={"event": 2**63, "urgent": -4, "other": 1})
    start = len(hostile.speaker.got)
    await hostile.say("hello", encode(absurd))
    await until(
        lambda: [p for p in hostile.speaker.got[start:] if p.kind is Kind.PUBLISH and p.topic.endswith("welcome")], "no answer"
    )
    packet = next(p for p in hostile.speaker.got[start:] if p.kind is Kind.PUBLISH and p.topic.endswith("welcome"))
    welcome = msgspec.msgpack.decode(packet.payload, type=Welcome)
    assert (welcome.protocol, welcome.supported) == (0, (PROTOCOL_VERSION,))
    assert welcome.epoch == absurd.epoch, "no epoch is opened for a car that will not be spoken to"
    await innocent.goes_on()


@pytest.mark.req("LNK-1d")
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


# What an attacker found


async def test_a_poisoned_tombstone_holds_up_nobody(hostile: TalkingCar, innocent: Innocent) -> None:
    """A text that is no UTF-8 inside a tombstone: the reader of numbers has to survive it, for it reads them for all cars."""
    poison = msgspec.Raw(b"\x92\x05\xa2\xff\xfe")
    for _ in range(200):
        await hostile.say("event", hostile.frame(Lane.EVENT, GONE, poison, level=Level.PRIVATE))
        await hostile.say("urgent", hostile.frame(Lane.URGENT, GONE, poison, level=Level.PRIVATE))
    await innocent.goes_on()


async def test_a_flood_of_greetings_keeps_nobody_waiting(hostile: TalkingCar, innocent: Innocent) -> None:
    greeting = encode(Hello(protocol=(2,), epoch=1, first={}, policy_hash="another"))
    for _ in range(2000):
        await hostile.say("hello", greeting)
    await innocent.goes_on()
