"""What an account reads of its notices: newest first, how many are unread, and that it has read them. REQ NOT-1, NOT-2.

Only notices of tenures that the account may see now are found, so those of a car that was sold are gone with the sale.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from openmarque.catalogue.notices import Argument
from openmarque.domains.notifications.rules import read_back
from openmarque.kit.ids import AccountId, TenureId
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM, READER
from openmarque.storage.transaction import Transaction

_LIST: Final = """
SELECT n.notice_id, n.tenure_id, n.kind, n.arguments, n.at, n.created_at, n.read_at, n.further, coalesce(t.name, m.name)
  FROM notice n JOIN tenure t USING (tenure_id) JOIN vehicle v USING (vehicle_id) JOIN model m USING (model_id)
 WHERE n.account_id = %(account)s AND n.tenure_id = ANY (%(tenures)s)
   AND (n.created_at, n.notice_id) < (%(before)s, %(before_id)s) AND (n.read_at IS NULL OR NOT %(unread)s)
 ORDER BY n.created_at DESC, n.notice_id DESC LIMIT %(limit)s"""
_UNREAD: Final = """
SELECT count(*) FROM notice n WHERE n.account_id = %(account)s AND n.tenure_id = ANY (%(tenures)s) AND n.read_at IS NULL"""
_ZONE: Final = "SELECT a.time_zone, a.language FROM account a WHERE a.account_id = %s"
_READ_ONE: Final = """
UPDATE notice SET read_at = coalesce(read_at, %(now)s)
 WHERE notice_id = %(notice)s AND account_id = %(account)s AND tenure_id = ANY (%(tenures)s)
RETURNING tenure_id"""
_READ_ALL: Final = """
UPDATE notice SET read_at = %(now)s
 WHERE account_id = %(account)s AND tenure_id = ANY (%(tenures)s) AND read_at IS NULL AND created_at <= %(until)s
RETURNING tenure_id"""

VERSION: Final = """
SELECT concat_ws(' ', count(*), count(n.read_at), sum(n.further), max(n.created_at))
  FROM notice n WHERE n.account_id = %(account)s AND n.tenure_id = %(tenure)s"""
"""Another value whenever something of the notices of a car that an account was told of changes (``http.events.StreamPart.version``)."""


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice as it is kept; instants aware, UTC. `car` is what the owner calls the car."""

    notice_id: UUID
    tenure_id: TenureId
    kind: str
    arguments: Mapping[str, Argument]
    at: datetime
    created_at: datetime
    read_at: datetime | None
    further: int
    car: str


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose notices: an account's, about the cars that it may see."""

    account_id: AccountId
    tenures: Collection[TenureId]

    @property
    def facts(self) -> dict[str, Any]:
        """As parameters of a statement."""
        return {"account": self.account_id, "tenures": list(self.tenures)}


async def page(
    tx: Transaction, whose: Whose, before: tuple[datetime, UUID], limit: int, *, unread: bool = False
) -> list[NoticeView]:
    """At most `limit` notices that are older than `before`, newest first; only unread ones where `unread`."""
    await postgres(tx).restrict_to(",".join(map(str, whose.tenures)))
    facts = {**whose.facts, "before": before[0], "before_id": before[1], "limit": limit, "unread": unread}
    rows = await postgres(tx).rows(READER, _LIST, facts)
    return [NoticeView(row[0], TenureId(row[1]), row[2], read_back(row[2], row[3]), *row[4:]) for row in rows]


async def unread(tx: Transaction, whose: Whose) -> int:
    """How many the account has not read."""
    await postgres(tx).restrict_to(",".join(map(str, whose.tenures)))
    [(count,)] = await postgres(tx).rows(READER, _UNREAD, whose.facts)
    return int(count)


async def zone_and_language(tx: Transaction, account_id: AccountId) -> tuple[str, str]:
    """The time zone (IANA) and the language of an account."""
    [(time_zone, language)] = await postgres(tx).rows(PLATFORM, _ZONE, (account_id,))
    return time_zone, language


async def mark_read(tx: Transaction, whose: Whose, notice_id: UUID, now: datetime) -> TenureId | None:
    """The account has read it; gives whose car it is about, None where there is no such notice for this account."""
    rows = await postgres(tx).rows(PLATFORM, _READ_ONE, {**whose.facts, "notice": notice_id, "now": now})
    return TenureId(rows[0][0]) if rows else None


async def mark_all_read(tx: Transaction, whose: Whose, until: datetime, now: datetime) -> set[TenureId]:
    """The account has read all that came until then; gives whose cars they were about."""
    rows = await postgres(tx).rows(PLATFORM, _READ_ALL, {**whose.facts, "until": until, "now": now})
    return {TenureId(tenure_id) for (tenure_id,) in rows}
