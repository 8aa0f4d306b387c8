"""Accounts. For now they are made by the operator; sign-up comes with the owner's app."""

from datetime import datetime

from openmarque.brands.pack import BrandPack
from openmarque.kit.ids import AccountId, new_uuid
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction


class Accounts:
    """Use cases on accounts."""

    def __init__(self, pack: BrandPack) -> None:
        """Keep accounts of the brand of `pack`."""
        self._pack = pack

    async def create(self, tx: Transaction, language: str, time_zone: str, now: datetime) -> AccountId:
        """A new account; `language` as BCP 47, `time_zone` an IANA name."""
        account_id = AccountId(new_uuid())
        await postgres(tx).execute(
            PLATFORM,
            "INSERT INTO account (account_id, brand_id, language, time_zone, created_at) VALUES (%s, %s, %s, %s, %s)",
            (account_id, self._pack.brand_id, language, time_zone, now),
        )
        return account_id
