"""The trips service in the car: measures from ignition on to ignition off. REQ TRP-1.

Rules:
    1. A trip is measured only while its message may be captured. When the privacy level, a switch or the policy forbids it in
       between, what was measured is dropped and nothing more is until the next ignition on: nothing sensed then can leave later.
    2. The places need more (``Level.POSITION``): they are sent in a message of their own when the first and the last believed
       fix of the trip were both sensed while that message was allowed.
    3. The driver's reset of the trip meter (its reading falls) ends the running trip and begins the next one at the same sample,
       so that the two together are as long as the whole.
    4. What the sensors leave out is not made up. A trip whose ignition went off unseen ended with its last sample: so where the next sample
       says that it is off and the odometer has not moved, where the car was without samples for ``LONGEST_HOLE_MS``, and where its machine was
       off and no clock tells for how long. What follows is another trip.
    5. Trips are numbered upwards over the car's life, so that a number never means two trips. A number is not below the seconds of
       the clock at the trip's start, and so above those that a memory lost since had given.
"""

from typing import Final, Literal

import msgspec

from openmarque.kit.clock import to_ms
from openmarque.protocol import signals as vss
from openmarque.protocol.car_part import CarPart
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import Outgoing, Sample, Step
from openmarque.services.trips.declaration import SERVICE
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, Place, TripCompleted, TripPlaces
from openmarque.services.trips.rules import LONGEST_STEP_MS, Reading, TripMeter, advance, elapsed_ms, finish, has_moved, start

_RUNNING: Final = frozenset(("ON", "START"))
"""Values of Vehicle.LowVoltageSystemState (VSS 6.0) in which the car can drive."""
LONGEST_HOLE_MS: Final = 30 * 60_000
"""As long as a tunnel, a ferry or a charging car that sleeps may leave the sensors silent within a trip; a stop of that length for
other reasons has the ignition off in nearly all cars by themselves."""


class SensedPlace(msgspec.Struct, frozen=True):
    """A believed fix in degrees, the level at which it was captured, and whether the places message was allowed then."""

    latitude: float
    longitude: float
    level: Level
    allowed: bool


class TripsState(msgspec.Struct, frozen=True):
    """The running trip, if any, and the number of the next one. `level` is the strictest while the trip was measured."""

    next_trip: int = 1
    ignition_on: bool = False
    meter: TripMeter | None = None
    level: Level = Level.POSITION
    first: SensedPlace | None = None
    last: SensedPlace | None = None
    reading: float | None = None
    """Newest reading of the driver's trip meter, metres."""


def observe(state: TripsState, sample: Sample) -> Step[TripsState]:
    """Follow the ignition and feed the meter with each sample that has a wheel speed."""
    ignition = sample.sensed.get(vss.IGNITION)
    is_on = state.ignition_on if ignition is None else ignition in _RUNNING
    just_started = is_on and not state.ignition_on
    reading = _number(sample.sensed.get(vss.TRIP_METER))
    is_reset = reading is not None and state.reading is not None and reading < state.reading
    if is_on != state.ignition_on or reading is not None:
        state = msgspec.structs.replace(state, ignition_on=is_on, reading=state.reading if reading is None else reading)
    if TRIP_COMPLETED not in sample.may_send:
        return Step(_dropped(state))
    had_ended = _had_ended(state, sample, is_on=is_on)
    if not had_ended and (is_on or state.meter is not None):
        state = _measured(state, sample, just_started=just_started)
    if state.meter is None or (is_on and not is_reset and not had_ended):
        return Step(state)
    number = max(state.next_trip, state.meter.started_ms // 1000)
    messages = _messages(number, state, state.meter, sample)
    rest = TripsState(next_trip=number + 1, ignition_on=is_on, reading=state.reading)
    return Step(_measured(rest, sample, just_started=True) if is_on else rest, messages=messages)


def _had_ended(state: TripsState, sample: Sample, *, is_on: bool) -> bool:
    """Whether the running trip ended before this sample, with its last one (rule 4)."""
    if state.meter is None:
        return False
    reading = _reading(sample, 0.0)
    hole_ms = elapsed_ms(state.meter, reading)
    if hole_ms is None or hole_ms > LONGEST_HOLE_MS:
        return True
    return not is_on and hole_ms >= LONGEST_STEP_MS and not has_moved(state.meter, reading.odometer_m)


def glance(state: TripsState) -> Literal["none", "running"]:
    """Whether a trip is being measured."""
    return "none" if state.meter is None else "running"


def _dropped(state: TripsState) -> TripsState:
    """The state without the running trip."""
    if state.meter is None and state.first is None:
        return state
    return TripsState(next_trip=state.next_trip, ignition_on=state.ignition_on, reading=state.reading)


def _measured(state: TripsState, sample: Sample, *, just_started: bool) -> TripsState:
    """The state with one more sample. A trip begins only with the ignition, never in its middle."""
    speed = _number(sample.sensed.get(vss.SPEED, sample.latest.get(vss.SPEED) if just_started else None))
    if speed is None and just_started:
        speed = 0.0  # a car that says nothing of its wheels when it wakes up stands still
    if speed is None or (state.meter is None and not just_started):
        return state
    reading = _reading(sample, speed)
    top_speed_kmh = sample.equipment.top_speed_kmh
    meter = start(reading) if state.meter is None else advance(state.meter, reading, top_speed_kmh)
    place = _place(sample)
    return TripsState(
        next_trip=state.next_trip,
        ignition_on=state.ignition_on,
        meter=meter,
        level=min(state.level, sample.level),
        first=state.first or place,
        last=place or state.last,
        reading=state.reading,
    )


def _reading(sample: Sample, speed: float) -> Reading:
    return Reading(
        sample.at_ms,
        abs(speed),
        _number(sample.latest.get(vss.STATE_OF_CHARGE)),
        _number(sample.latest.get(vss.ODOMETER)),
        sample.sensed_steady_ms,
        sample.life,
        sample.is_time_known,
    )


def _place(sample: Sample) -> SensedPlace | None:
    latitude, longitude = _number(sample.sensed.get(vss.LATITUDE)), _number(sample.sensed.get(vss.LONGITUDE))
    if latitude is None or longitude is None:
        return None
    return SensedPlace(latitude, longitude, sample.level, TRIP_PLACES in sample.may_send)


def _messages(number: int, state: TripsState, meter: TripMeter, sample: Sample) -> tuple[Outgoing, ...]:
    # Where fuel drives the car too, the charge used is a part of what it consumed, and no figure is better than that one.
    summary = finish(meter, None if vss.FUEL_LEVEL in sample.latest else sample.equipment.battery_kwh)
    started = to_ms(summary.started_at)
    figures = TripCompleted(
        trip=number,
        started_at=started,
        ended_at=to_ms(summary.ended_at),
        duration_s=summary.duration_s,
        travel_s=summary.travel_duration_s,
        distance_m=summary.distance_m,
        mean_speed_kmh=summary.mean_speed_kmh,
        soc_start=summary.soc_start,
        soc_end=summary.soc_end,
        consumption_kwh_100km=summary.mean_consumption_kwh_100km,
        gap_s=meter.gap_ms / 1000,
    )
    completed = Outgoing(TRIP_COMPLETED, figures, min(state.level, sample.level))
    first, last = state.first, state.last
    if first is None or last is None or not (first.allowed and last.allowed and TRIP_PLACES in sample.may_send):
        return (completed,)
    ends = (Place(end.latitude, end.longitude) for end in (first, last))
    places = TripPlaces(number, started, *ends)
    return completed, Outgoing(TRIP_PLACES, places, min(first.level, last.level, sample.level))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


CAR: Final = CarPart(SERVICE.name, TripsState, observe=observe, glance=glance, forget=_dropped)
"""One ``TripCompleted`` a trip at ignition off or trip reset and, where it may, one ``TripPlaces`` after it. The numbering outlives an owner."""
