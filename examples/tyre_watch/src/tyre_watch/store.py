"""Where tyre warnings are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from openmarque.catalogue.decide import Permit
from openmarque.kit.clock import from_ms
from openmarque.kit.ids import TenureId
from openmarque.link.ports import Accepted
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import READER, service_role
from openmarque.storage.transaction import Transaction
from tyre_watch.messages import TyreWarning

ROLE: Final = service_role("tyre_watch")

_ADD: Final = """
INSERT INTO tyre_warning (tenure_id, vehicle_id, epoch, seq, received_at, policy_version, warned_at, wheel, is_low)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::int[], %s::timestamptz[],
                     %s::text[], %s::bool[])"""
_HISTORY: Final = (
    "SELECT warned_at, wheel, is_low FROM tyre_warning WHERE tenure_id = %s ORDER BY warned_at DESC, seq DESC LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class WarningRow:
    """A permitted warning to keep."""

    message: Accepted
    warning: TyreWarning
    tenure_id: TenureId
    permit: Permit

    @property
    def columns(self) -> tuple[object, ...]:
        """In the order of the table."""
        envelope = self.message.envelope
        key: tuple[UUID, UUID, int, int] = (self.tenure_id, self.message.vehicle_id, envelope.epoch, envelope.seq)
        warning = self.warning
        return (*key, self.message.received_at, self.permit.policy_version, from_ms(warning.at), warning.wheel, warning.is_low)


@dataclass(frozen=True, slots=True)
class WarningView:
    """A warning as its owner sees it; the instant is aware, in UTC."""

    warned_at: datetime
    wheel: str
    is_low: bool


class PostgresWarnings:
    """Warnings on the table ``tyre_warning``."""

    async def add(self, tx: Transaction, rows: Sequence[WarningRow]) -> None:
        """Keep `rows`; the numbering of the lane already makes each come once."""
        if rows:
            columns = zip(*(row.columns for row in rows), strict=True)
            await postgres(tx).execute(ROLE, _ADD, [list(column) for column in columns])

    async def history(self, tx: Transaction, tenure_id: TenureId, limit: int) -> list[WarningView]:
        """The newest `limit` warnings of a tenure, newest first."""
        await postgres(tx).restrict_to(str(tenure_id))
        return [WarningView(*row) for row in await postgres(tx).rows(READER, _HISTORY, (tenure_id, limit))]
