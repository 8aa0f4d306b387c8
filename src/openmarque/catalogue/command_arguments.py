"""The arguments of remote commands: read against what the command declares, and spelt as they are signed (as a form: ``catalogue.forms``). Pure.

``catalogue.capabilities`` has seen to it that every argument is a bool, a whole number with both limits, a choice or a short ASCII text.
"""

from collections.abc import Mapping

import msgspec

from openmarque.catalogue.forms import Problem, misfits
from openmarque.kit.errors import CallerError

Argument = bool | int | str
Arguments = Mapping[str, Argument]
"""Arguments by name, as they are signed and kept: all of them, in the order in which the command declares them."""


class ArgumentInvalid(CallerError):
    """An argument of this command is missing, or is not what the command takes."""

    code = "argument-invalid"
    cure = "Give `{argument}` as: {limits}."
    http_status = 422


class ArgumentUnknown(CallerError):
    """This command has no such argument."""

    code = "argument-unknown"
    cure = "Leave `{argument}` out. The command takes: {arguments}."
    http_status = 422


def read_arguments(kind: type[msgspec.Struct], given: Mapping[str, object]) -> msgspec.Struct:
    """The typed arguments of a command that takes `kind`; what is left out has its default.

    Raises ``ArgumentUnknown`` or ``ArgumentInvalid`` with the name and the limits of the first that is wrong. Total for every JSON.
    """
    for misfit in misfits(kind, given):
        (name,) = misfit.place
        if misfit.problem is Problem.UNKNOWN:
            raise ArgumentUnknown(argument=name, arguments=misfit.limits)
        raise ArgumentInvalid(
            "It is missing." if misfit.problem is Problem.MISSING else "", argument=name, limits=misfit.limits
        )
    return msgspec.convert(dict(given), kind, strict=True)


def spelled(arguments: msgspec.Struct) -> dict[str, Argument]:
    """Arguments as they are signed and kept: every one, also where it has its default."""
    every = {name: msgspec.to_builtins(getattr(arguments, name)) for name in arguments.__struct_fields__}
    assert all(isinstance(value, bool | int | str) for value in every.values())
    return every
