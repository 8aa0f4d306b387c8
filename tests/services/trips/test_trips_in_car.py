"""What ends a trip in the car: ignition off, or the driver's reset of the trip meter. REQ TRP-1, LNK-2."""

import pytest

from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import Equipment, Outgoing, Sample
from openmarque.protocol.signals import Value
from openmarque.services.trips.car import TripsState, observe
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, TripCompleted

START_MS = 1_795_000_000_000
MAY = frozenset((TRIP_COMPLETED, TRIP_PLACES))


def sample(second: int, **sensed: Value) -> Sample:
    values = {vss.SPEED: 36.0} | {getattr(vss, name.upper()): value for name, value in sensed.items()}
    return Sample(START_MS + second * 1000, Level.POSITION, values, values, {}, MAY, Equipment(battery_kwh=11.6))


def follow(samples: list[Sample]) -> list[TripCompleted]:
    """The figures of every trip that was handed out."""
    state, out = TripsState(), list[Outgoing]()
    for one in samples:
        step = observe(state, one)
        state = step.state
        out += step.messages
    return [message.body for message in out if isinstance(message.body, TripCompleted)]


def minute(*, reset_at: int | None = None) -> list[Sample]:
    """A minute at 36 km/h; the trip meter starts at 500 m and is set to zero at `reset_at`."""
    samples = [sample(0, ignition="ON", trip_meter=500)]
    for second in range(1, 60):
        since = second if reset_at is None or second < reset_at else second - reset_at
        metres = since * 10 + (500 if reset_at is None or second < reset_at else 0)
        samples.append(sample(second, trip_meter=metres))
    return [*samples, sample(60, ignition="OFF", trip_meter=10_000)]


@pytest.mark.req("LNK-2g", "TRP-1b")
def test_a_reset_of_the_trip_meter_ends_the_trip_and_begins_the_next() -> None:
    (whole,) = follow(minute())
    first, second = follow(minute(reset_at=20))
    assert (first.duration_s, second.duration_s) == (20.0, 40.0)
    assert first.ended_at == second.started_at
    assert first.trip < second.trip
    assert first.distance_m + second.distance_m == pytest.approx(whole.distance_m)


def test_a_reset_before_the_ignition_is_on_makes_no_trip() -> None:
    assert follow([sample(0, trip_meter=500, ignition="OFF"), sample(1, trip_meter=0)]) == []


def test_a_reading_that_only_grows_resets_nothing() -> None:
    assert len(follow(minute())) == 1


@pytest.mark.parametrize(("fuel", "consumption"), [({}, 100 * 11.6 * 0.05 / 3.0), ({"fuel_level": 60}, None)])
def test_the_charge_used_is_the_consumption_of_a_car_that_burns_no_fuel(fuel, consumption) -> None:
    ends: dict[int, dict[str, Value]] = {
        0: {"ignition": "ON", "state_of_charge": 80.0},
        300: {"ignition": "OFF", "state_of_charge": 75.0},
    }
    (trip,) = follow([sample(second, **ends.get(second, {"state_of_charge": 78.0}), **fuel) for second in range(0, 301, 5)])
    assert trip.distance_m == pytest.approx(3_000)
    assert trip.consumption_kwh_100km == (None if consumption is None else pytest.approx(consumption))
