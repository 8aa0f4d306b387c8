"""What the lock service says of itself. Source: SERVICES.md "lock and unlock"; REQ RC-1, RC-6, RC-7.

The documents state no retention for the status of a remote command ("display n/s"): the brand pack has to, the same as for the rows that the
platform keeps of commands (``domains.commands.declaration``; `openmarque check` compares). REQ GDP-12.
"""

from openmarque.catalogue.declarations import Authority, CommandSpec, Declaration, Item, LegalBasis, Service
from openmarque.protocol.commands import COMMAND_REPORT
from openmarque.protocol.levels import Level
from openmarque.services.lock.rules import LOCK, UNLOCK

LOCKING = Declaration(
    name="lock",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    capability="telematics",
    remote=True,
    # Done within 8 s of the request, or said to have failed (REQ RC-1); the locks themselves take up to 3 s.
    commands=(
        CommandSpec(LOCK, Authority.DIGITAL_KEY, begins_within_s=5, outcome_within_s=8),
        CommandSpec(UNLOCK, Authority.DIGITAL_KEY_AND_CODE, begins_within_s=5, outcome_within_s=8),
    ),
    items=(
        Item(
            "status of your commands",
            None,
            carried=tuple(f"wire:{COMMAND_REPORT}.{field}" for field in ("command_id", "state", "reason", "at_ms")),
        ),
    ),
)

SERVICE = Service("lock", __package__ or "", (LOCKING,))
