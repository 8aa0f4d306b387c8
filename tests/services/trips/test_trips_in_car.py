"""What ends a trip in the car: ignition off, or the driver's reset of the trip meter. REQ TRP-1, LNK-2."""

from collections.abc import Mapping
from dataclasses import replace

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


def driven(
    seconds: range,
    sensed: Mapping[str, Value],
    *,
    life: str = "first",
    wall_off_s: float = 0.0,
    is_known: bool = True,
    has_odometer: bool = True,
) -> list[Sample]:
    """Samples at 36 km/h at these seconds by the steady clock; the wall clock is off by `wall_off_s`."""
    samples = []
    for second in seconds:
        metres: dict[str, Value] = {"odometer": 1_000 + 10 * second} if has_odometer else {}
        at_ms = START_MS + round((second + wall_off_s) * 1000)
        values: dict[str, Value] = {vss.SPEED: 36.0}
        values |= {getattr(vss, name.upper()): value for name, value in (metres | dict(sensed)).items()}
        samples.append(
            Sample(
                *(at_ms, Level.POSITION, values, values, {}, MAY, Equipment(battery_kwh=11.6)),
                *(second * 1000, is_known, second * 1000, life),
            )
        )
    return samples


ON: dict[str, Value] = {"ignition": "ON"}
OFF: dict[str, Value] = {"ignition": "OFF"}
DECADES_S = -50 * 365 * 86_400.0
WEEKS_1024_S = -1024 * 7 * 86_400.0


@pytest.mark.req("TRP-1a", "TRP-1c")
@pytest.mark.parametrize(
    ("off_s", "is_known"), [(DECADES_S, False), (WEEKS_1024_S, True), (7_200.0, True), (-7_200.0, True), (30.0, True)]
)
def test_a_clock_set_during_the_drive_neither_cuts_nor_stretches_the_trip(off_s: float, is_known: bool) -> None:
    before = driven(range(60), ON, wall_off_s=off_s, is_known=is_known)
    (trip,) = follow([*before, *driven(range(60, 600), ON), *driven(range(600, 601), OFF)])
    assert (trip.duration_s, trip.ended_at - trip.started_at) == (600.0, 600_000)
    assert trip.started_at == START_MS, "dated by the clock that was right in the end"
    assert trip.distance_m == pytest.approx(6_000)


def test_one_reading_of_another_year_dates_nothing() -> None:
    lie = driven(range(600, 601), OFF, wall_off_s=10 * 365 * 86_400.0)
    (trip,) = follow([*driven(range(600), ON), *lie])
    assert (trip.started_at, trip.ended_at) == (START_MS, START_MS + 600_000)


@pytest.mark.req("TRP-1a")
@pytest.mark.parametrize("life", ["first", "second"])
def test_a_drive_that_lost_its_power_ended_with_its_last_sample(life: str) -> None:
    later_s = 600 + 3 * 86_400
    # In another life of the steady clock its numbers begin anew.
    (parked,) = driven(range(later_s, later_s + 1), OFF | {"speed": 0.0, "odometer": 7_000}, life=life)
    if life == "second":
        parked = replace(parked, steady_ms=5_000, sensed_steady_ms=5_000)
    (trip,) = follow([*driven(range(601), ON), parked])
    assert trip.duration_s == 600.0
    assert trip.distance_m == pytest.approx(6_000)


def test_a_drive_goes_on_after_a_short_restart_of_the_machine() -> None:
    again = driven(range(630, 700), ON, life="second")
    (trip,) = follow([*driven(range(601), ON), *again, *driven(range(700, 701), OFF, life="second")])
    assert (trip.duration_s, trip.gap_s) == (700.0, 30.0)
    assert trip.distance_m == pytest.approx(7_000)


def test_a_machine_that_was_off_while_nobody_knows_the_time_begins_another_trip() -> None:
    again = driven(range(630, 700), ON, life="second", wall_off_s=DECADES_S, is_known=False)
    off = driven(range(700, 701), OFF, life="second", wall_off_s=DECADES_S, is_known=False)
    first, second = follow([*driven(range(601), ON), *again, *off])
    assert (first.duration_s, second.duration_s) == (600.0, 70.0)


@pytest.mark.req("TRP-1c")
@pytest.mark.parametrize("every_s", [1, 10, 15, 60, 120])
def test_a_car_whose_sensors_speak_seldom_is_measured_by_its_odometer(every_s: int) -> None:
    (trip,) = follow([*driven(range(0, 1_200, every_s), ON), *driven(range(1_200, 1_201), OFF)])
    assert trip.duration_s == 1_200.0
    assert trip.distance_m == pytest.approx(12_000)


def charges(samples: list[Sample], per_km: float) -> list[Sample]:
    """The samples with a charge that falls from 80 % by `per_km` with each kilometre."""
    for one in samples:
        metres = float(one.sensed.get(vss.ODOMETER, 10 * one.steady_ms // 1000 + 1_000)) - 1_000
        one.sensed[vss.STATE_OF_CHARGE] = 80 - per_km * metres / 1_000
    return samples


@pytest.mark.req("TRP-1d")
def test_what_was_used_in_a_hole_of_unknown_length_is_left_out_with_the_hole() -> None:
    there = driven(range(600), ON, has_odometer=False)
    back = [*driven(range(720, 1_200), ON, has_odometer=False), *driven(range(1_200, 1_201), OFF, has_odometer=False)]
    (holed,) = follow(charges([*there, *back], 1.0))
    (whole,) = follow(charges([*driven(range(1_200), ON), *driven(range(1_200, 1_201), OFF)], 1.0))
    assert holed.distance_m == pytest.approx(5_990 + 4_800)
    assert holed.consumption_kwh_100km == pytest.approx(whole.consumption_kwh_100km, rel=1e-6)


@pytest.mark.parametrize("odometer", [0, 4_000_000_000])
def test_an_odometer_that_jumps_makes_no_distance_up(odometer: int) -> None:
    hole = driven(range(700, 701), ON | {"odometer": odometer})
    samples = [*driven(range(600), ON), *hole, *driven(range(701, 800), ON), *driven(range(800, 801), OFF)]
    (trip,) = follow(samples)
    assert 6_900 <= trip.distance_m <= 8_000


@pytest.mark.req("TRP-1d")
@pytest.mark.parametrize("every_s", [1, 60, 3_000])
def test_what_a_station_gave_is_not_driven_with(every_s: int) -> None:
    """100 minutes: 42 % used on the way, 36 % charged at a stop of 3,000 s with the ignition on."""
    there = driven(range(1_501), ON)
    for one in there:
        one.sensed[vss.STATE_OF_CHARGE] = 60 - 18 * one.steady_ms / 1_500_000
    stop = driven(range(1_501, 4_502, every_s), ON | {"speed": 0.0})
    for one in stop:
        one.sensed |= {vss.STATE_OF_CHARGE: 42 + 36 * (one.steady_ms / 1000 - 1_501) / 3_000, vss.ODOMETER: 16_000}
    back = driven(range(4_502, 6_003), ON)
    for one in back:
        one.sensed |= {
            vss.STATE_OF_CHARGE: 78 - 18 * (one.steady_ms / 1000 - 4_502) / 1_500,
            vss.ODOMETER: 16_000 + round((one.steady_ms / 1000 - 4_502) * 10),
        }
    trips = follow([*there, *stop, *back, *driven(range(6_003, 6_004), OFF | {"odometer": 31_000, "state_of_charge": 60.0})])
    used = [trip.consumption_kwh_100km for trip in trips]
    assert (
        used == [pytest.approx(0.36 * 11.6 / 30 * 100, rel=0.02)]
        if len(trips) == 1
        else all(one == pytest.approx(0.18 * 11.6 / 15 * 100, rel=0.02) for one in used)
    )
