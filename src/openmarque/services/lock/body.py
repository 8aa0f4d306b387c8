"""What the lock's commands move in a simulated car: all doors and the boot. One part, so that the later of two commands counts."""

from typing import Final

from openmarque.simulator.fleet import body
from openmarque.simulator.fleet.body import Effect, Effects

EFFECTS: Final[Effects] = {
    "lock": Effect("locks", lambda stands, _arguments: body.lock(stands)),
    "unlock": Effect("locks", lambda stands, _arguments: body.unlock(stands)),
}
