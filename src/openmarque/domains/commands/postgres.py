"""``CommandStore`` on PostgreSQL. Writes act as the platform; what owners read is read in the role that sees their tenure only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from openmarque.domains.commands.rules import next_number
from openmarque.domains.commands.states import KeyState, State
from openmarque.domains.commands.store import (
    CodeRow,
    CommandEligibility,
    CommandLookup,
    CommandRow,
    CommandView,
    Inquiry,
    PhoneRow,
    Step,
)
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import AccountId, TenureId, VehicleId, new_uuid
from openmarque.link.postgres import POLICY, policy_row
from openmarque.storage.postgres import PostgresTransaction, postgres
from openmarque.storage.roles import PLATFORM, READER
from openmarque.storage.timers import SET_TIMERS, set_timer
from openmarque.storage.transaction import Transaction

COMMAND_TIMER: Final = "command_time_over"
"""Kind of the timer that looks at a remote command whose time is over."""
COMMAND: Final = "command"
"""The capability that a grant must hold for commands (``garage.service.SUBSCRIBER`` has it)."""

_ELIGIBILITY: Final = """
SELECT EXISTS (SELECT FROM tenure t JOIN capability_grant g USING (tenure_id)
                WHERE t.tenure_id = %(tenure)s AND t.account_id = %(account)s AND g.subject_id = t.account_id
                  AND %(command)s = ANY (g.capabilities)
                  AND t.started_at <= %(now)s AND (t.ended_at IS NULL OR t.ended_at > %(now)s)
                  AND g.from_at <= %(now)s AND (g.until_at IS NULL OR g.until_at > %(now)s)),
       (SELECT count(*) FROM vehicle_command o WHERE o.tenure_id = %(tenure)s AND o.requested_at > %(since)s),
       coalesce((SELECT c.keys_version FROM command_numbers c JOIN tenure t USING (vehicle_id) WHERE t.tenure_id = %(tenure)s), 0),
       coalesce((SELECT a.language FROM account a WHERE a.account_id = %(account)s), '')"""
_ELIGIBILITY_COLUMNS: Final = 4
_COMMANDER: Final = """
SELECT t.tenure_id, t.account_id FROM tenure t JOIN capability_grant g USING (tenure_id)
 WHERE t.vehicle_id = %(vehicle)s AND g.subject_id = t.account_id AND %(command)s = ANY (g.capabilities)
   AND t.started_at <= %(now)s AND (t.ended_at IS NULL OR t.ended_at > %(now)s)
   AND g.from_at <= %(now)s AND (g.until_at IS NULL OR g.until_at > %(now)s)
 LIMIT 1"""

_COMMAND: Final = """o.command_id, o.tenure_id, o.vehicle_id, o.account_id, o.idempotency_key, o.fingerprint, o.command, o.arguments, o.state, o.reason,
       o.policy_version, o.requested_at, o.expires_at, o.key_id, o.counter, o.payload_hash, o.frame, o.sends, o.code_at, o.cause"""
_COMMAND_COLUMNS: Final = 20
_REMOTE_COMMANDS: Final = f"SELECT {_COMMAND} FROM vehicle_command o"
_PHONE: Final = """k.tenure_id, k.key_id, k.vehicle_id, k.public_key, k.label, k.state, k.reason, k.counter, k.requested_at,
       k.changed_at"""
_PHONE_COLUMNS: Final = 10
_PHONES: Final = f"SELECT {_PHONE} FROM digital_key k"
_LOOK_UP: Final = f"""
WITH k AS ({_PHONES} WHERE k.tenure_id = %(tenure)s AND k.key_id = %(key)s FOR NO KEY UPDATE)
{_ELIGIBILITY}, {_COMMAND}, {_PHONE}, {POLICY}
  FROM (VALUES (1)) AS one
  LEFT JOIN vehicle_command o ON o.account_id = %(account)s AND o.idempotency_key = %(idempotency)s
  LEFT JOIN k ON true
  LEFT JOIN car_policy p ON p.vehicle_id = %(vehicle)s"""
_ADD: Final = f"""
WITH added AS (
    INSERT INTO vehicle_command (command_id, tenure_id, vehicle_id, account_id, idempotency_key, fingerprint, command, arguments, state, reason,
                               policy_version, requested_at, expires_at, key_id, counter, payload_hash, frame, sends, code_at, cause)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT DO NOTHING RETURNING command_id, tenure_id, key_id, counter),
counted AS (
    UPDATE digital_key k SET counter = greatest(k.counter, a.counter)
      FROM added a WHERE k.tenure_id = a.tenure_id AND k.key_id = a.key_id),
appointed AS (SELECT u.timer_id, u.kind, a.command_id AS about, u.due_at
                FROM added a CROSS JOIN (VALUES (%s::uuid, %s, %s::timestamptz)) AS u (timer_id, kind, due_at)
               WHERE u.due_at IS NOT NULL),
set_timer AS ({SET_TIMERS.format(source="appointed")})
INSERT INTO command_step (command_id, number, tenure_id, state, reason, at)
SELECT a.command_id, u.number, a.tenure_id, u.state, u.reason, %s
  FROM added a CROSS JOIN unnest(%s::text[], %s::text[]) WITH ORDINALITY AS u (state, reason, number)
RETURNING 1"""
_MOVE: Final = """
WITH moved AS (
    UPDATE vehicle_command SET state = %s, reason = %s, policy_version = %s, expires_at = %s, key_id = %s, counter = %s,
           payload_hash = %s, frame = %s, sends = %s, code_at = %s
     WHERE command_id = %s RETURNING command_id, tenure_id, account_id, command, arguments, state, reason, requested_at, expires_at, key_id, cause),
stepped AS (
    INSERT INTO command_step (command_id, number, tenure_id, state, reason, at)
    SELECT m.command_id, u.number + (SELECT coalesce(max(x.number), 0) FROM command_step x WHERE x.command_id = m.command_id), m.tenure_id,
           u.state, u.reason, %s
      FROM moved m CROSS JOIN unnest(%s::text[], %s::text[]) WITH ORDINALITY AS u (state, reason, number)
    RETURNING command_id, number, state, reason, at),
every AS (SELECT command_id, number, state, reason, at FROM stepped
           UNION ALL SELECT x.command_id, x.number, x.state, x.reason, x.at FROM moved m JOIN command_step x USING (command_id))
"""
"""The view behind it sees the steps as they were, and those that are being made."""
_COLUMNS: Final = """
SELECT o.command_id, o.command, o.arguments, o.state, o.reason, o.requested_at, o.expires_at, k.key_id, k.label,
       s.states, s.reasons, s.ats, o.cause"""
_FROM: Final = """
  FROM {commands} o
  LEFT JOIN digital_key k ON k.tenure_id = o.tenure_id AND k.key_id = o.key_id
  CROSS JOIN LATERAL (SELECT array_agg(x.state ORDER BY x.number), array_agg(x.reason ORDER BY x.number),
                             array_agg(x.at ORDER BY x.number)
                        FROM {steps} x WHERE x.command_id = o.command_id) AS s (states, reasons, ats)"""
_VIEW: Final = f"{_COLUMNS} {_FROM.format(commands='vehicle_command', steps='command_step')} WHERE o.tenure_id = %s "
_MOVE_AND_TELL: Final = f"{_MOVE} {_COLUMNS}, a.language {_FROM.format(commands='moved', steps='every')} JOIN account a ON a.account_id = o.account_id"
_ONE: Final = _VIEW + "AND o.command_id = %s"
_NEWEST: Final = _VIEW + "ORDER BY o.requested_at DESC, o.command_id DESC LIMIT %s"
_BEFORE: Final = (
    _VIEW + "AND (o.requested_at, o.command_id) < (%s, %s) ORDER BY o.requested_at DESC, o.command_id DESC LIMIT %s"
)

_PUT_PHONE: Final = """
INSERT INTO digital_key AS p (tenure_id, key_id, vehicle_id, public_key, label, state, reason, counter, requested_at, changed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (tenure_id, key_id) DO UPDATE
   SET label = excluded.label, state = excluded.state, reason = excluded.reason, counter = greatest(p.counter, excluded.counter),
       requested_at = excluded.requested_at, changed_at = excluded.changed_at"""
_PUT_CODE: Final = """
INSERT INTO safety_code (account_id, hash, pepper_id, set_at, wrong, locked_until) VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (account_id) DO UPDATE
   SET hash = excluded.hash, pepper_id = excluded.pepper_id, set_at = excluded.set_at, wrong = excluded.wrong,
       locked_until = excluded.locked_until"""
_LOCK_NUMBERS: Final = "SELECT counter, keys_version FROM command_numbers WHERE vehicle_id = %s FOR UPDATE"
_FIRST_NUMBERS: Final = (
    "INSERT INTO command_numbers (vehicle_id, counter, keys_version) VALUES (%s, 0, 0) ON CONFLICT DO NOTHING"
)


class PostgresCommands:
    """``CommandStore`` on the tables of this package."""

    async def eligibility(
        self, tx: Transaction, tenure_id: TenureId, account_id: AccountId, now: datetime, since: datetime
    ) -> CommandEligibility:
        """See ``CommandStore.eligibility``."""
        asked = {"tenure": tenure_id, "account": account_id, "command": COMMAND, "now": now, "since": since}
        return CommandEligibility(*(await postgres(tx).rows(PLATFORM, _ELIGIBILITY, asked))[0])

    async def look_up(self, tx: Transaction, inquiry: Inquiry, now: datetime, since: datetime) -> CommandLookup:
        """See ``CommandStore.look_up``."""
        asked = {
            "vehicle": inquiry.vehicle_id,
            "tenure": inquiry.tenure_id,
            "account": inquiry.account_id,
            "idempotency": inquiry.idempotency_key,
            "key": inquiry.key_id,
            "command": COMMAND,
            "now": now,
            "since": since,
        }
        row = (await postgres(tx).rows(PLATFORM, _LOOK_UP, asked))[0]
        phone_at = _ELIGIBILITY_COLUMNS + _COMMAND_COLUMNS
        policy_at = phone_at + _PHONE_COLUMNS
        remote_command, phone, policy = row[_ELIGIBILITY_COLUMNS:phone_at], row[phone_at:policy_at], row[policy_at:]
        return CommandLookup(
            CommandEligibility(*row[:_ELIGIBILITY_COLUMNS]),
            None if remote_command[0] is None else _command_row(remote_command),
            None if phone[0] is None else _phone(phone),
            None if policy[0] is None else policy_row(policy),
        )

    async def commander(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> tuple[TenureId, AccountId] | None:
        """See ``CommandStore.commander``."""
        rows = await postgres(tx).rows(PLATFORM, _COMMANDER, {"vehicle": vehicle_id, "command": COMMAND, "now": now})
        return (TenureId(rows[0][0]), AccountId(rows[0][1])) if rows else None

    async def language(self, tx: Transaction, account_id: AccountId) -> str:
        """See ``CommandStore.language``."""
        rows = await postgres(tx).rows(PLATFORM, "SELECT language FROM account WHERE account_id = %s", (account_id,))
        return str(rows[0][0]) if rows else ""

    async def add_command(
        self, tx: Transaction, row: CommandRow, steps: Sequence[State], now: datetime, look_at: datetime | None = None
    ) -> bool:
        """See ``CommandStore.add_command``."""
        made = await postgres(tx).rows(
            PLATFORM,
            _ADD,
            (
                *(row.command_id, row.tenure_id, row.vehicle_id, row.account_id, row.idempotency_key, row.fingerprint),
                *(
                    row.command,
                    Jsonb(row.arguments),
                    row.state,
                    row.reason,
                    row.policy_version,
                    row.requested_at,
                    row.expires_at,
                ),
                *(row.key_id, row.counter, row.payload_hash, row.frame, row.sends, row.code_at, row.cause),
                *(new_uuid(), COMMAND_TIMER, look_at),
                *(now, *_steps(row, steps)),
            ),
        )
        return bool(made)

    async def command_by_key(self, tx: Transaction, account_id: AccountId, idempotency_key: str) -> CommandRow | None:
        """See ``CommandStore.command_by_key``."""
        query: LiteralString = f"{_REMOTE_COMMANDS} WHERE account_id = %s AND idempotency_key = %s"
        return _remote_command(await postgres(tx).rows(PLATFORM, query, (account_id, idempotency_key)))

    async def lock_command(self, tx: Transaction, command_id: UUID) -> CommandRow | None:
        """See ``CommandStore.lock_command``."""
        query: LiteralString = f"{_REMOTE_COMMANDS} WHERE command_id = %s FOR NO KEY UPDATE"
        return _remote_command(await postgres(tx).rows(PLATFORM, query, (command_id,)))

    async def move_command(
        self, tx: Transaction, row: CommandRow, steps: Sequence[State], now: datetime
    ) -> tuple[CommandView, str]:
        """See ``CommandStore.move_command``."""
        found = await postgres(tx).rows(
            PLATFORM,
            _MOVE_AND_TELL,
            (
                *(row.state, row.reason, row.policy_version, row.expires_at, row.key_id, row.counter),
                *(row.payload_hash, row.frame, row.sends, row.code_at, row.command_id),
                *(now, *_steps(row, steps)),
            ),
        )
        return _view(found[0]), found[0][13]

    async def to_send_again(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId, now: datetime
    ) -> list[CommandRow]:
        """See ``CommandStore.to_send_again``."""
        query: LiteralString = f"""{_REMOTE_COMMANDS}
             WHERE vehicle_id = %s AND expires_at > %s AND tenure_id = %s AND state = 'sent' AND frame IS NOT NULL
             ORDER BY requested_at, command_id FOR NO KEY UPDATE"""
        rows = await postgres(tx).rows(PLATFORM, query, (vehicle_id, now, tenure_id))
        return [_command_row(row) for row in rows]

    async def count_send(self, tx: Transaction, command_id: UUID) -> None:
        """See ``CommandStore.count_send``."""
        await postgres(tx).execute(
            PLATFORM, "UPDATE vehicle_command SET sends = sends + 1 WHERE command_id = %s", (command_id,)
        )

    async def command_view(self, tx: Transaction, tenure_id: TenureId, command_id: UUID) -> CommandView | None:
        """See ``CommandStore.command_view``."""
        found = await self._views(tx, tenure_id, _ONE, (tenure_id, command_id))
        return found[0] if found else None

    async def command_views(
        self, tx: Transaction, tenure_id: TenureId, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[CommandView]:
        """See ``CommandStore.command_views``."""
        if before is None:
            return await self._views(tx, tenure_id, _NEWEST, (tenure_id, limit))
        return await self._views(tx, tenure_id, _BEFORE, (tenure_id, *before, limit))

    async def _views(
        self, tx: Transaction, tenure_id: TenureId, query: LiteralString, parameters: Sequence[Any]
    ) -> list[CommandView]:
        await postgres(tx).restrict_to(str(tenure_id))
        return [_view(row) for row in await postgres(tx).rows(READER, query, parameters)]

    async def expire_at(self, tx: Transaction, command_id: UUID, due_at: datetime) -> None:
        """See ``CommandStore.expire_at``."""
        await set_timer(tx, COMMAND_TIMER, command_id, due_at)

    async def next_counter(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> int:
        """See ``CommandStore.next_counter``."""
        pg = postgres(tx)
        counter = next_number((await _numbers(pg, vehicle_id))[0], to_ms(now))
        await pg.execute(PLATFORM, "UPDATE command_numbers SET counter = %s WHERE vehicle_id = %s", (counter, vehicle_id))
        return counter

    async def next_keys_version(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> int:
        """See ``CommandStore.next_keys_version``."""
        pg = postgres(tx)
        version = next_number((await _numbers(pg, vehicle_id))[1], to_ms(now) // 1000)
        await pg.execute(PLATFORM, "UPDATE command_numbers SET keys_version = %s WHERE vehicle_id = %s", (version, vehicle_id))
        return version

    async def knows_phones(self, tx: Transaction, vehicle_id: VehicleId) -> bool:
        """See ``CommandStore.knows_phones``."""
        query = """SELECT EXISTS (SELECT FROM digital_key WHERE vehicle_id = %s)
                       OR EXISTS (SELECT FROM command_numbers WHERE vehicle_id = %s AND keys_version > 0)"""
        return bool((await postgres(tx).rows(PLATFORM, query, (vehicle_id, vehicle_id)))[0][0])

    async def lock_phone(self, tx: Transaction, tenure_id: TenureId, key_id: str) -> PhoneRow | None:
        """See ``CommandStore.lock_phone``."""
        query: LiteralString = f"{_PHONES} WHERE tenure_id = %s AND key_id = %s FOR NO KEY UPDATE"
        rows = await postgres(tx).rows(PLATFORM, query, (tenure_id, key_id))
        return _phone(rows[0]) if rows else None

    async def put_phone(self, tx: Transaction, row: PhoneRow) -> None:
        """See ``CommandStore.put_phone``."""
        await postgres(tx).execute(
            PLATFORM,
            _PUT_PHONE,
            (
                *(row.tenure_id, row.key_id, row.vehicle_id, row.public_key, row.label),
                *(row.state, row.reason, row.counter, row.requested_at, row.changed_at),
            ),
        )

    async def phones(self, tx: Transaction, tenure_id: TenureId) -> list[PhoneRow]:
        """See ``CommandStore.phones``."""
        return await self._phones(tx, PLATFORM, tenure_id)

    async def owner_phones(self, tx: Transaction, tenure_id: TenureId) -> list[PhoneRow]:
        """See ``CommandStore.owner_phones``."""
        await postgres(tx).restrict_to(str(tenure_id))
        return await self._phones(tx, READER, tenure_id)

    async def _phones(self, tx: Transaction, role: str, tenure_id: TenureId) -> list[PhoneRow]:
        query: LiteralString = f"{_PHONES} WHERE tenure_id = %s ORDER BY requested_at, key_id"
        return [_phone(row) for row in await postgres(tx).rows(role, query, (tenure_id,))]

    async def drop_phones(self, tx: Transaction, tenure_id: TenureId, requested_before: datetime) -> None:
        """See ``CommandStore.drop_phones``."""
        await postgres(tx).execute(
            PLATFORM,
            "DELETE FROM digital_key WHERE tenure_id = %s AND counter = 0 AND state IN ('requested', 'refused') AND requested_at < %s",
            (tenure_id, requested_before),
        )

    async def lock_code(self, tx: Transaction, account_id: AccountId) -> CodeRow | None:
        """See ``CommandStore.lock_code``."""
        query = "SELECT account_id, hash, pepper_id, set_at, wrong, locked_until FROM safety_code WHERE account_id = %s FOR NO KEY UPDATE"
        rows = await postgres(tx).rows(PLATFORM, query, (account_id,))
        return CodeRow(AccountId(rows[0][0]), *rows[0][1:]) if rows else None

    async def put_code(self, tx: Transaction, row: CodeRow) -> None:
        """See ``CommandStore.put_code``."""
        values = (row.account_id, row.hash, row.pepper_id, row.set_at, row.wrong, row.locked_until)
        await postgres(tx).execute(PLATFORM, _PUT_CODE, values)


def _steps(row: CommandRow, steps: Sequence[State]) -> tuple[list[str], list[str]]:
    """States and reasons of new steps: only that at which the command now stands has its reason."""
    return [str(state) for state in steps], [row.reason if state is row.state else "" for state in steps]


async def _numbers(pg: PostgresTransaction, vehicle_id: VehicleId) -> TupleRow:
    """The numbers of a car, locked; made at the first need."""
    rows = await pg.rows(PLATFORM, _LOCK_NUMBERS, (vehicle_id,))
    if not rows:
        await pg.execute(PLATFORM, _FIRST_NUMBERS, (vehicle_id,))
        rows = await pg.rows(PLATFORM, _LOCK_NUMBERS, (vehicle_id,))
    return rows[0]


def _remote_command(rows: Sequence[TupleRow]) -> CommandRow | None:
    return _command_row(rows[0]) if rows else None


def _command_row(row: TupleRow) -> CommandRow:
    return CommandRow(
        command_id=row[0],
        tenure_id=TenureId(row[1]),
        vehicle_id=VehicleId(row[2]),
        account_id=AccountId(row[3]),
        idempotency_key=row[4],
        fingerprint=bytes(row[5]),
        command=row[6],
        arguments=row[7],
        state=State(row[8]),
        reason=row[9],
        policy_version=row[10],
        requested_at=row[11],
        expires_at=row[12],
        key_id=row[13],
        counter=row[14],
        payload_hash=None if row[15] is None else bytes(row[15]),
        frame=None if row[16] is None else bytes(row[16]),
        sends=row[17],
        code_at=row[18],
        cause=row[19],
    )


def _view(row: TupleRow) -> CommandView:
    steps = zip(row[9] or (), row[10] or (), row[11] or (), strict=True)
    return CommandView(
        command_id=row[0],
        command=row[1],
        arguments=row[2],
        state=State(row[3]),
        reason=row[4],
        requested_at=row[5],
        expires_at=row[6],
        phone=None if row[7] is None else (row[7], row[8]),
        steps=tuple(Step(State(state), reason, at) for state, reason, at in steps),
        cause=row[12],
    )


def _phone(row: TupleRow) -> PhoneRow:
    return PhoneRow(
        TenureId(row[0]), row[1], VehicleId(row[2]), bytes(row[3]), row[4], KeyState(row[5]), row[6], row[7], row[8], row[9]
    )
