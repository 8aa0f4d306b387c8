"""What asking for a status moves in a simulated car: nothing. That the car obeys has it read its sensors anew."""

from typing import Final

from openmarque.simulator.fleet.body import Effect, Effects

EFFECTS: Final[Effects] = {"refresh": Effect("sensors", lambda stands, _arguments: stands)}
