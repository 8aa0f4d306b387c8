"""What a world is made of, so that one part can be broken on purpose; and faults planted that way, with the seed that finds each."""

from dataclasses import dataclass, field

from openmarque.simulator.world.car import CarParts
from openmarque.simulator.world.cloud import CloudParts


@dataclass(frozen=True)
class Parts:
    """The parts of the platform and of the cars; as they are unless something is planted."""

    cloud: CloudParts = field(default_factory=CloudParts)
    car: CarParts = field(default_factory=CarParts)


@dataclass(frozen=True)
class PlantedFault:
    """One promise broken the way a plausible mistake would break it.

    The world of `seed`, rough for `steps` steps, breaks one of `reported_as`. ``python -m tools.planted`` searches the seed anew when a change has
    made another world of it; `name` completes the sentence "a world that …".
    """

    name: str
    parts: Parts
    reported_as: frozenset[str]
    seed: int
    steps: int = 1_500
