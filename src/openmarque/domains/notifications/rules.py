"""What a notice may say, and how many of one kind are told: pure."""

from collections.abc import Mapping
from datetime import timedelta
from math import isfinite
from typing import Any, Final

from openmarque.catalogue.declarations import NoticeSpec
from openmarque.catalogue.notices import Argument
from openmarque.kit.texts import TextKey

MOST: Final = 10
"""Notices of one kind about one car that an account is told within `COUNTED`. A person reads no more; a hacked car could send thousands."""
COUNTED: Final = timedelta(hours=1)
LONGEST_TEXT: Final = 120
"""Characters of a text from outside: it stands in a subject line too."""
_TEXT: Final = "text"


def argument_problems(spec: NoticeSpec, arguments: Mapping[str, object]) -> list[str]:
    """What is wrong with the arguments of a notice: missing ones, more than it declares, values of another type or that no JSON has."""
    wanted = set(spec.arguments)
    problems = [f"it lacks {name!r}" for name in sorted(wanted - arguments.keys())]
    problems += [f"it does not declare {name!r}" for name in sorted(arguments.keys() - wanted)]
    problems += [
        f"{name!r} is a {type(value).__name__}, not a text, a number or a TextKey"
        for name, value in sorted(arguments.items())
        if name in wanted and not isinstance(value, str | int | float)
    ]
    problems += [
        f"{name!r} is {value}, which is no number"
        for name, value in sorted(arguments.items())
        if name in wanted and isinstance(value, float) and not isfinite(value)
    ]
    return problems


def stored(kind: str, arguments: Mapping[str, Argument]) -> dict[str, Any]:
    """The arguments as they are kept: each under the name that its declaration gives it (``catalogue.notices.argument_key``)."""
    return {f"{kind}.{name}": {_TEXT: str(v)} if isinstance(v, TextKey) else fitted(v) for name, v in arguments.items()}


def read_back(kind: str, kept: Mapping[str, Any]) -> dict[str, Argument]:
    """The arguments that ``stored`` kept."""
    named = {key.removeprefix(f"{kind}."): value for key, value in kept.items()}
    return {name: TextKey(v[_TEXT]) if isinstance(v, dict) else v for name, v in named.items()}


def fitted(value: Argument) -> Argument:
    """An argument as it is kept: a text as ``one_line``, since cars and people choose some of them."""
    return one_line(value) if isinstance(value, str) and not isinstance(value, TextKey) else value


def one_line(text: str) -> str:
    """A text without line ends and control characters, and not endless."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:LONGEST_TEXT]
