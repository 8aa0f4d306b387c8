"""What the body of a simulated car does on commands: the effects that installed services bring.

A service whose commands move something gives ``EFFECTS`` in the module ``body`` of its folder: for each of these commands, by name, an
``Effect`` on what the body has, or on what its sensors say of a part that it has not. A simulated car has no actuator for a command without one.
"""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec

from openmarque.catalogue.declarations import Service
from openmarque.kit.errors import OpenMarqueError
from openmarque.simulator.fleet.body import Effect, Effects


class InvalidEffects(OpenMarqueError):
    """What a service brings for the body of a simulated car is not described as the body needs it."""

    code = "invalid-effects"
    cure = "{cure}"

    def __init__(self, place: str, problem: str, cure: str) -> None:
        """`place` is the module, or the effect, that is wrong."""
        super().__init__(f"{place}: {problem}", place=place, cure=cure)


def body_effects(services: Iterable[Service]) -> Effects:
    """The effects of a body with these services. Raises ``InvalidEffects`` for the first that is wrong."""
    effects: dict[str, Effect] = {}
    for service in services:
        module = f"{service.package}.body"
        if service.package and find_spec(module) is not None:
            effects |= _brought(f"{module}.EFFECTS", getattr(import_module(module), "EFFECTS", None), service)
    return effects


def _brought(place: str, effects: object, service: Service) -> Effects:
    if not isinstance(effects, dict):
        raise InvalidEffects(place, "it is missing, or no mapping.", "Give EFFECTS = {name of a command: Effect(...)}.")
    declared = {spec.name for declaration in service.declarations for spec in declaration.commands}
    for name, effect in effects.items():
        if name not in declared:
            cure = f"List it in a declaration of {service.package}; known are {', '.join(sorted(declared)) or 'none'}."
            raise InvalidEffects(f"{place}[{name!r}]", "no declaration of the service lists this command.", cure)
        if not isinstance(effect, Effect):
            cure = "Make it an openmarque.simulator.fleet.body.Effect."
            raise InvalidEffects(f"{place}[{name!r}]", f"it is a {type(effect).__name__}.", cure)
    return effects
