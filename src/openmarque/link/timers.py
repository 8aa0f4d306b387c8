"""What the link does at its time: send policies again that a connected car may have missed, and forget what was refused a year ago.

A push is at most once: the broker may be restarting, the car between two connections. Each handshake mends that; a car that stays
connected greets no more, so for a while after a policy was issued it is pushed again until the car proves that it holds it. A car
that is not connected gets nothing by that and costs a message that nobody takes.
"""

from datetime import datetime, timedelta
from typing import Final

from openmarque.kit.ids import VehicleId
from openmarque.link.declaration import REFUSALS_KEPT
from openmarque.link.subjects import down_subject
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM, RETENTION
from openmarque.storage.transaction import Transaction

POLICY_PUSH: Final = "policy_push"
SWEEP: Final = "refusals_sweep"
_PROVED_WITHIN: Final = timedelta(seconds=30)
"""A car answers a push within a second or two; what is unproved by then was lost."""
_FOR: Final = timedelta(minutes=10)
_AT_ONCE: Final = 1000
"""A change of the whole fleet's policies must not become a storm; the rest learn at their next handshake."""

_UNPROVED: Final = """
SELECT vehicle_id, frame FROM car_policy
 WHERE accepted_version < version AND issued_at <= %s AND issued_at > %s ORDER BY issued_at DESC LIMIT %s"""


async def push_again(tx: Transaction, now: datetime) -> None:
    """Push the newest policies that their cars have not proved to hold."""
    for vehicle_id, frame in await postgres(tx).rows(PLATFORM, _UNPROVED, (now - _PROVED_WITHIN, now - _FOR, _AT_ONCE)):
        tx.publish_after_commit(down_subject(VehicleId(vehicle_id), "policy"), bytes(frame))


async def sweep(tx: Transaction, now: datetime) -> None:
    """Delete counts of refusals of which none was added for as long as they are kept (REQ GDP-2)."""
    await postgres(tx).execute(RETENTION, "DELETE FROM refusal_count WHERE last_at < %s", (now - REFUSALS_KEPT.lasts,))
