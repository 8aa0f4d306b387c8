"""What happens to an order when its time is over."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from openmarque.domains.commands.postgres import ORDER_TIMER
from openmarque.domains.commands.service import Orders
from openmarque.storage.timers import TimerHandler
from openmarque.storage.transaction import Transaction


class Commands(Protocol):
    """What the timer needs of the domain."""

    @property
    def orders(self) -> Orders:
        """The life of orders."""
        ...


class Parts(Protocol):
    """What the timer needs of a wired platform."""

    @property
    def commands(self) -> Commands:
        """The use cases of this domain."""
        ...


def timer_handlers(parts: Parts) -> dict[str, TimerHandler]:
    """The handlers of this domain's timers, by kind."""

    async def over(tx: Transaction, about: UUID, now: datetime, /) -> None:
        await parts.commands.orders.time_over(tx, about, now)

    return {ORDER_TIMER: over}
