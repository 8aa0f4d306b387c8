"""Tells owners of what happened with their cars: the centre of the app, and channels beside it. Never commits. REQ NOT-1, NOT-2.

Rules:
    1. A notice is a row for each account that may see the car, written in the transaction of what it tells. Its words are made when it
       is read, in the language of who reads; what leaves by a channel is made now, in the language of the account.
    2. What a notice may say is its ``NoticeSpec``: other arguments are a fault of the caller, and PostgreSQL keeps none (``governance.database``).
    3. The engine is asked (``decide``): a service that is closed, or a level that does not allow it, tells nothing. A notice about
       security always goes out.
    4. Of one kind `MOST` an hour are told to an account; more are counted on the newest and leave by no channel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from psycopg.types.json import Jsonb

from openmarque.catalogue.decide import Ask, Kind, Permit
from openmarque.catalogue.declarations import Declaration, NoticeSpec, Scope
from openmarque.catalogue.notices import Argument
from openmarque.catalogue.register import Catalogue
from openmarque.domains.notifications.errors import NoticeArgumentsWrong, NoticeUnknown
from openmarque.domains.notifications.rules import COUNTED, MOST, argument_problems, fitted, stored
from openmarque.domains.notifications.service import Mailer, Recipient
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import AccountId, TenureId, VehicleId, new_uuid
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import LinkStore
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

LIVE_PART: Final = "notices"
"""Name of the part of event streams that tells of notices."""
_CENTRE: Final = "centre"
_SEE: Final = "see"
"""The capability by which an account sees a car (``garage.reading``)."""
_CACHED_CARS: Final = 1_000
"""Cars whose compiled policy is kept for notices, which are rare."""

_READERS: Final = """
SELECT t.vehicle_id, g.subject_id, c.email, a.language, a.time_zone, c.confirmed_at IS NOT NULL, coalesce(t.name, m.name)
  FROM tenure t JOIN vehicle v USING (vehicle_id) JOIN model m USING (model_id)
  JOIN capability_grant g ON g.tenure_id = t.tenure_id AND %(see)s = ANY (g.capabilities)
       AND g.from_at <= %(now)s AND (g.until_at IS NULL OR g.until_at > %(now)s)
  JOIN account a ON a.account_id = g.subject_id AND a.closed_at IS NULL
  LEFT JOIN account_credential c ON c.account_id = a.account_id
 WHERE t.tenure_id = %(tenure)s AND t.started_at <= %(now)s AND (t.ended_at IS NULL OR t.ended_at > %(now)s)
 ORDER BY g.subject_id"""
_WRITE: Final = """
INSERT INTO notice (notice_id, tenure_id, account_id, kind, arguments, at, created_at, further)
SELECT %(notice_id)s, %(tenure)s, %(account)s, %(kind)s, %(arguments)s, %(at)s, %(now)s, 0
 WHERE %(most)s > (SELECT count(*) FROM notice n
                    WHERE n.tenure_id = %(tenure)s AND n.account_id = %(account)s AND n.kind = %(kind)s AND n.created_at > %(since)s)"""
_COUNT: Final = """
UPDATE notice SET further = further + 1
 WHERE notice_id = (SELECT n.notice_id FROM notice n
                     WHERE n.tenure_id = %(tenure)s AND n.account_id = %(account)s AND n.kind = %(kind)s
                     ORDER BY n.created_at DESC, n.notice_id DESC LIMIT 1)"""


@dataclass(frozen=True, slots=True)
class Telling:
    """A notice as a channel gets it: to whom, what, and when it was. `car` is what the owner calls the car."""

    to: Recipient
    kind: str
    car: str
    arguments: Mapping[str, Argument]
    at: datetime


class Channel(Protocol):
    """A way to an owner beside the centre of the app: mail today."""

    async def send(self, tx: Transaction, telling: Telling, now: datetime) -> None:
        """Have it sent after the commit; nothing where the account can't be reached this way."""
        ...


class MailChannel:
    """Sends a notice by mail, to an address that was confirmed."""

    def __init__(self, mailer: Mailer) -> None:
        """Post with `mailer`."""
        self._mailer = mailer

    async def send(self, tx: Transaction, telling: Telling, now: datetime) -> None:
        """See ``Channel.send``."""
        if telling.to.email:
            await self._mailer.tell(tx, telling.to, telling.kind, {**telling.arguments, "car": telling.car}, now, telling.at)


class PostgresNotices:
    """``parts.notices.Notices`` on PostgreSQL."""

    def __init__(self, catalogue: Catalogue, link: LinkStore, channels: Mapping[str, Channel]) -> None:
        """Tell what `catalogue` declares; `channels` by the names that ``NoticeSpec`` has for them, the centre aside."""
        self._known = catalogue.notices()
        self._link = link
        self._channels = channels
        self._evaluators = EvaluatorCache(_CACHED_CARS)

    async def notify(
        self,
        tx: Transaction,
        tenure_id: TenureId,
        notice: str,
        arguments: Mapping[str, Argument],
        now: datetime,
        *,
        at: datetime | None = None,
    ) -> bool:
        """See ``parts.notices.Notices``."""
        declaration, spec = checked(self._known, notice, arguments)
        readers = await postgres(tx).rows(PLATFORM, _READERS, {"tenure": tenure_id, "see": _SEE, "now": now})
        if not readers or not await self._permitted(tx, tenure_id, VehicleId(readers[0][0]), declaration, spec, now):
            return False
        facts = {"tenure": tenure_id, "kind": notice, "at": at or now, "now": now, "most": MOST, "since": now - COUNTED}
        facts["arguments"] = Jsonb(stored(notice, arguments))
        for reader in readers:
            row = {**facts, "notice_id": new_uuid(), "account": reader[1]}
            if (await postgres(tx).execute(PLATFORM, _WRITE, row)).rowcount:
                await self._send(tx, spec, reader, arguments, at or now, now)
            else:
                await postgres(tx).execute(PLATFORM, _COUNT, row)
        LiveUpdates.tell(tx, tenure_id, LIVE_PART)
        return True

    async def _send(
        self,
        tx: Transaction,
        spec: NoticeSpec,
        reader: Sequence[Any],
        arguments: Mapping[str, Argument],
        at: datetime,
        now: datetime,
    ) -> None:
        _, account_id, email, language, time_zone, confirmed, car = reader
        to = Recipient(AccountId(account_id), email if confirmed else "", language, time_zone)
        telling = Telling(to, spec.kind, str(fitted(car)), {name: fitted(value) for name, value in arguments.items()}, at)
        for name in spec.channels:
            if name != _CENTRE and name in self._channels:
                await self._channels[name].send(tx, telling, now)

    async def _permitted(
        self,
        tx: Transaction,
        tenure_id: TenureId,
        vehicle_id: VehicleId,
        declaration: Declaration,
        spec: NoticeSpec,
        now: datetime,
    ) -> bool:
        """Whether the engine lets a service tell this now; what the platform itself tells, and security, it always does."""
        if spec.security or declaration.scope is Scope.PLATFORM:
            return True
        row = (await self._link.policies(tx, [vehicle_id])).get(vehicle_id)
        if row is None or row.tenure_id != tenure_id:
            return False
        evaluator = self._evaluators.evaluator_for(vehicle_id, row)
        return isinstance(
            evaluator.rules.judge(Ask(declaration.name, Kind.NOTICE, spec.kind), evaluator.moment(to_ms(now))), Permit
        )


def checked(
    known: Mapping[str, tuple[Declaration, NoticeSpec]], notice: str, arguments: Mapping[str, object]
) -> tuple[Declaration, NoticeSpec]:
    """The declaration and the spec of a notice. Raises ``NoticeUnknown``, ``NoticeArgumentsWrong``."""
    if notice not in known:
        raise NoticeUnknown(f"{notice!r} is in no declaration.")
    declaration, spec = known[notice]
    if problems := argument_problems(spec, arguments):
        raise NoticeArgumentsWrong(f"{declaration.name}: notice {notice}: {', '.join(problems)}.")
    return declaration, spec
