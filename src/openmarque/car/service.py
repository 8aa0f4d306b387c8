"""The in-car parts of the installed services: the shape each has, and how they are found.

A service folder that has something to do in the car has a module ``car`` with a value ``IN_CAR`` of this shape. It is found through
the same entry points as the service's declarations, ours and others' alike.
"""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, runtime_checkable

import msgspec

from openmarque.catalogue.declarations import Service
from openmarque.kit.errors import OpenMarqueError
from openmarque.protocol.sensing import Begun, Command, Ended, Sample, Screened, Taken


class CarService(Protocol):
    """What a service does with samples. Methods are pure: the same state and sample give the same result, and neither changes."""

    @property
    def name(self) -> str:
        """The service's name; its state is stored under it."""
        ...

    @property
    def state(self) -> type[msgspec.Struct]:
        """A frozen struct that can be made without arguments: how the service stands in a new car, or after a change of owner."""
        ...

    def take(self, state: Any, sample: Sample) -> Taken[Any]:
        """What to make of a sample. Never raises for anything a sensor can say within its signal's limits."""
        ...

    def forget(self, state: Any) -> Any:
        """The state without anything of the present owner; counters that must never repeat stay."""
        ...


@runtime_checkable
class Screen(Protocol):
    """A service that also judges which values can be believed, before any service sees them."""

    def screen(self, state: Any, sample: Sample) -> Screened[Any]:
        """Which paths of `sample.sensed` to drop, and why."""
        ...


@runtime_checkable
class CommandHandler(Protocol):
    """A service that carries out commands. Methods are pure. It is asked only after every other check of a remote command (``car.remote_commands``)."""

    @property
    def commands(self) -> frozenset[str]:
        """Names of commands that its declarations list."""
        ...

    def begin(self, state: Any, command: Command, sample: Sample) -> Begun[Any]:
        """May the car do it now, by what its sensors last said (`sample.latest`)? A value that is not there proves nothing."""
        ...

    def outcome(self, state: Any, command: Command, sample: Sample) -> Ended | None:
        """Whether the sensors show that it is done, or that it won't be; None: not yet. The core ends it when the time is over."""
        ...

    def over(self, state: Any, command: Command) -> Any:
        """The state after a command that began has ended, whichever way."""
        ...


class InvalidCarService(OpenMarqueError):
    """A service's in-car part has not the shape that the car's core expects."""

    code = "invalid-car-service"


def car_services(services: Iterable[Service]) -> tuple[CarService, ...]:
    """The in-car parts of `services` in the order of their names; services without one are passed over.

    Raises ``InvalidCarService`` for a module ``car`` without a fitting ``IN_CAR``.
    """
    found: list[CarService] = []
    for service in sorted(services, key=lambda s: s.name):
        name = f"{service.package}.car"
        if not service.package or find_spec(name) is None:
            continue
        in_car = getattr(import_module(name), "IN_CAR", None)
        if in_car is None or not callable(getattr(in_car, "take", None)) or in_car.name != service.name:
            raise InvalidCarService(f"{name} has no IN_CAR for the service {service.name!r}.")
        found.append(in_car)
    return tuple(found)
