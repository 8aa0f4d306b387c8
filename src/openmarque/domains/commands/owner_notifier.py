"""Tells owners by mail what a thief of their session would rather hide: that a phone was added, that the safety code is another."""

from datetime import datetime
from typing import Final

from openmarque.domains.garage.reading import GarageReading
from openmarque.domains.notifications.service import Mailer
from openmarque.kit.ids import AccountId, TenureId
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

_garage: Final = GarageReading()


class MailNotifier:
    """``phones.Bell`` by mail."""

    def __init__(self, mailer: Mailer) -> None:
        """Post with `mailer`."""
        self._mailer = mailer

    async def phone_added(self, tx: Transaction, tenure_id: TenureId, label: str, now: datetime) -> None:
        """See ``phones.Bell``."""
        rows = await postgres(tx).rows(PLATFORM, "SELECT account_id FROM tenure WHERE tenure_id = %s", (tenure_id,))
        cars = await _garage.cars(tx, [tenure_id])
        for (account_id,) in rows:
            name = cars[0].name or cars[0].model if cars else ""
            await self._mailer.post(tx, AccountId(account_id), "phone_added", {"car": name, "phone": label}, now)

    async def code_changed(self, tx: Transaction, account_id: AccountId, now: datetime) -> None:
        """The account has another safety code."""
        await self._mailer.post(tx, account_id, "safety_code_changed", {}, now)
