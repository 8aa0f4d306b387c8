"""What leaves the car: level then and now, ceiling, policy and switches; and that tightening works at once."""

from datetime import timedelta

import msgspec
import pytest

from openmarque.car.model import LevelNotOffered, NoticeCode, UnknownSwitch
from openmarque.catalogue.policy import PolicyRejected
from openmarque.protocol import signals as vss
from openmarque.protocol import signing
from openmarque.protocol.envelope import Lane, Trust
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import GONE, LEVEL_CHANGED, STATUS, STATUS_WITH_PLACE, LevelChanged, Tombstone
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES
from tests.cars import (
    CAR_KEY,
    CATALOGUE,
    NEXT_OWNER,
    START,
    VEHICLE,
    Car,
    Platform,
    converse,
    envelopes,
    open_link,
    policy,
    status_body,
)

TWO_LEVELS = (Level.PRIVATE, Level.POSITION)
SAMPLE: dict[str, vss.Value] = {vss.SPEED: 50.0, vss.ODOMETER: 100, vss.LATITUDE: 34.0, vss.LONGITUDE: -6.75}


def connected_car(level: Level = Level.POSITION, ceiling: Level = Level.POSITION) -> tuple[Car, Platform]:
    """A car at rest on an open link, with a policy and a level that the platform knows."""
    car, platform = Car(ceiling=ceiling), Platform(policy=policy())
    open_link(car, platform)
    if level is not Level.PRIVATE:
        converse(car, platform, car.set_level(level))
    assert car.core.is_settled
    return car, platform


@pytest.mark.req("PRV-1b")
def test_a_new_car_is_private_and_says_nothing_of_what_it_senses():
    car, platform = connected_car(Level.PRIVATE)
    assert car.core.level is Level.PRIVATE
    assert car.senses(SAMPLE) == []
    assert car.drives() == []
    assert platform.types() == ["policy_accepted"]


@pytest.mark.req("PRV-1b", "PRV-1c", "PRV-1d", "PRV-5a")
@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.PRIVATE, {"policy_accepted"}),
        (Level.DATA, {"policy_accepted", LEVEL_CHANGED, STATUS, TRIP_COMPLETED}),
        (Level.POSITION, {"policy_accepted", LEVEL_CHANGED, STATUS, STATUS_WITH_PLACE, TRIP_COMPLETED, TRIP_PLACES}),
    ],
)
def test_the_types_on_the_wire_are_those_of_the_levels_allow_list(level, expected):
    car, platform = connected_car(level)
    converse(car, platform, car.drives(20))
    converse(car, platform, car.senses({vss.STATE_OF_CHARGE: 33.0}))
    seen = {e.type for e in envelopes(car.wire)}
    assert seen == expected
    assert seen <= CATALOGUE.messages.allowed_at(level)


def test_the_ceiling_built_into_the_car_holds_whatever_is_chosen():
    car, platform = connected_car(Level.POSITION, ceiling=Level.DATA)
    assert car.core.privacy.level is Level.POSITION
    assert car.core.level is Level.DATA
    converse(car, platform, car.drives())
    assert vss.LATITUDE not in platform.shown()
    assert platform.bodies(TRIP_PLACES) == []


def test_a_change_of_level_is_signed_by_the_car_counted_and_said_by_whom():
    car, platform = connected_car(Level.DATA)
    car.ms += 5_000
    converse(car, platform, car.set_level(Level.POSITION))
    first, second = [b for b in platform.bodies(LEVEL_CHANGED) if isinstance(b, LevelChanged)]
    assert second.counter == first.counter + 1
    assert (second.level, second.changed_at, second.by) == (Level.POSITION, car.ms, "head unit")
    statement = signing.level_statement(VEHICLE, second.level, second.counter, second.changed_at, second.by)
    signing.verify(CAR_KEY.public_key(), statement, second.signature)


@pytest.mark.req("PRV-1e")
def test_a_car_with_two_levels_takes_those_two_and_no_other():
    car, platform = Car(levels=TWO_LEVELS), Platform(policy=policy())
    open_link(car, platform)
    with pytest.raises(LevelNotOffered) as caught:
        car.set_level(Level.DATA)
    assert caught.value.remedy == "Choose one of: private, position."
    assert (car.core.level, car.core.privacy.counter) == (Level.PRIVATE, 0)
    converse(car, platform, car.set_level(Level.POSITION))
    converse(car, platform, car.senses(SAMPLE))
    assert platform.shown()[vss.LATITUDE] == 34.0


@pytest.mark.req("PRV-1e")
def test_a_remembered_level_that_the_car_does_not_let_choose_any_more_gives_way_to_a_stricter_one():
    car, platform = connected_car(Level.DATA)
    car.disconnect()
    car.drives()
    assert car.core.outbox_fill == 1
    before = car.core.privacy.counter
    car.levels = TWO_LEVELS
    car.power_up()
    converse(car, platform, car.connect())
    assert (car.core.level, car.core.privacy.by) == (Level.PRIVATE, "factory")
    said = [b for b in platform.bodies(LEVEL_CHANGED) if isinstance(b, LevelChanged)][-1]
    assert (said.level, said.counter) == (Level.PRIVATE, before + 1)
    assert platform.bodies(TRIP_COMPLETED) == [], "what was waiting is bound by the stricter level"
    assert car.core.is_settled


def test_choosing_the_level_in_force_says_nothing():
    car, _ = connected_car(Level.DATA)
    counter = car.core.privacy.counter
    assert car.set_level(Level.DATA) == []
    assert car.core.privacy.counter == counter


@pytest.mark.req("PRV-6d")
def test_nothing_received_raises_the_level():
    car, _ = connected_car(Level.PRIVATE)
    for kind in ("welcome", "policy", "ack", "cert", "command", "level"):
        car.hears(kind, msgspec.msgpack.encode({"level": 3}))
        car.hears(kind, policy(9))
    assert car.core.level is Level.PRIVATE
    assert car.core.counts("ignored") != {}


def test_a_unit_that_lost_its_memory_counts_on_above_its_earlier_life():
    car, platform = connected_car(Level.DATA)
    before = car.core.privacy.counter
    other = Car(ms=car.ms + 60_000)
    open_link(other, platform)
    converse(other, platform, other.set_level(Level.DATA))
    assert other.core.privacy.counter > before


@pytest.mark.req("PRV-5a")
def test_values_sensed_at_a_lower_level_never_leave_after_a_raise():
    car, platform = connected_car(Level.DATA)
    converse(car, platform, car.senses(SAMPLE))
    converse(car, platform, car.set_level(Level.POSITION))
    converse(car, platform, car.wait(120))
    assert vss.LATITUDE not in platform.shown()
    converse(car, platform, car.senses(SAMPLE))
    assert platform.shown()[vss.LATITUDE] == 34.0


@pytest.mark.req("PRV-5a")
def test_tightening_drops_the_message_in_flight_at_once_and_keeps_what_may_still_leave():
    car, platform = connected_car()
    (first,) = envelopes(car.senses(SAMPLE))
    assert first.type == STATUS_WITH_PLACE
    frames = car.set_level(Level.DATA)
    status = [e for e in envelopes(frames) if e.lane is Lane.STATUS]
    assert [e.type for e in status] == [STATUS]
    assert status[0].seq > first.seq
    assert status_body(status[0]).values.keys() == {vss.SPEED, vss.ODOMETER}
    assert status[0].level is Level.POSITION, "the level at capture travels with the values"
    converse(car, platform, frames)
    car.wait(600)
    assert vss.LATITUDE not in platform.shown()


def test_a_newer_value_that_waits_is_not_followed_by_the_older_one_of_a_dropped_message():
    car, platform = connected_car()
    car.senses({**SAMPLE, vss.SPEED: 1.0})
    car.senses({vss.SPEED: 2.0})
    converse(car, platform, car.set_level(Level.DATA))
    assert platform.shown() == {vss.SPEED: 2.0, vss.ODOMETER: 100}


@pytest.mark.req("PRV-1b")
def test_what_may_not_leave_is_not_even_kept_for_later():
    car, _ = connected_car(Level.PRIVATE)
    car.disconnect()
    car.senses(SAMPLE)
    car.drives()
    assert car.core.is_settled
    assert car.core.outbox_fill == 0


def test_a_message_carries_the_strictest_level_of_the_time_in_which_it_was_measured():
    car, platform = connected_car(Level.DATA)
    car.senses({vss.IGNITION: "ON", **SAMPLE})
    car.ms += 1000
    converse(car, platform, car.set_level(Level.POSITION))
    converse(car, platform, car.senses({vss.IGNITION: "OFF", **SAMPLE}))
    assert [e.level for e in platform.applied[Lane.EVENT] if e.type == TRIP_COMPLETED] == [Level.DATA]


def test_what_the_purge_took_is_said_again_only_when_it_is_sensed_again():
    car, platform = connected_car()
    car.senses(SAMPLE)
    converse(car, platform, car.set_level(Level.PRIVATE))
    converse(car, platform, car.set_level(Level.POSITION))
    converse(car, platform, car.wait(120))
    assert platform.shown() == {}
    converse(car, platform, car.senses(SAMPLE))
    assert platform.shown() == SAMPLE


@pytest.mark.req("PRV-5a")
def test_waiting_messages_that_may_not_leave_any_more_become_tombstones_in_their_place():
    car, platform = connected_car()
    car.disconnect()
    car.drives()
    car.drives()
    assert car.core.outbox_fill == 4
    car.set_level(Level.DATA)
    assert car.core.counts("deleted")["level_too_low"] == 2
    open_link(car, platform)
    assert platform.types()[-5:] == [TRIP_COMPLETED, GONE, TRIP_COMPLETED, GONE, LEVEL_CHANGED]
    assert platform.bodies(TRIP_PLACES) == []
    assert car.core.is_settled


def test_neighbouring_tombstones_become_one_that_settles_all_their_numbers():
    car, platform = connected_car()
    car.disconnect()
    for _ in range(3):
        car.drives()
    car.set_level(Level.PRIVATE)
    open_link(car, platform)
    (grave,) = [b for b in platform.bodies(GONE) if isinstance(b, Tombstone)]
    assert platform.types()[-2:] == [GONE, LEVEL_CHANGED]
    assert grave.through == platform.watermarks[Lane.EVENT] - 1
    assert car.core.is_settled


def test_a_tombstone_over_numbers_that_were_partly_stored_settles_the_rest():
    car, platform = connected_car()
    frames = car.drives() + car.drives()
    platform.takes_batch(f for f in frames if f.channel == "event")  # stored, and the answers are lost
    platform.applied[Lane.EVENT] = platform.applied[Lane.EVENT][:-2]
    platform.watermarks[Lane.EVENT] -= 2
    converse(car, platform, car.set_level(Level.PRIVATE))
    assert car.core.is_settled
    assert platform.types()[-1] == LEVEL_CHANGED


@pytest.mark.req("PRV-5a")
def test_a_trip_that_was_private_for_a_while_does_not_leave():
    car, platform = connected_car()
    car.senses({vss.IGNITION: "ON", **SAMPLE})
    car.ms += 1000
    converse(car, platform, car.set_level(Level.PRIVATE))
    car.senses({**SAMPLE, vss.ODOMETER: 114})
    car.ms += 1000
    converse(car, platform, car.set_level(Level.POSITION))
    car.senses({**SAMPLE, vss.ODOMETER: 128})
    converse(car, platform, car.senses({vss.IGNITION: "OFF"}))
    assert platform.bodies(TRIP_COMPLETED) == []


def test_the_place_of_a_trip_stays_in_the_car_when_its_start_was_sensed_without_position():
    car, platform = connected_car(Level.DATA)
    car.senses({vss.IGNITION: "ON", **SAMPLE})
    car.ms += 1000
    converse(car, platform, car.set_level(Level.POSITION))
    car.senses({**SAMPLE, vss.ODOMETER: 114})
    converse(car, platform, car.senses({vss.IGNITION: "OFF"}))
    assert len(platform.bodies(TRIP_COMPLETED)) == 1
    assert platform.bodies(TRIP_PLACES) == []


@pytest.mark.req("PRV-10d")
def test_remote_access_off_closes_status_and_leaves_trips_open():
    car, platform = connected_car()
    converse(car, platform, car.switch("remote_access", on=False))
    converse(car, platform, car.drives())
    assert platform.applied[Lane.STATUS] == []
    assert len(platform.bodies(TRIP_COMPLETED)) == 1


@pytest.mark.req("PRV-4b", "TRP-1f")
def test_a_group_is_switched_off_with_all_its_services_and_purged_at_once():
    car, platform = connected_car()
    car.disconnect()
    car.drives()
    car.switch("services_without_position", on=False)
    assert car.core.counts("deleted")["switched_off_in_car"] == 1
    open_link(car, platform)
    assert platform.bodies(TRIP_COMPLETED) == []


def test_a_switch_that_the_car_does_not_have_is_refused():
    car, _ = connected_car()
    with pytest.raises(UnknownSwitch):
        car.switch("massage_seats", on=False)
    assert car.core.switches()["trips"], "a refused input leaves the core in order"


class TestPolicy:
    @pytest.mark.req("LNK-8f")
    def test_without_a_policy_nothing_but_the_link_itself_leaves(self):
        car, platform = Car(), Platform()
        open_link(car, platform)
        converse(car, platform, car.set_level(Level.POSITION))
        converse(car, platform, car.drives())
        assert platform.types() == [LEVEL_CHANGED]
        assert platform.applied[Lane.STATUS] == []

    def test_it_is_answered_once_with_its_version_and_hash(self):
        car, platform = connected_car()
        car.hears("policy", platform.policy)
        assert platform.types().count("policy_accepted") == 1

    def test_it_survives_a_restart(self):
        car, _ = connected_car()
        name = car.core.policy_hash
        car.power_up()
        assert car.core.policy_hash == name
        assert car.core.level is Level.POSITION

    @pytest.mark.parametrize(
        "frame",
        [
            policy(0),
            policy(2, key=CAR_KEY),
            policy(2, vehicle=NEXT_OWNER),
            policy(1, issued=START - timedelta(days=1), off=["trips"]),
            b"no policy",
        ],
        ids=["older version", "another key", "another car", "issued before", "garbage"],
    )
    def test_one_that_is_older_or_not_ours_is_refused_and_changes_nothing(self, frame):
        car, _ = connected_car()
        name = car.core.policy_hash
        output = car.core.received(car.now, "policy", frame)
        assert output.frames == []
        assert [n.code for n in output.notices] == [NoticeCode.POLICY_REJECTED]
        assert car.core.policy_hash == name
        assert PolicyRejected.title()

    @pytest.mark.req("LNK-8f")
    def test_one_that_closes_a_service_purges_what_waits_of_it(self):
        car, platform = connected_car()
        car.disconnect()
        car.drives()
        platform.policy = policy(2, off=["trips"])
        open_link(car, platform)
        assert platform.bodies(TRIP_COMPLETED) == []
        assert len(platform.bodies(TRIP_PLACES)) == 1, "the places are a declaration of their own"

    def test_after_its_end_optional_services_close_and_what_waits_is_purged(self):
        car, platform = connected_car()
        car.disconnect()
        car.drives()
        assert car.core.wake_in_ms(car.now) is not None
        car.wait(31 * 86_400)
        assert car.core.outbox_fill == 0
        assert car.core.counts("deleted")["policy_expired"] == 2
        car.drives()
        platform.policy = b""
        open_link(car, platform)
        assert platform.bodies(TRIP_COMPLETED) == []

    @pytest.mark.req("LNK-8f")
    def test_a_contract_that_ended_is_not_reopened_by_setting_the_clock_back(self):
        car, platform = Car(), Platform(policy=policy(contract_ends=START + timedelta(days=1)))
        open_link(car, platform)
        converse(car, platform, car.set_level(Level.POSITION))
        car.wait(2 * 86_400)
        car.disconnect()
        open_link(car, platform)  # the platform tells the time
        car.ms -= 2 * 86_400_000
        assert car.senses(SAMPLE) == []
        car.trust = Trust.UNSET
        car.ms = 0
        assert car.senses(SAMPLE) == []

    def test_after_a_change_of_owner_nothing_of_the_previous_one_leaves(self):
        car, platform = connected_car()
        car.disconnect()
        car.drives()
        car.senses({vss.IGNITION: "ON", **SAMPLE})
        platform.policy = policy(2, tenure=NEXT_OWNER)
        open_link(car, platform)
        converse(car, platform, car.senses({vss.IGNITION: "OFF"}))
        assert platform.bodies(TRIP_COMPLETED) == []
        assert vss.LATITUDE not in platform.shown()
        assert car.core.counts("deleted")["owner_changed"] == 2
        converse(car, platform, car.drives())
        assert len(platform.bodies(TRIP_COMPLETED)) == 1, "the new owner's trips arrive"
