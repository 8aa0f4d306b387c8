"""Trips in the deterministic world: what was really driven, beside what the platform keeps. REQ TRP-1.

Driving itself is the world's; this part remembers each trip with its samples, and knows which of them had no reason to be missing.

Invariants here (names as reported):
    stored-twice                 each trip, and its places, are there once
    stored-changed               a stored trip is never changed or deleted
    stored-under-stricter-level  the level allowed it at every sample of the trip, and the position at both of its ends
    stored-for-another-tenure    nothing of a trip that began before the present tenure
    trip-missing                 in the end every trip is there that was measured, and not deleted for a reason
    places-missing               so are its places, if there were any, and they could be told from its beginning on
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from openmarque.catalogue.events import Event
from openmarque.kit.ids import VehicleId
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import Sample, Step
from openmarque.services.trips.car import CAR, TripsState
from openmarque.services.trips.declaration import SERVICE, TRIP, TRIP_PLACE, TRIP_PLACES_DECLARATION, TRIPS
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, TripCompleted, TripPlaces
from openmarque.simulator.world.car import CarParts, WorldCar
from openmarque.simulator.world.database import Write
from openmarque.simulator.world.ground import Ground
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.part import Sensed, Silence, Watch, WorldPart
from openmarque.simulator.world.parts import Parts, PlantedFault
from openmarque.simulator.world.seen import SeenCar, Sent
from openmarque.simulator.world.view import View

_MENDED_MS: Final = 21 * 60_000
"""How far a mended time may be off: the way of the answer that told the time, the latest frame included."""


class DrivenSample(NamedTuple):
    """A sample of a trip: when by the car's clock, when in truth, and the level in force."""

    at_ms: int
    true_ms: int
    level: Level


@dataclass(slots=True)
class DrivenTrip:
    """A trip as it really was: its samples, in order, and whether the car was ever told where it was from ignition on to off."""

    samples: list[DrivenSample] = field(default_factory=list)
    has_place: bool = False

    @property
    def began_ms(self) -> int:
        """The true instant of its first sample."""
        return self.samples[0].true_ms

    def levels_from(self, started_ms: int, off_ms: int) -> list[Level]:
        """The levels in force from the sample on that a message names by its time; empty when it is none of this trip.

        A car whose clock was not set mends the time once the platform told it. The message then names the true time, nearly, or, when
        the clock jumped within the trip, one that is off by no more than the clock was: `off_ms` (0: it was never off).
        """
        for index, sample in enumerate(self.samples):
            if sample.at_ms == started_ms:
                return [s.level for s in self.samples[index:]]
        return [s.level for s in self.samples] if off_ms and abs(self.began_ms - started_ms) <= off_ms + _MENDED_MS else []


@dataclass(slots=True)
class StoredTrips:
    """What the platform keeps of one car: the start of each trip by its number, as the car said it, and the numbers with places."""

    trips: dict[int, int] = field(default_factory=dict)
    places: set[int] = field(default_factory=set)

    def copy(self) -> "StoredTrips":
        """The same, apart."""
        return StoredTrips(dict(self.trips), set(self.places))


class TripsWatch:
    """One world's trips."""

    def __init__(self, view: View) -> None:
        """Nobody has driven yet."""
        self._view = view
        self._running: dict[VehicleId, DrivenTrip] = {}
        self._driven: dict[VehicleId, list[DrivenTrip]] = defaultdict(list)
        self._ended: dict[VehicleId, list[DrivenTrip]] = defaultdict(list)
        self._stored: dict[VehicleId, StoredTrips] = defaultdict(StoredTrips)

    # Driving

    def sensed(self, car: WorldCar, sensed: Sensed) -> None:
        """Follow the ignition, which each sample of the world's driver says. A car that was down since before the last ignition off can't tell the two trips apart."""
        vehicle_id = car.vehicle_id
        trip = self._running.get(vehicle_id)
        if not sensed.kept or vss.IGNITION not in sensed.values or (trip is None and not sensed.is_driving):
            return
        if trip is None:
            trip = self._running[vehicle_id] = DrivenTrip()
            self._driven[vehicle_id].append(trip)
        trip.has_place |= vss.LATITUDE in sensed.values
        if sensed.is_driving:
            # A car that died after the commit stands at the level that it had before.
            before = trip.samples[-1].level if trip.samples else Level.POSITION
            level = before if sensed.level is None else sensed.level
            trip.samples.append(DrivenSample(sensed.at_ms, sensed.true_ms, level))
        else:
            self._ended[vehicle_id].append(self._running.pop(vehicle_id))

    # What is stored

    def wrote_trip(self, write: Write) -> None:
        """A trip was stored."""
        _require_new(write)
        row: Event[TripCompleted] = write.after
        ground, vehicle_id = self._view.check_stored(row), row.message.vehicle_id
        seen, stored = self._view.cars[vehicle_id], self._stored[vehicle_id]
        if row.body.trip in stored.trips or row.body.started_at in stored.trips.values():
            raise InvariantBroken("stored-twice", f"{seen.name} trip {row.body.trip}")
        stored.trips[row.body.trip] = row.body.started_at
        self._check_source(vehicle_id, row.body, ground)

    def _check_source(self, vehicle_id: VehicleId, trip: TripCompleted, ground: Ground) -> None:
        seen = self._view.cars[vehicle_id]
        sources = [
            (source, levels)
            for source in self._driven[vehicle_id]
            if (levels := source.levels_from(trip.started_at, seen.clock_off_ms))
        ]
        if all(source.began_ms < ground.since_ms for source, _ in sources):
            raise InvariantBroken("stored-for-another-tenure", f"{seen.name} trip {trip.trip} began before the tenure")
        if all(min(levels) < Level.DATA for _, levels in sources):
            raise InvariantBroken(
                "stored-under-stricter-level", f"{seen.name} trip {trip.trip}: the level was lower in between"
            )

    def wrote_place(self, write: Write) -> None:
        """The places of a trip were stored."""
        _require_new(write)
        row: Event[TripPlaces] = write.after
        ground, vehicle_id = self._view.check_stored(row), row.message.vehicle_id
        seen, stored = self._view.cars[vehicle_id], self._stored[vehicle_id]
        if row.body.trip in stored.places:
            raise InvariantBroken("stored-twice", f"{seen.name} places of trip {row.body.trip}")
        stored.places.add(row.body.trip)
        for latitude, longitude in (row.body.start, row.body.end):
            _check_fix(seen, ground, vss.LATITUDE, latitude)
            _check_fix(seen, ground, vss.LONGITUDE, longitude)

    def holds_trip(self, vehicle_id: VehicleId, sent: Sent) -> bool:
        """Whether the trip that this message tells is stored."""
        assert isinstance(sent.about, TripCompleted)
        return sent.about.trip in self._stored[vehicle_id].trips

    def holds_places(self, vehicle_id: VehicleId, sent: Sent) -> bool:
        """Whether the places that this message tells are stored."""
        assert isinstance(sent.about, TripPlaces)
        return sent.about.trip in self._stored[vehicle_id].places

    def mark(self) -> dict[VehicleId, StoredTrips]:
        """What is stored now."""
        return {vehicle_id: stored.copy() for vehicle_id, stored in self._stored.items()}

    def restored(self, mark: Mapping[VehicleId, StoredTrips]) -> None:
        """Only that is stored now."""
        self._stored = defaultdict(StoredTrips, {vehicle_id: stored.copy() for vehicle_id, stored in mark.items()})

    # The end

    def ask(self, car: WorldCar, _silence: Silence) -> Mapping[str, int]:
        """Is every trip there that had no reason not to be, with its places?"""
        seen, stored = self._view.cars[car.vehicle_id], self._stored[car.vehicle_id]
        lost_ms = max(seen.lost_ms, seen.closed_ms.get(TRIPS.name, 0))
        places_lost_ms = seen.closed_ms.get(TRIP_PLACES_DECLARATION.name, 0)
        trips = places = 0
        for trip in self._ended[car.vehicle_id]:
            if trip.began_ms <= lost_ms:
                continue
            trips += 1
            numbers = [n for n, started_ms in stored.trips.items() if trip.levels_from(started_ms, seen.clock_off_ms)]
            what = f"{car.name} a trip of {len(trip.samples)} samples from {trip.began_ms}"
            if not numbers:
                raise InvariantBroken("trip-missing", what)
            if trip.has_place and trip.began_ms > places_lost_ms:
                places += 1
                if stored.places.isdisjoint(numbers):
                    raise InvariantBroken("places-missing", what)
        return {"trips": trips, "places": places}


def _require_new(write: Write) -> None:
    if write.before is not None or write.after is None:
        raise InvariantBroken("stored-changed" if write.after is None else "stored-twice", f"{write.key}")


def _check_fix(seen: SeenCar, ground: Ground, path: str, value: float) -> None:
    origin = seen.origins.get((path, value))
    if origin is None or origin.level < Level.POSITION:
        raise InvariantBroken("stored-under-stricter-level", f"{seen.name} place sensed at {origin}")
    if origin.at_ms < ground.since_ms:
        raise InvariantBroken("stored-for-another-tenure", f"{seen.name} place sensed before the tenure")


def watch(view: View) -> Watch:
    """What is looked at in one world."""
    trips = TripsWatch(view)
    return Watch(
        sensed=trips.sensed,
        tables={TRIP.table: trips.wrote_trip, TRIP_PLACE.table: trips.wrote_place},
        holds={TRIP_COMPLETED: trips.holds_trip, TRIP_PLACES: trips.holds_places},
        mark=trips.mark,
        restored=trips.restored,
        ask=trips.ask,
    )


# Planted faults


def forgets_trips(state: TripsState, sample: Sample) -> Step[TripsState]:
    """A trip is measured and not told."""
    assert CAR.observe is not None
    return replace(CAR.observe(state, sample), messages=())


def forgets_places(state: TripsState, sample: Sample) -> Step[TripsState]:
    """Only the first message of a trip is told."""
    assert CAR.observe is not None
    step = CAR.observe(state, sample)
    return replace(step, messages=step.messages[:1])


def _in_car(observe: Callable[[TripsState, Sample], Step[TripsState]]) -> Parts:
    return Parts(car=CarParts(services={SERVICE.name: replace(CAR, observe=observe)}))


WORLD: Final = WorldPart(
    SERVICE.name,
    watch=watch,
    planted=(
        PlantedFault("forgets trips", _in_car(forgets_trips), frozenset({"trip-missing"}), seed=2),
        PlantedFault("forgets the places of trips", _in_car(forgets_places), frozenset({"places-missing"}), seed=3),
    ),
)
"""Driving is the world's own; what was driven has to be kept, and nothing else."""
