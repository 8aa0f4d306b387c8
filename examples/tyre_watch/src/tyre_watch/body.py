"""What a look at the tyres does in a simulated car: its wheels are asked, and the left one at the rear turns out to be low."""

from dataclasses import replace
from typing import Final

from openmarque.protocol.signals import TYRES_LOW
from openmarque.simulator.fleet.body import Arguments, Body, Effect, Effects
from tyre_watch.messages import CHECK_TYRES

LEAKS: Final = TYRES_LOW[2]
"""Every simulated car has a slow leak there, of which nothing is known before somebody looks at its axle."""


def ask_wheels(body: Body, arguments: Arguments) -> Body:
    """The body whose sensors say what the wheels of this axle said."""
    return body if arguments["axle"] == "front" else replace(body, says={**body.says, LEAKS: True})


EFFECTS: Final[Effects] = {CHECK_TYRES: Effect("wheels", ask_wheels)}
