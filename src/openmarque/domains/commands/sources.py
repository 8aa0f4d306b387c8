"""What event streams tell of orders and phones. REQ RC-4."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from openmarque.domains.commands.bodies import SHOWN, PhonesBody, order_body, phone_body
from openmarque.domains.commands.phones import LIVE_PART as PHONES_PART
from openmarque.domains.commands.postgres import PostgresCommands
from openmarque.domains.commands.progress import LIVE_PART as ORDERS_PART
from openmarque.domains.commands.store import OrderView
from openmarque.http.edge import CarVisit
from openmarque.http.events import GONE, Source
from openmarque.kit.ids import wire

NEWEST: Final = 10
_store: Final = PostgresCommands()


class OrderSource:
    """The part ``orders``: the newest orders by id. Each step is told as it happens, whole, in the language of the account."""

    async def read(self, visit: CarVisit) -> dict[str, Any]:
        """See ``http.events.Source``."""
        language = await _store.language(visit.tx, visit.account_id)
        views = await _store.order_views(visit.tx, visit.tenure_id, None, NEWEST)
        return {wire(view.order_id): order_body(view, language).model_dump(mode="json") for view in views}

    def told_by(self, update: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any] | None:
        """The order that the update tells, unless more steps of it were told already: an order's steps only grow."""
        try:
            view = msgspec.convert(update.get("order"), OrderView)
        except msgspec.ValidationError:
            return None
        name = wire(view.order_id)
        if name in told and len(told[name]["steps"]) > len(view.steps):
            return {}
        told_now: dict[str, Any] = {name: order_body(view, str(update.get("language", ""))).model_dump(mode="json")}
        others = sorted((known for known in told if known != name), key=lambda known: (told[known]["requested_at"], known))
        for pushed_out in others[: max(0, len(others) + 1 - NEWEST)]:
            told_now[pushed_out] = GONE
        return told_now


class PhoneSource:
    """The part ``phone_keys``: the phones of the car."""

    async def read(self, visit: CarVisit) -> dict[str, Any]:
        """See ``http.events.Source``."""
        rows = await _store.owner_phones(visit.tx, visit.tenure_id)
        return PhonesBody(items=[phone_body(row) for row in rows if row.state in SHOWN]).model_dump(mode="json")

    def told_by(self, update: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any] | None:
        """A hint only: the part has to be read."""
        del update, told
        return None


def live_sources() -> dict[str, Source]:
    """What this domain tells on event streams."""
    return {ORDERS_PART: OrderSource(), PHONES_PART: PhoneSource()}
