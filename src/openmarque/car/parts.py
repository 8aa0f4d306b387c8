"""Finds the in-car parts of the installed services, ours and others' alike, and refuses a wrong manifest with its place and its cure.

A part is the value ``CAR`` of the module ``car`` in a service's folder; the folder is named by the service's entry point.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from typing import Any, Final, get_args, get_type_hints

import msgspec

from openmarque.catalogue.declarations import Service
from openmarque.kit.errors import OpenMarqueError
from openmarque.protocol.car_part import CarCommand, CarPart

_CAPABILITIES: Final = {
    "observe": ("state", "sample"),
    "wake": ("state", "woken", "sample"),
    "screen": ("state", "sample"),
    "glance": ("state",),
    "forget": ("state",),
}
"""The functions of a part, with what each is called with."""
_COMMAND: Final = {
    "begin": ("state", "command", "sample"),
    "outcome": ("state", "command", "sample"),
    "over": ("state", "command", "failed"),
}


class InvalidCarPart(OpenMarqueError):
    """A service's in-car half is not described as the car's core needs it."""

    code = "invalid-car-part"
    cure = "{cure}"

    def __init__(self, place: str, problem: str, cure: str) -> None:
        """`place` is the module, or the part of it, that is wrong."""
        super().__init__(f"{place}: {problem}", place=place, cure=cure)


def _raise(error: InvalidCarPart) -> None:
    raise error


def car_parts(services: Iterable[Service], refuse: Callable[[InvalidCarPart], None] = _raise) -> tuple[CarPart[Any], ...]:
    """The in-car parts of `services` in the order of their names; services without one are passed over.

    `refuse` is told of each manifest that is wrong, and of the second of two services that begin one command; that one is left out.
    Without it ``InvalidCarPart`` is raised for the first.
    """
    found: list[CarPart[Any]] = []
    begun_by: dict[str, str] = {}
    for service in sorted(services, key=lambda s: s.name):
        module = f"{service.package}.car"
        if not service.package or find_spec(module) is None:
            continue
        try:
            part = _part(module, service)
            _check_alone(f"{module}.CAR.commands", part, begun_by)
        except InvalidCarPart as error:
            refuse(error)
            continue
        begun_by |= dict.fromkeys(part.commands, module)
        found.append(part)
    return tuple(found)


def _check_alone(place: str, part: CarPart[Any], begun_by: Mapping[str, str]) -> None:
    for command in part.commands:
        if command in begun_by:
            cure = f"Give the command another name in one of them; {begun_by[command]} has it, too."
            raise InvalidCarPart(place, f"two services begin {command!r}.", cure)


def part_functions(parts: Iterable[CarPart[Any]]) -> Iterator[tuple[str, str, Callable[..., object]]]:
    """Each function of the in-car parts, for people: what it is for ("in the car: command"), the name of that, and the function."""
    for part in parts:
        given = ((name, getattr(part, name)) for name in _CAPABILITIES)
        yield from ((f"in the car: {name}", part.name, function) for name, function in given if function is not None)
        yield from (("in the car: command", name, command.begin) for name, command in part.commands.items())
        yield from (("in the car: setting", kind, configure) for kind, configure in part.configure.items())


def glance_texts(part: CarPart[Any]) -> Iterator[str]:
    """The keys of the texts that a part's `glance` needs. Raises ``InvalidCarPart`` where its result is annotated as no choice."""
    if part.glance is None:
        return
    place = f"{part.glance.__module__}.{getattr(part.glance, '__qualname__', 'glance')}"
    try:
        result = get_type_hints(part.glance).get("return")
    except (NameError, TypeError) as error:
        raise InvalidCarPart(place, f"its result can't be read ({error}).", _GLANCE_CURE) from error
    choices = (
        [choice.value for choice in result] if isinstance(result, type) and issubclass(result, StrEnum) else get_args(result)
    )
    if not choices or not all(isinstance(choice, str) for choice in choices):
        raise InvalidCarPart(place, "nobody knows which texts it may show.", _GLANCE_CURE)
    yield from (f"glance.{part.name}.{key}" for key in ("name", *choices))


_GLANCE_CURE: Final = 'Annotate its result with the keys of its texts: Literal["…", …] or a StrEnum.'


def _part(module: str, service: Service) -> CarPart[Any]:
    place = f"{module}.CAR"
    try:
        part = getattr(import_module(module), "CAR", None)
    except Exception as error:
        raise InvalidCarPart(module, f"it can't be imported ({type(error).__name__}: {error}).", "Mend the module.") from error
    if part is None:
        raise InvalidCarPart(place, "it is missing.", f"Add CAR = CarPart({service.name!r}, ...), or remove the module.")
    if not isinstance(part, CarPart):
        raise InvalidCarPart(place, f"it is a {type(part).__name__}.", "Make it an openmarque.protocol.car_part.CarPart.")
    if part.name != service.name:
        raise InvalidCarPart(place, f"it is called {part.name!r}.", f"Call it {service.name!r}, as its entry point does.")
    _check_state(place, part.state)
    for name, takes in _CAPABILITIES.items():
        _check_function(f"{place}.{name}", getattr(part, name), takes)
    for name, command in part.commands.items():
        _check_command(f"{place}.commands[{name!r}]", command)
    for kind, configure in part.configure.items():
        _check_function(f"{place}.configure[{kind!r}]", configure, ("state", "body", "sample"))
    _check_declared(f"{place}.commands", part.commands, service, [c.name for d in service.declarations for c in d.commands])
    _check_declared(f"{place}.configure", part.configure, service, [c.kind for d in service.declarations for c in d.documents])
    return part


def _check_declared(place: str, names: Iterable[str], service: Service, declared: list[str]) -> None:
    for name in names:
        if name not in declared:
            cure = f"List it in a declaration of {service.package}; known are {', '.join(sorted(declared)) or 'none'}."
            raise InvalidCarPart(f"{place}[{name!r}]", "no declaration of the service lists it.", cure)


def _check_state(place: str, state: object) -> None:
    cure = "Make it a frozen msgspec.Struct whose fields all have defaults (Stateless where there is nothing to remember)."
    if not (isinstance(state, type) and issubclass(state, msgspec.Struct)) or not state.__struct_config__.frozen:
        raise InvalidCarPart(f"{place}.state", "it is no frozen struct.", cure)
    try:
        state()
    except Exception as error:
        raise InvalidCarPart(f"{place}.state", f"it can't be made without arguments ({error}).", cure) from error


def _check_command(place: str, command: object) -> None:
    if not isinstance(command, CarCommand):
        raise InvalidCarPart(place, f"it is a {type(command).__name__}.", "Make it an openmarque.protocol.car_part.CarCommand.")
    if command.begin is None:
        raise InvalidCarPart(f"{place}.begin", "it is missing.", "Give the function that begins the command.")
    for name, takes in _COMMAND.items():
        _check_function(f"{place}.{name}", getattr(command, name), takes)


def _check_function(place: str, function: object, takes: tuple[str, ...]) -> None:
    """None is a capability that the part does not have."""
    if function is None:
        return
    cure = f"Make it a function of ({', '.join(takes)})."
    if not callable(function):
        raise InvalidCarPart(place, f"it is a {type(function).__name__}, which is no function.", cure)
    if not _takes(function, len(takes)):
        raise InvalidCarPart(place, "it takes other arguments.", cure)


def _takes(function: Callable[..., object], arguments: int) -> bool:
    try:
        signature(function).bind(*range(arguments))
    except TypeError:
        return False
    return True
