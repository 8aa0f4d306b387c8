"""Pairing: a code for a VIN, typed in the car, brings the car into a garage. REQ ENR-2, ENR-7, decision 0015.

Rules:
    1. Adding a VIN never looks whether such a car exists: whoever knows a VIN learns nothing by it, not even by the time it takes.
    2. A code is looked for among the pairings of the one car in which it was typed, and wrong ones are counted in that car, under
       the lock of the car's row: tries at the same moment come one after the other.
    3. A code typed in the car is the proof that a change of owner needs. The earlier owner's tenure, grants, codes and contracts end
       in the same transaction, and the earlier owner is told by mail.
    4. The free trial belongs to the car: a new owner gets what is left of it, or none, and is told so. REQ SVC-2.
    5. The same owner's code again goes on with the same tenure: a grant comes back if it was given up, and never stands twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import TupleRow

from openmarque.brands.eligibility import Eligible, Ineligible, eligibility
from openmarque.brands.pack import BrandPack
from openmarque.domains.contracts.declaration import TRIAL_OVER, TRIAL_TAKEN_OVER
from openmarque.domains.contracts.service import Contracts
from openmarque.domains.garage.codes import CodeVault, OpenCode
from openmarque.domains.garage.errors import PairingDone, PairingNotFound, TooManyCodes
from openmarque.domains.garage.rules import (
    DELETED_AFTER,
    MOST_A_DAY,
    MOST_WAITING,
    REPEAT,
    PairingState,
    Tries,
    pairing_state,
)
from openmarque.domains.garage.service import Garage
from openmarque.domains.garage.vault import VinVault
from openmarque.domains.notifications.service import Mailer
from openmarque.kit.ids import AccountId, TenureId, VehicleId, new_uuid
from openmarque.link.pki_keys import KeyRing
from openmarque.parts.notices import Notices
from openmarque.protocol.pairing import CODE_DIGITS, PairingAnswer, PairingRequest, PairingResult
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.timers import set_timer
from openmarque.storage.transaction import Transaction

TIMER: Final = "pairing_deleted"
"""Kind of the timer that deletes a pairing some time after its end."""
_DRAWS: Final = 5
"""How often a code is drawn anew when another account's waits for the same car: once in 10^8 it does."""

_COUNT: Final = """
SELECT count(*) FILTER (WHERE sealed IS NOT NULL AND expires_at > %(now)s AND vin_lookup <> ALL (%(lookups)s)),
       count(*) FILTER (WHERE created_at > %(since)s)
  FROM pairing WHERE account_id = %(account)s"""
_VOID: Final = """
UPDATE pairing SET voided_at = %(now)s, vin_lookup = NULL, code_hash = NULL, sealed = NULL, key_id = NULL
 WHERE account_id = %(account)s AND vin_lookup = ANY (%(lookups)s) AND paired_at IS NULL
RETURNING pairing_id"""
_INSERT: Final = """
INSERT INTO pairing (pairing_id, account_id, model_id, vin_lookup, code_hash, sealed, key_id, created_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (vin_lookup, code_hash) DO NOTHING RETURNING pairing_id"""
_SHOWN: Final = """
SELECT p.pairing_id, p.model_id, p.created_at, p.expires_at, p.voided_at, p.paired_at, p.vehicle_id, p.sealed, p.key_id, t.ends_at
  FROM pairing p LEFT JOIN vehicle_trial t ON t.vehicle_id = p.vehicle_id AND t.plan = %s
 WHERE p.account_id = %s"""
_ALL: Final = f"{_SHOWN} ORDER BY p.created_at DESC, p.pairing_id"
_ONE: Final = f"{_SHOWN} AND p.pairing_id = %s"
_TYPED: Final = """
SELECT p.pairing_id, p.account_id, p.expires_at, p.paired_at, p.vehicle_id FROM pairing p JOIN account a USING (account_id)
 WHERE p.vin_lookup = ANY (%s) AND p.code_hash = ANY (%s) AND a.closed_at IS NULL
   FOR NO KEY UPDATE OF p"""
_PAIRED: Final = "UPDATE pairing SET paired_at = %s, vehicle_id = %s, sealed = NULL, key_id = NULL WHERE pairing_id = %s"
_TENURE: Final = """
SELECT t.tenure_id, t.account_id, t.started_at, coalesce(t.name, m.name),
       EXISTS (SELECT FROM capability_grant g WHERE g.tenure_id = t.tenure_id AND g.subject_id = t.account_id AND g.until_at IS NULL)
  FROM tenure t JOIN vehicle v USING (vehicle_id) JOIN model m USING (model_id)
 WHERE t.vehicle_id = %s AND t.ended_at IS NULL FOR NO KEY UPDATE OF t"""
_TICK: Final = timedelta(microseconds=1)
"""PostgreSQL's smallest step of time."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """A pairing as its owner sees it; VIN and code only while the code can be typed."""

    pairing_id: UUID
    model_id: str
    state: PairingState
    created_at: datetime
    expires_at: datetime
    open: OpenCode | None
    vehicle_id: VehicleId | None
    trial_ends_at: datetime | None = None
    """Until when the free trial of the paired car lasts, or lasted."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """The pairing whose code was typed in a car."""

    pairing_id: UUID
    account_id: AccountId
    expires_at: datetime
    paired_at: datetime | None
    vehicle_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Owner:
    """The tenure that runs when a code is typed, and whether its owner has the car in the garage still."""

    tenure_id: TenureId
    account_id: AccountId
    started_at: datetime
    car: str
    has_it: bool


class Pairings:
    """Use cases on pairings, for owners and for cars."""

    def __init__(
        self, pack: BrandPack, keys: KeyRing, garage: Garage, contracts: Contracts, mailer: Mailer, notices: Notices
    ) -> None:
        """Pair cars of the brand of `pack`; keep codes with the keys in `keys`; tell earlier owners by `mailer`, new ones by `notices`."""
        self._pack = pack
        self._vins = VinVault(keys)
        self._codes = CodeVault(keys)
        self._garage = garage
        self._contracts = contracts
        self._mailer = mailer
        self._notices = notices

    # The owner's side

    async def eligible(self, tx: Transaction, account_id: AccountId, vin: str) -> Eligible | Ineligible:
        """Whether this VIN can be added by this account."""
        rows = await postgres(tx).rows(PLATFORM, "SELECT country FROM account WHERE account_id = %s", (account_id,))
        return eligibility(vin, self._pack, rows[0][0] if rows else None)

    async def add(self, tx: Transaction, account_id: AccountId, vin: str, now: datetime) -> Pairing | Ineligible:
        """A new code for a car; an earlier one of this account for the same car is void. Raises ``TooManyCodes``.

        The same statements for every eligible VIN, whoever has the car, and also when there is none.
        """
        answer = eligibility(vin, self._pack, await self._lock_account(tx, account_id))
        if isinstance(answer, Ineligible):
            return answer
        lookups = self._vins.lookups(vin)
        await self._check_limits(tx, account_id, lookups, now)
        await self._void(tx, account_id, lookups, now)
        return await self._insert(tx, account_id, answer.model_id, vin, now)

    async def _lock_account(self, tx: Transaction, account_id: AccountId) -> str | None:
        """The account's country; until the transaction ends nobody else adds a car to it, so what is counted stays so."""
        rows = await postgres(tx).rows(
            PLATFORM, "SELECT country FROM account WHERE account_id = %s FOR NO KEY UPDATE", (account_id,)
        )
        return rows[0][0] if rows else None

    async def _check_limits(self, tx: Transaction, account_id: AccountId, lookups: list[bytes], now: datetime) -> None:
        asked = {"account": account_id, "lookups": lookups, "now": now, "since": now - timedelta(days=1)}
        ((waiting, today),) = await postgres(tx).rows(PLATFORM, _COUNT, asked)
        if waiting >= MOST_WAITING or today >= MOST_A_DAY:
            raise TooManyCodes(limit=MOST_WAITING)

    async def _void(self, tx: Transaction, account_id: AccountId, lookups: list[bytes], now: datetime) -> None:
        rows = await postgres(tx).rows(PLATFORM, _VOID, {"account": account_id, "lookups": lookups, "now": now})
        for (pairing_id,) in rows:
            await set_timer(tx, TIMER, pairing_id, now + DELETED_AFTER)

    async def _insert(self, tx: Transaction, account_id: AccountId, model_id: str, vin: str, now: datetime) -> Pairing:
        pairing_id, expires_at = new_uuid(), now + timedelta(days=self._pack.pairing.valid_days)
        for _ in range(_DRAWS):
            made = self._codes.new(vin)
            secret = (self._vins.lookup(vin), self._codes.hash(made), *self._codes.seal(made, pairing_id))
            if await postgres(tx).rows(PLATFORM, _INSERT, (pairing_id, account_id, model_id, *secret, now, expires_at)):
                await set_timer(tx, TIMER, pairing_id, expires_at + DELETED_AFTER)
                return Pairing(pairing_id, model_id, PairingState.WAITING, now, expires_at, made, None)
        raise TooManyCodes(limit=MOST_WAITING)

    def _read(self, row: TupleRow, now: datetime) -> Pairing:
        """The pairing in a row."""
        pairing_id, model_id, created_at, expires_at, voided_at, paired_at, vehicle_id, sealed, key_id, trial_ends_at = row
        state = pairing_state(voided_at, paired_at, expires_at, now)
        shown = self._codes.open(bytes(sealed), key_id, pairing_id) if state is PairingState.WAITING else None
        return Pairing(pairing_id, model_id, state, created_at, expires_at, shown, vehicle_id, trial_ends_at)

    async def all(self, tx: Transaction, account_id: AccountId, now: datetime) -> list[Pairing]:
        """Every pairing of the account that is kept, newest first."""
        rows = await postgres(tx).rows(PLATFORM, _ALL, (self._pack.pairing.plan, account_id))
        return [self._read(row, now) for row in rows]

    async def one(self, tx: Transaction, account_id: AccountId, pairing_id: UUID, now: datetime) -> Pairing:
        """One pairing of the account. Raises ``PairingNotFound``."""
        rows = await postgres(tx).rows(PLATFORM, _ONE, (self._pack.pairing.plan, account_id, pairing_id))
        if not rows:
            raise PairingNotFound
        return self._read(rows[0], now)

    async def take_back(self, tx: Transaction, account_id: AccountId, pairing_id: UUID, now: datetime) -> None:
        """Make a code void; without effect when it is no good any more. Raises ``PairingNotFound``, ``PairingDone``."""
        rows = await postgres(tx).rows(
            PLATFORM,
            "SELECT paired_at, voided_at FROM pairing WHERE account_id = %s AND pairing_id = %s FOR NO KEY UPDATE",
            (account_id, pairing_id),
        )
        if not rows:
            raise PairingNotFound
        paired_at, voided_at = rows[0]
        if paired_at is not None:
            raise PairingDone
        if voided_at is None:
            await postgres(tx).execute(
                PLATFORM,
                """UPDATE pairing SET voided_at = %s, vin_lookup = NULL, code_hash = NULL, sealed = NULL, key_id = NULL
                    WHERE pairing_id = %s""",
                (now, pairing_id),
            )
            await set_timer(tx, TIMER, pairing_id, now + DELETED_AFTER)

    # The car's side

    async def typed(self, tx: Transaction, vehicle_id: VehicleId, request: PairingRequest, now: datetime) -> PairingAnswer:
        """What becomes of a code that was typed in this car. Raises ``VehicleUnknown``."""
        vin = await self._garage.vin(tx, vehicle_id)
        tries = await self._locked_tries(tx, vehicle_id, now)
        wait = tries.lock_left(now)
        if wait:
            return PairingAnswer(request.asked, PairingResult.LOCKED, wait_s=_seconds(wait))
        found = await self._find(tx, vin, request.code)
        if found is None or (found.paired_at is None and found.expires_at <= now):
            return await self._refuse(tx, vehicle_id, tries, request.asked, now, expired=found is not None)
        owner = await self._owner(tx, vehicle_id)
        if found.paired_at is not None:
            if not self._is_repeat(found, owner, vehicle_id, now):
                return await self._refuse(tx, vehicle_id, tries, request.asked, now, expired=False)
        else:
            await self._pair(tx, vehicle_id, vin, found, owner, now)
        await self._keep(tx, vehicle_id, tries.right_at(now))
        return PairingAnswer(request.asked, PairingResult.PAIRED)

    async def _locked_tries(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> Tries:
        """The tries of this car, the row locked until the transaction ends."""
        await postgres(tx).execute(
            PLATFORM,
            "INSERT INTO pairing_tries (vehicle_id, wrong, locks, last_at) VALUES (%s, 0, 0, %s) ON CONFLICT (vehicle_id) DO NOTHING",
            (vehicle_id, now),
        )
        rows = await postgres(tx).rows(
            PLATFORM,
            "SELECT wrong, locks, last_at, locked_until FROM pairing_tries WHERE vehicle_id = %s FOR NO KEY UPDATE",
            (vehicle_id,),
        )
        return Tries(*rows[0])

    async def _keep(self, tx: Transaction, vehicle_id: VehicleId, tries: Tries) -> None:
        await postgres(tx).execute(
            PLATFORM,
            "UPDATE pairing_tries SET wrong = %s, locks = %s, last_at = %s, locked_until = %s WHERE vehicle_id = %s",
            (tries.wrong, tries.locks, tries.last_at, tries.locked_until, vehicle_id),
        )

    async def _find(self, tx: Transaction, vin: str, code: str) -> _Typed | None:
        """The one pairing of this VIN with this code; its row is locked. None when there is none, or (keys rotated) not one alone."""
        if len(code) != CODE_DIGITS or not (code.isascii() and code.isdigit()):
            return None
        hashes = self._codes.hashes(OpenCode(vin, code))
        rows = await postgres(tx).rows(PLATFORM, _TYPED, (self._vins.lookups(vin), hashes))
        return _Typed(*rows[0]) if len(rows) == 1 else None

    async def _refuse(
        self, tx: Transaction, vehicle_id: VehicleId, tries: Tries, asked: int, now: datetime, *, expired: bool
    ) -> PairingAnswer:
        after = tries.wrong_at(now)
        await self._keep(tx, vehicle_id, after)
        if expired:
            return PairingAnswer(asked, PairingResult.EXPIRED, tries=after.left)
        wait = after.lock_left(now)
        if wait:
            return PairingAnswer(asked, PairingResult.LOCKED, wait_s=_seconds(wait))
        return PairingAnswer(asked, PairingResult.WRONG_CODE, tries=after.left)

    async def _owner(self, tx: Transaction, vehicle_id: VehicleId) -> _Owner | None:
        rows = await postgres(tx).rows(PLATFORM, _TENURE, (vehicle_id,))
        return _Owner(*rows[0]) if rows else None

    @staticmethod
    def _is_repeat(found: _Typed, owner: _Owner | None, vehicle_id: VehicleId, now: datetime) -> bool:
        """Whether this code brought this car to its present owner just now: the answer was lost, and the code typed again."""
        if found.paired_at is None or owner is None or not owner.has_it:
            return False
        return found.vehicle_id == vehicle_id and found.account_id == owner.account_id and now - found.paired_at < REPEAT

    async def _pair(
        self, tx: Transaction, vehicle_id: VehicleId, vin: str, found: _Typed, owner: _Owner | None, now: datetime
    ) -> None:
        if owner is not None:
            now = max(now, owner.started_at + _TICK)  # another worker's clock may be ahead
        if owner is not None and owner.account_id == found.account_id:
            await self._garage.grant_again(tx, owner.tenure_id, found.account_id, now)
        else:
            if owner is not None:
                await self._take_over(tx, vin, owner, now)
            tenure_id = await self._garage.start_tenure(tx, vehicle_id, found.account_id, now)
            trial = await self._contracts.activate_trial(tx, tenure_id, vehicle_id, self._pack.pairing.plan, now)
            if not trial.is_first:
                told = TRIAL_OVER if trial.contract_id is None else TRIAL_TAKEN_OVER
                await self._notices.notify(tx, tenure_id, told, {}, now, at=trial.ends_at)
        await postgres(tx).execute(PLATFORM, _PAIRED, (now, vehicle_id, found.pairing_id))
        await set_timer(tx, TIMER, found.pairing_id, now + DELETED_AFTER)

    async def _take_over(self, tx: Transaction, vin: str, owner: _Owner, now: datetime) -> None:
        """Everything of the earlier owner ends; the car hears of it in the policy that this compiles. REQ ENR-7."""
        await self._void(tx, owner.account_id, self._vins.lookups(vin), now)
        await self._contracts.rescind(tx, owner.tenure_id)
        await self._garage.end_tenure(tx, owner.tenure_id, now)
        await self._mailer.post(tx, owner.account_id, "car_taken_over", {"car": owner.car}, now)


def _seconds(wait: timedelta) -> int:
    """Whole seconds, never too few."""
    return -(-wait // timedelta(seconds=1))
