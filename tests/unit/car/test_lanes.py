"""How the car numbers, sends, repeats and settles: the outbox of events, and the status lane."""

from itertools import pairwise

import msgspec
import pytest

from openmarque.car.model import Channel, Frame, LinkState, NoticeCode
from openmarque.car.records import LinkRecord
from openmarque.car.store import MemoryCarStore
from openmarque.kit.clock import from_ms
from openmarque.kit.texts import texts
from openmarque.protocol import signals as vss
from openmarque.protocol import signing
from openmarque.protocol.envelope import PROTOCOL_VERSION, Ack, Answer, Disposition, Lane, Trust, encode
from openmarque.protocol.lanes import EVENT_WINDOW, UNKNOWN_EPOCH
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import GONE, POLICY_ACCEPTED, STATUS, STATUS_WITH_PLACE, UNKNOWN_POLICY, Hello, Welcome
from openmarque.services.trips.messages import TRIP_COMPLETED, TripCompleted
from tests.cars import CAR_KEY, Car, Platform, converse, envelopes, gives_epoch, open_link, policy, status_body


def connected_car(
    level: Level = Level.DATA, *, store: MemoryCarStore | None = None, outbox_limit: int = 10_000
) -> tuple[Car, Platform]:
    car, platform = Car(store or MemoryCarStore(), outbox_limit=outbox_limit), Platform(policy=policy())
    open_link(car, platform)
    converse(car, platform, car.set_level(level))
    return car, platform


def events(frames: list[Frame]) -> list[int]:
    return [e.seq for e in envelopes(frames) if e.lane is Lane.EVENT]


def statuses(frames: list[Frame]) -> list[Frame]:
    return [f for f in frames if f.channel is Channel.STATUS]


def trips(car: Car, platform: Platform) -> list[int]:
    """Which of the car's trips arrived, in order of arrival; the first is 1."""
    bodies = [b for b in platform.bodies(TRIP_COMPLETED) if isinstance(b, TripCompleted)]
    assert all(a.trip < b.trip for a, b in pairwise(bodies))
    return [car.trip_starts.index(b.started_at) + 1 for b in bodies]


class TestGreeting:
    def test_nothing_but_hello_leaves_before_the_welcome(self):
        car = Car()
        car.set_level(Level.DATA)
        assert [f.channel for f in car.connect()] == [Channel.HELLO]
        assert [f.channel for f in car.wait(30)] == [Channel.HELLO]
        assert car.set_level(Level.POSITION) == []

    def test_hello_says_what_the_car_holds_and_knows(self):
        car, platform = connected_car()
        car.disconnect()
        car.drives()
        open_link(car, platform)
        hello = platform.hellos[-1]
        assert hello.policy_hash == car.core.policy_hash
        assert (hello.level, hello.ceiling, hello.software) == (Level.DATA, Level.POSITION, "test")
        assert hello.first["event"] == 3
        assert TRIP_COMPLETED in hello.types
        assert vss.SPEED in hello.signals

    def test_a_lost_hello_is_said_again_ever_more_rarely(self):
        car = Car()
        car.connect()
        said = [second for second in range(1, 200) if car.wait(1)]
        assert said == [5, 15, 35, 75, 135, 195]

    def test_an_unknown_protocol_keeps_the_link_closed_and_says_so(self):
        car = Car()
        car.connect()
        output = car.core.received(car.now, "welcome", encode(Welcome(9, 1, {}, car.ms)))
        assert [(n.code, n.facts) for n in output.notices] == [(NoticeCode.PROTOCOL_UNKNOWN, {"theirs": "9", "ours": "2"})]
        assert car.core.link_state is LinkState.INCOMPATIBLE
        assert car.wait(3600) == []

    def test_a_platform_that_refuses_the_cars_version_is_named_with_those_that_it_speaks(self):
        car = Car()
        car.connect()
        many = tuple(range(3, 5_000))
        output = car.core.received(car.now, "welcome", encode(Welcome(0, 0, {}, car.ms, supported=many)))
        assert [n.facts for n in output.notices] == [{"theirs": "3, 4, 5, 6", "ours": "2"}]
        assert car.core.link_state is LinkState.INCOMPATIBLE
        said = texts("en").text("screen.notice.protocol_unknown", **output.notices[0].facts)
        assert "version 2" in said
        assert "updated" in said

    def test_a_forged_time_closes_nothing_for_longer_than_the_certificate_lives(self):
        """A greeting's answer is not signed, and a car whose clock was never set has little to hold against it."""
        car, platform = Car(), Platform(policy=policy())
        open_link(car, platform)
        converse(car, platform, car.set_level(Level.POSITION))
        car.disconnect()
        car.trust = Trust.UNSET
        car.connect()
        car.hears("welcome", encode(Welcome(PROTOCOL_VERSION, car.core.epoch, {}, 2**63 - 1)))
        car.disconnect()
        car.trust, car.ms = Trust.SYNCED, car.keys.validity.until_ms + 1000
        platform.policy = policy(2, issued=from_ms(car.ms))
        open_link(car, platform)
        converse(car, platform, car.senses({vss.SPEED: 50.0}))
        assert platform.shown()[vss.SPEED] == 50.0

    def test_reasons_that_are_no_codes_are_counted_as_one(self):
        car, _ = connected_car()
        for number in range(50):
            (said,) = envelopes(statuses(car.senses({vss.SPEED: float(number)})))
            seq = said.seq
            refusal = Answer(seq, Disposition.REFUSED, "a long story " * 100 + str(number))
            car.hears("ack", encode(Ack(car.core.epoch, Lane.STATUS, seq, (refusal,))))
        assert set(car.core.counts("refused")) == {"status:?"}

    def test_a_car_without_memory_takes_the_epoch_it_is_given(self):
        car, platform = Car(), Platform(policy=policy(), epoch=7)
        open_link(car, platform)
        assert platform.hellos[0].epoch == 0
        assert car.core.epoch == platform.epoch == 8
        assert platform.types() == ["policy_accepted"]

    @pytest.mark.parametrize("has_memory", [True, False])
    def test_a_car_takes_another_epoch_only_from_the_platform_itself_and_only_for_this_greeting(self, has_memory):
        """Whoever holds the broker can write any answer, and keep true ones."""
        car = connected_car()[0] if has_memory else Car()
        before = car.core.epoch
        (hello,) = (msgspec.msgpack.decode(f.payload, type=Hello) for f in car.connect() if f.channel is Channel.HELLO)
        true = gives_epoch(car.ms // 1000, hello.asked, {}, car.ms)
        other_key = msgspec.structs.replace(true, signature=signing.sign(CAR_KEY, b"mine"))
        for forged in (
            msgspec.structs.replace(true, key_id="", signature=b""),
            msgspec.structs.replace(true, epoch=true.epoch + 1),
            msgspec.structs.replace(true, asked=0, signature=gives_epoch(true.epoch, 0, {}, 0).signature),
            msgspec.structs.replace(true, key_id="12" * 16),
            other_key,
            gives_epoch(2**53, hello.asked, {}, car.ms),
            gives_epoch(0, hello.asked, {}, car.ms),
        ):
            car.hears("welcome", encode(forged))
            expected = LinkState.OPEN if forged.epoch == before else LinkState.GREETING
            assert (car.core.epoch, car.core.link_state) == (before, expected)
        car.hears("welcome", encode(gives_epoch(true.epoch + 5, hello.asked + 1, {}, car.ms)))
        assert car.core.epoch == before, "an answer to another greeting"
        car.hears("welcome", encode(true))
        assert (car.core.epoch, car.core.link_state) == (true.epoch, LinkState.OPEN)

    def test_a_car_whose_clock_went_back_takes_the_epoch_of_the_platforms_time(self):
        car, platform = connected_car()
        car.disconnect()
        platform.epoch = car.ms // 1000
        car.ms -= 40 * 86_400_000
        open_link(car, platform)
        assert (car.core.epoch, car.core.link_state) == (platform.epoch, LinkState.OPEN)

    def test_a_car_whose_policy_the_platform_does_not_know_greets_again_and_takes_the_newer_one(self):
        """A policy of before a restored backup came late: without a greeting the car would obey it while the connection lasts."""
        car, platform = connected_car()
        platform.refuse[POLICY_ACCEPTED] = UNKNOWN_POLICY
        greeted = len(platform.hellos)
        platform.policy = policy(8)
        converse(car, platform, car.hears("policy", policy(7)))
        platform.refuse.clear()
        converse(car, platform, car.wait(5))
        assert [h.policy_version for h in platform.hellos[greeted:]] == [7]
        assert car.core.policy is not None
        assert (car.core.policy.version, car.core.link_state) == (8, LinkState.OPEN)

    def test_no_two_greetings_ask_alike(self):
        car = Car()
        asked = set()
        for _ in range(20):
            (hello,) = (msgspec.msgpack.decode(f.payload, type=Hello) for f in car.connect())
            asked.add(hello.asked)
            car.disconnect()
        assert len(asked) == 20

    def test_a_later_epoch_renumbers_what_waits_and_loses_nothing(self):
        car, platform = connected_car()
        car.disconnect()
        car.drives()
        car.drives()
        platform.epoch += 5  # the same car had other memories in between
        open_link(car, platform)
        assert trips(car, platform) == [1, 2]
        assert [e.seq for e in platform.applied[Lane.EVENT] if e.epoch == car.core.epoch] == [1, 2]
        assert car.core.epoch == platform.epoch
        assert car.core.is_settled

    def test_an_answer_of_another_epoch_makes_the_car_greet_again(self):
        car, platform = connected_car()
        refusal = Answer(3, Disposition.REFUSED, UNKNOWN_EPOCH)
        frames = car.hears("ack", encode(Ack(car.core.epoch - 1, Lane.EVENT, 0, (refusal,))))
        frames += car.wait(5)
        assert [f.channel for f in frames] == [Channel.HELLO]
        converse(car, platform, frames)
        assert car.core.link_state is LinkState.OPEN

    def test_what_the_platform_does_not_know_is_not_sent(self):
        car, platform = Car(), Platform(policy=policy(), unknown=(TRIP_COMPLETED, vss.SPEED))
        open_link(car, platform)
        converse(car, platform, car.set_level(Level.DATA))
        converse(car, platform, car.drives())
        assert trips(car, platform) == []
        assert vss.SPEED not in platform.shown()
        assert vss.ODOMETER in platform.shown()
        assert car.core.counts("refused") == {}

    @pytest.mark.parametrize("kind", ["ack", "welcome", "policy", "cert", "command", "nonsense"])
    def test_garbage_on_the_link_is_counted_and_changes_nothing(self, kind):
        car, _ = connected_car()
        before = car.store.read("link", LinkRecord)
        assert car.hears(kind, b"\xff\x00garbage") == []
        assert sum(car.core.counts("ignored").values()) == 1
        assert car.store.read("link", LinkRecord) == before


class TestEvents:
    @pytest.mark.req("LNK-3e", "LNK-3f")
    def test_they_wait_for_coverage_with_their_own_times(self):
        car, platform = connected_car()
        car.disconnect()
        car.drives(10)
        ended = car.ms
        car.wait(3_600)
        open_link(car, platform)
        (trip,) = platform.bodies(TRIP_COMPLETED)
        assert isinstance(trip, TripCompleted)
        assert trip.ended_at == ended
        assert [e.car_time for e in platform.applied[Lane.EVENT] if e.type == TRIP_COMPLETED] == [ended]

    @pytest.mark.req("LNK-3e")
    def test_they_survive_a_restart(self):
        car, platform = connected_car()
        car.disconnect()
        car.drives()
        car.power_up()
        assert car.core.outbox_fill == 1
        open_link(car, platform)
        assert trips(car, platform) == [1]

    def test_a_trip_that_runs_survives_a_restart(self):
        car, platform = connected_car()
        whole = Car()
        for each in (car, whole):
            open_link(each, platform)
        car.senses({vss.IGNITION: "ON", vss.SPEED: 36.0, vss.STATE_OF_CHARGE: 80.0})
        for _ in range(5):
            car.ms += 1000
            car.senses({vss.SPEED: 36.0})
            car.power_up()
        open_link(car, platform)
        converse(car, platform, car.senses({vss.IGNITION: "OFF"}))
        (trip,) = platform.bodies(TRIP_COMPLETED)
        assert isinstance(trip, TripCompleted)
        assert (trip.distance_m, trip.duration_s) == (50.0, 5.0)

    def test_no_more_than_the_window_are_sent_unacknowledged(self):
        car, platform = connected_car()
        car.disconnect()
        for _ in range(EVENT_WINDOW + 10):
            car.drives(1)
        frames = car.hears("welcome", platform.welcome(car.connect()[0], car.ms))
        assert len(events(frames)) == EVENT_WINDOW
        converse(car, platform, frames)
        assert len(trips(car, platform)) == EVENT_WINDOW + 10

    def test_a_gap_makes_the_car_go_back_once_however_often_it_is_told(self):
        car, platform = connected_car()
        frames = [f for _ in range(5) for f in car.drives(1) if f.channel is Channel.EVENT]
        assert events(frames) == [3, 4, 5, 6, 7]
        repeated: list[Frame] = []
        for late in frames[1:]:
            for kind, payload in platform.takes(late):
                repeated += car.hears(kind, payload)
        assert events(repeated) == [3, 4, 5, 6, 7]
        converse(car, platform, repeated)
        assert trips(car, platform) == [1, 2, 3, 4, 5]

    def test_silence_makes_the_car_repeat_after_5_seconds_and_then_ever_more_rarely(self):
        car, _ = connected_car()
        car.drives(1)
        repeats = [second for second in range(1, 200) if events(car.wait(1))]
        assert repeats == [5, 15, 35, 75, 135, 195]

    def test_what_is_settled_is_never_sent_again(self):
        car, platform = connected_car()
        converse(car, platform, car.drives())
        sent = len(car.wire)
        car.wait(600)
        car.disconnect()
        open_link(car, platform)
        assert events(car.wire[sent:]) == []
        assert trips(car, platform) == [1]

    def test_a_new_connection_repeats_at_once_what_was_under_way(self):
        car, platform = connected_car()
        car.drives()
        car.disconnect()
        frames = car.hears("welcome", platform.welcome(car.connect()[0], car.ms))
        assert events(frames) == [3]

    @pytest.mark.req("LNK-3b")
    def test_a_lost_acknowledgement_leads_to_a_duplicate_and_nothing_else(self):
        car, platform = connected_car()
        for frame in car.drives():
            platform.takes(frame)
        converse(car, platform, car.wait(6))
        assert trips(car, platform) == [1]
        assert car.core.is_settled

    def test_a_refused_message_is_settled_and_counted_by_type_and_reason(self):
        car, platform = connected_car()
        platform.refuse[TRIP_COMPLETED] = "no_contract"
        converse(car, platform, car.drives())
        assert car.core.counts("refused") == {"trip_completed:no_contract": 1}
        assert car.core.notices[-1].code is NoticeCode.MESSAGE_REFUSED
        sent = len(car.wire)
        car.wait(600)
        assert events(car.wire[sent:]) == []

    def test_a_full_outbox_gives_up_its_oldest_optional_messages_and_says_so(self):
        car, _ = connected_car(outbox_limit=200)
        car.disconnect()
        for _ in range(210):
            car.drives(1)
        car.set_level(Level.PRIVATE)
        car.set_level(Level.DATA)
        assert car.core.outbox_fill <= 202
        assert car.core.counts("deleted")["outbox_full"] >= 10
        assert any(n.code is NoticeCode.OUTBOX_FULL for n in car.core.notices)

    def test_the_newest_survive_a_full_outbox(self):
        car, platform = connected_car(outbox_limit=20)
        car.disconnect()
        for _ in range(30):
            car.drives(1)
        open_link(car, platform)
        assert trips(car, platform) == list(range(11, 31))
        assert platform.types().count(GONE) == 1

    def test_a_memory_older_than_what_the_platform_has_seen_takes_numbers_above_it(self):
        """A restored image in the same epoch: what was never sent from it must not pass for what was sent in between."""
        store = MemoryCarStore()
        car, platform = connected_car(store=store)
        image = store.fork()
        for _ in range(3):
            converse(car, platform, car.drives())
        older = Car(store=image, ms=car.ms + 60_000)
        older.drives()
        open_link(older, platform)
        assert len(platform.bodies(TRIP_COMPLETED)) == 4
        assert older.core.is_settled

    @pytest.mark.req("LNK-3a")
    def test_a_crash_before_the_commit_sends_nothing_and_one_after_it_loses_nothing(self):
        for point, expected in (("before_commit", []), ("after_commit", [1])):
            store = MemoryCarStore()
            car, platform = connected_car(store=store)
            car.senses({vss.IGNITION: "ON", vss.SPEED: 1.0})
            car.trip_starts.append(car.ms)

            def fault(at: str, point: str = point) -> None:
                if at == point:
                    raise RuntimeError(point)

            store.fault = fault
            with pytest.raises(RuntimeError):
                car.senses({vss.IGNITION: "OFF"})
            store.fault = lambda _point: None
            car.power_up()
            open_link(car, platform)
            assert trips(car, platform) == expected


class TestStatus:
    @pytest.mark.req("LNK-2j")
    def test_only_what_changed_is_said_and_all_of_it_once_a_minute(self):
        car, platform = connected_car()
        sample: dict[str, vss.Value] = {vss.SPEED: 50.0, vss.STATE_OF_CHARGE: 80.0, vss.HOOD_OPEN: False}
        converse(car, platform, car.senses(sample))
        car.ms += 1000
        (frame,) = car.senses(sample | {vss.SPEED: 51.0})
        assert status_body(envelopes([frame])[0]).values == {vss.SPEED: (51.0, 0)}
        converse(car, platform, [frame])
        car.ms += 1000
        assert car.senses(sample | {vss.SPEED: 51.0}) == []
        car.ms += 60_000
        assert status_body(envelopes(car.senses(sample | {vss.SPEED: 51.0}))[0]).values.keys() == sample.keys()

    @pytest.mark.parametrize(
        ("path", "rest", "other"),
        [
            pytest.param(vss.ENGINE_RUNNING, False, True, marks=pytest.mark.req("LNK-2a")),
            *(pytest.param(path, False, True, marks=pytest.mark.req("LNK-2b")) for path in (*vss.DOORS_OPEN, vss.TRUNK_OPEN)),
            pytest.param(vss.IS_CHARGING, False, True, marks=pytest.mark.req("LNK-2d")),
            pytest.param(vss.IGNITION, "OFF", "ON", marks=pytest.mark.req("LNK-2f")),
        ],
    )
    def test_the_car_says_unasked_that_something_began_and_that_it_ended(self, path: str, rest: vss.Value, other: vss.Value):
        car, platform = connected_car()
        for value in (rest, other, rest):
            car.ms += 1000
            (frame,) = statuses(car.senses({path: value}))
            assert status_body(envelopes([frame])[0]).values == {path: (value, 0)}
            converse(car, platform, [frame])
            assert platform.shown()[path] == value

    def test_one_is_in_flight_and_newer_values_merge_into_the_next(self):
        car, platform = connected_car()
        first = car.senses({vss.SPEED: 1.0})
        for speed in (2.0, 3.0, 4.0):
            car.ms += 500
            assert car.senses({vss.SPEED: speed, vss.ODOMETER: int(speed)}) == []
        converse(car, platform, first)
        assert [e.seq for e in platform.applied[Lane.STATUS]] == [1, 2]
        assert status_body(platform.applied[Lane.STATUS][1]).values == {vss.SPEED: (4.0, 0), vss.ODOMETER: (4, 0)}

    def test_a_repeat_is_the_same_frame_under_the_same_number(self):
        car, platform = connected_car()
        first = car.senses({vss.SPEED: 1.0})
        car.senses({vss.SPEED: 2.0})
        assert statuses(car.wait(5)) == first
        assert statuses(car.wait(10)) == first
        car.power_up()
        car.disconnect()
        frames = car.hears("welcome", platform.welcome(car.connect()[0], car.ms))
        assert statuses(frames) == first
        converse(car, platform, first)
        assert platform.shown()[vss.SPEED] == 2.0

    def test_each_value_has_the_age_of_its_own_sensing(self):
        car, platform = connected_car()
        first = car.senses({vss.SPEED: 1.0})
        car.ms += 1_000
        car.senses({vss.ODOMETER: 5})
        car.ms += 2_500
        car.senses({vss.SPEED: 3.0})
        converse(car, platform, first)
        assert status_body(platform.applied[Lane.STATUS][-1]).values == {vss.SPEED: (3.0, 0), vss.ODOMETER: (5, 2_500)}

    def test_values_of_different_capture_levels_do_not_share_a_message(self):
        car, platform = connected_car(Level.DATA)
        first = car.senses({vss.SPEED: 1.0})
        car.senses({vss.ODOMETER: 1, vss.STATE_OF_CHARGE: 50.0})
        converse(car, platform, [f for f in car.set_level(Level.POSITION) if f.channel is not Channel.STATUS])
        car.senses({vss.ODOMETER: 2, vss.LATITUDE: 34.0, vss.LONGITUDE: -6.0})
        converse(car, platform, first)
        sent = [(e.level, e.type, set(status_body(e).values)) for e in platform.applied[Lane.STATUS]]
        assert sent == [
            (Level.DATA, STATUS, {vss.SPEED}),
            (Level.DATA, STATUS, {vss.STATE_OF_CHARGE}),
            (Level.POSITION, STATUS_WITH_PLACE, {vss.ODOMETER, vss.LATITUDE, vss.LONGITUDE}),
        ]

    def test_the_clocks_trust_travels_with_the_message(self):
        car, _ = connected_car()
        car.trust = Trust.HELD
        assert [e.trust for e in envelopes(car.senses({vss.SPEED: 1.0}))] == [Trust.HELD]

    def test_a_refused_value_is_said_again_when_it_is_next_sensed(self):
        car, platform = connected_car()
        platform.refuse[STATUS] = "no_contract"
        converse(car, platform, car.senses({vss.SPEED: 1.0}))
        assert car.core.counts("refused") == {"status:no_contract": 1}
        platform.refuse.clear()
        converse(car, platform, car.senses({vss.SPEED: 1.0}))
        assert platform.shown() == {vss.SPEED: 1.0}

    def test_a_value_that_no_such_signal_can_have_is_counted_and_goes_no_further(self):
        car, _ = connected_car()
        odd: dict[str, vss.Value] = {
            vss.SPEED: float("nan"),
            vss.STATE_OF_CHARGE: 130.0,
            vss.HOOD_OPEN: 1,
            "Vehicle.Made.Up": 1,
        }
        assert car.senses(odd) == []
        assert car.core.counts("sensor") == {"out_of_range": 3, "unknown_signal": 1}
        assert car.core.latest == {}


class TestPositions:
    def test_a_fix_farther_than_the_wheels_could_have_gone_is_counted_and_not_shown(self):
        car, platform = connected_car(Level.POSITION)
        converse(car, platform, car.senses({vss.ODOMETER: 0, vss.LATITUDE: 34.0, vss.LONGITUDE: -6.75}))
        car.ms += 1000
        converse(car, platform, car.senses({vss.ODOMETER: 10, vss.LATITUDE: 34.5, vss.LONGITUDE: -6.75, vss.HEADING: 90.0}))
        assert platform.shown()[vss.LATITUDE] == 34.0
        assert vss.HEADING not in platform.shown(), "what the receiver said with a fix that is not believed is not either"
        assert car.core.latest[vss.LATITUDE] == 34.0
        assert car.core.counts("sensor") == {"jump": 1}

    def test_a_held_fix_says_nothing_new_and_is_no_jump(self):
        car, platform = connected_car(Level.POSITION)
        for metres in range(0, 2_000, 10):
            converse(car, platform, car.senses({vss.ODOMETER: metres, vss.LATITUDE: 34.0, vss.LONGITUDE: -6.75}))
            car.ms += 1000
        receipt = [e for e in platform.applied[Lane.STATUS] if e.type == STATUS_WITH_PLACE]
        assert len(receipt) == 1
        assert car.core.counts("sensor") == {}

    def test_a_fix_is_said_as_a_pair(self):
        car, platform = connected_car(Level.POSITION)
        converse(car, platform, car.senses({vss.ODOMETER: 0, vss.LATITUDE: 34.0, vss.LONGITUDE: -6.75}))
        (frame,) = car.senses({vss.ODOMETER: 0, vss.LATITUDE: 34.0001, vss.LONGITUDE: -6.75})
        assert status_body(envelopes([frame])[0]).values.keys() == {vss.LATITUDE, vss.LONGITUDE}

    @pytest.mark.parametrize(
        ("fix", "reason"),
        [({vss.LATITUDE: 0.0, vss.LONGITUDE: 0.0}, "zero"), ({vss.LATITUDE: 34.0}, "half_a_fix")],
    )
    def test_a_receiver_without_a_fix_is_counted(self, fix, reason):
        car, _ = connected_car(Level.POSITION)
        assert car.senses(fix) == []
        assert car.core.counts("sensor") == {reason: 1}

    def test_a_car_whose_wheels_are_not_known_is_judged_by_its_top_speed(self):
        car, platform = connected_car(Level.POSITION)
        converse(car, platform, car.senses({vss.LATITUDE: 34.0, vss.LONGITUDE: -6.75}))
        car.ms += 1000
        converse(car, platform, car.senses({vss.LATITUDE: 34.001, vss.LONGITUDE: -6.75}))
        assert platform.shown()[vss.LATITUDE] == 34.001
        car.ms += 1000
        converse(car, platform, car.senses({vss.LATITUDE: 34.1, vss.LONGITUDE: -6.75}))
        assert car.core.counts("sensor") == {"jump": 1}


def test_the_core_wakes_for_what_is_due_and_for_nothing_else():
    car, _ = connected_car()
    wait_ms = car.core.wake_in_ms(car.now)
    assert wait_ms is not None
    assert wait_ms > 86_400_000, "only the policy's end and the certificate's are in sight"
    car.senses({vss.SPEED: 1.0})
    assert car.core.wake_in_ms(car.now) == 5_000
    assert car.core.tick(car.now).frames == []


def test_counts_tell_what_was_sent_and_what_became_of_it():
    car, platform = connected_car(Level.POSITION)
    converse(car, platform, car.drives())
    assert car.core.counts("sent") == car.core.counts("acknowledged")
    assert car.core.counts("sent")[TRIP_COMPLETED] == 1
