"""A recorded drive through the car's core: one trip, every distinct place, whatever is killed in between."""

from datetime import timedelta

import pytest

from openmarque.car.drive import Drive, read_drive
from openmarque.car.replay import Replay
from openmarque.kit.clock import from_ms, to_ms
from openmarque.protocol import signals as vss
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, TripCompleted, TripPlaces
from tests.cars import Car, Platform, converse, open_link, policy, status_body
from tests.drives import TRUTHS, Truth, as_csv, changed, drawn_rows, twizy

KILLED_AT = (1, 17, 60, 118, 119, 120, 121)
"""Rows of the drawn drive before which the car is killed: its ends, its middle, and around the ignition going off."""


def car_at(level: Level = Level.POSITION) -> tuple[Car, Platform]:
    car, platform = Car(), Platform(policy=policy())
    open_link(car, platform)
    converse(car, platform, car.set_level(level))
    return car, platform


def drawn() -> Drive:
    """Two minutes at 36 km/h, each fix held for 5 s."""
    return read_drive(as_csv(drawn_rows()))


def begin(car: Car, drive: Drive) -> Replay:
    return Replay(car.core, drive, "drive", from_ms(car.ms))


def step(run: Replay, car: Car, platform: Platform) -> None:
    """One row, and all that it leads to."""
    converse(car, platform, car.did(run.feed(car.core, car.now)))


def finish(run: Replay, car: Car, platform: Platform) -> None:
    while not run.is_fed:
        step(run, car, platform)
    converse(car, platform, car.did(run.finish(car.core, car.now)))


def trips(platform: Platform) -> list[TripCompleted]:
    return [b for b in platform.bodies(TRIP_COMPLETED) if isinstance(b, TripCompleted)]


def shown(platform: Platform) -> list[tuple[object, object]]:
    """Every place that the platform was told, in order."""
    bodies = [status_body(e).values for e in platform.applied[Lane.STATUS]]
    return [(values[vss.LATITUDE][0], values[vss.LONGITUDE][0]) for values in bodies if vss.LATITUDE in values]


def test_it_becomes_one_trip_that_ends_now_with_every_distinct_place():
    car, platform = car_at()
    drive, run = drawn(), begin(car, drawn())
    finish(run, car, platform)
    (trip,) = trips(platform)
    assert trip.duration_s == 119
    assert trip.distance_m == pytest.approx(1190, rel=1e-6)
    assert trip.ended_at == car.ms
    assert shown(platform) == list(dict.fromkeys((s.latitude, s.longitude) for s in drive.samples))
    (places,) = [b for b in platform.bodies(TRIP_PLACES) if isinstance(b, TripPlaces)]
    assert (places.start, places.end) == (shown(platform)[0], shown(platform)[-1])


@pytest.mark.req("LNK-3b")
@pytest.mark.parametrize("row", KILLED_AT)
def test_killed_before_any_row_it_goes_on_to_the_same_single_trip(row):
    undisturbed = car_at()
    finish(begin(undisturbed[0], drawn()), *undisturbed)
    car, platform = car_at()
    run = begin(car, drawn())
    for _ in range(row):
        step(run, car, platform)
    car.power_up()
    car.ms += 3_600_000
    open_link(car, platform)
    run = begin(car, drawn())
    assert run.row == row
    finish(run, car, platform)
    assert trips(platform) == trips(undisturbed[1])
    assert list(dict.fromkeys(shown(platform))) == shown(undisturbed[1])


def test_killed_after_the_end_and_before_the_last_acknowledgement_it_only_waits():
    car, platform = car_at()
    run = begin(car, drawn())
    while not run.is_fed:
        run.feed(car.core, car.now)
    car.power_up()
    open_link(car, platform)
    run = begin(car, drawn())
    assert run.is_fed
    finish(run, car, platform)
    assert len(trips(platform)) == 1


def test_a_drive_that_was_finished_can_be_driven_again():
    car, platform = car_at()
    for _ in range(2):
        finish(begin(car, drawn()), car, platform)
        car.ms += 600_000
    first, second = trips(platform)
    assert second.started_at == first.started_at + 600_000
    assert second.trip > first.trip


def test_the_report_counts_rows_and_messages_and_tells_the_original_times():
    car, platform = car_at()
    rows = changed(drawn_rows(), [50], "LAT", "0.000000")
    drive = read_drive(as_csv(rows))
    run = begin(car, drive)
    finish(run, car, platform)
    report = run.report(car.core).as_json()
    assert report["rows"] == {"read": 120, "refused": {"zero_position": 1}}
    assert report["messages"]["sent"] == report["messages"]["acknowledged"] == len(platform.applied[Lane.STATUS]) + 2
    assert report["messages"]["refused"] == {}
    assert report["original_started_at"] == "2021-03-29T11:13:45"


def test_at_a_chosen_speed_rows_are_due_as_they_were_driven_and_the_last_at_the_end():
    car, _ = car_at()
    run = begin(car, drawn())
    assert run.due_ms(10) == car.ms - 11_900
    run.feed(car.core, car.now)
    assert run.due_ms(10) == car.ms - 11_800
    assert run.due_ms(1) == car.ms - 118_000


@pytest.mark.parametrize("level", [Level.PRIVATE, Level.DATA])
def test_at_a_stricter_level_the_drive_tells_no_place(level):
    car, platform = car_at(level)
    finish(begin(car, drawn()), car, platform)
    assert shown(platform) == []
    assert platform.bodies(TRIP_PLACES) == []
    assert len(trips(platform)) == (1 if level is Level.DATA else 0)


@pytest.mark.req("TRP-1a", "TRP-1d")
@pytest.mark.parametrize("truth", [t for t in TRUTHS if t.good < 2_000], ids=lambda t: t.name)
def test_the_recorded_drives_give_the_trips_of_their_readme(truth: Truth):
    car, platform = car_at()
    drive = read_drive(twizy(truth.name))
    finish(begin(car, drive), car, platform)
    (trip,) = trips(platform)
    assert trip.distance_m / 1000 == pytest.approx(truth.distance_km, rel=0.005)
    assert trip.duration_s == pytest.approx(truth.duration_s, abs=2)
    assert (trip.soc_start, trip.soc_end) == (truth.soc_start, truth.soc_end)
    fixes = list(dict.fromkeys((s.latitude, s.longitude) for s in drive.samples))
    assert set(shown(platform)) <= set(fixes)
    assert len(set(shown(platform))) >= 0.9 * len(fixes)
    assert to_ms(from_ms(trip.started_at) + timedelta(seconds=trip.duration_s)) == trip.ended_at
