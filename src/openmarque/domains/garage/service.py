"""Cars and who has them: provisioning, certificates, tenures. Never commits; whoever changes a fact has the policy compiled anew."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec
import psycopg

from openmarque.brands.pack import BrandPack
from openmarque.domains.garage.errors import CeilingNotOffered, ModelUnknown, TenureRunning, VehicleExists, VehicleUnknown
from openmarque.domains.garage.vault import VinVault
from openmarque.kit.ids import AccountId, TenureId, VehicleId, new_uuid
from openmarque.link.enrolment import PostgresEnrolment
from openmarque.link.pki import CarCertificate, CertificateAuthority, RefusedRequest
from openmarque.link.ports import PolicyCompiler
from openmarque.link.subjects import live_subject
from openmarque.protocol import signing
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import CertificateRequest
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

SUBSCRIBER: Final = ("see", "command", "decide")
"""What the subscriber may do with the car of a tenure; later a family member may be given less."""
RENEWALS_A_DAY: Final = 12
"""Certificates of one car. One whose answers are lost asks again after 1, 2, 4 … minutes, at most every 6 hours: twelve times in its
first day. Each is kept, and named in the snapshot that every gate reads when the car is revoked."""


@dataclass(frozen=True, slots=True)
class NewVehicle:
    """What is to be provisioned: a car of `model_id`, built for at most `ceiling` (None: the highest level that the brand offers)."""

    vin: str
    model_id: str
    ceiling: Level | None = None


@dataclass(frozen=True, slots=True)
class Build:
    """What a car was provisioned as: its model, the most that it ever shares, and the levels to choose from in it."""

    model_id: str
    ceiling: Level
    levels: tuple[Level, ...]


class Leaving(Protocol):
    """Has something to tell a car that leaves its owner's garage (``commands.phones.Phones``: that no phone remains)."""

    async def tell_car(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> None:
        """Nobody may command the car any more; what is published after the commit goes to it."""
        ...


class TenureWatcher(Protocol):
    """Keeps something for the owner of a car (``documents.service.Documents``)."""

    async def tenure_started(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId, now: datetime) -> None:
        """Somebody has the car from now on."""
        ...

    async def tenure_ended(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId, now: datetime) -> None:
        """The owner has the car no more: what is theirs has to go."""
        ...


class Garage:
    """Use cases on cars and tenures."""

    def __init__(self, pack: BrandPack, vault: VinVault, authority: CertificateAuthority, compiler: PolicyCompiler) -> None:
        """Serve the brand of `pack`."""
        self._pack = pack
        self._vault = vault
        self._authority = authority
        self._compiler = compiler
        self._link = PostgresEnrolment()
        self._leaving: list[Leaving] = []
        self._watchers: list[TenureWatcher] = []

    def on_leaving(self, teller: Leaving) -> None:
        """Have `teller` tell cars that leave a garage; part of the wiring."""
        self._leaving.append(teller)

    def on_tenure(self, watcher: TenureWatcher) -> None:
        """Have `watcher` hear of each tenure that starts or ends; part of the wiring."""
        self._watchers.append(watcher)

    async def store_brand(self, tx: Transaction) -> None:
        """Make the database's brand, legal entities and models equal to the pack's. Repeatable."""
        pg = postgres(tx)
        await pg.execute(
            PLATFORM,
            """INSERT INTO brand (brand_id, name, pack_version) VALUES (%s, %s, %s)
               ON CONFLICT (brand_id) DO UPDATE SET name = excluded.name, pack_version = excluded.pack_version""",
            (self._pack.brand_id, self._pack.name, self._pack.version),
        )
        for model_id, model in self._pack.models.items():
            await pg.execute(
                PLATFORM,
                """INSERT INTO model (model_id, brand_id, name, powertrain, capabilities) VALUES (%s, %s, %s, %s, %s)
                   ON CONFLICT (model_id) DO UPDATE SET name = excluded.name, powertrain = excluded.powertrain,
                                                        capabilities = excluded.capabilities""",
                (model_id, self._pack.brand_id, model.name, model.powertrain, list(model.capabilities)),
            )
        for entity in self._pack.legal_entities.values():
            await pg.execute(
                PLATFORM,
                """INSERT INTO legal_entity (legal_entity_id, brand_id, name, country) SELECT %s, %s, %s, %s
                    WHERE NOT EXISTS (SELECT FROM legal_entity WHERE brand_id = %s AND name = %s)""",
                (new_uuid(), self._pack.brand_id, entity.name, entity.country, self._pack.brand_id, entity.name),
            )

    async def register(self, tx: Transaction, new: NewVehicle, now: datetime) -> VehicleId:
        """Make a car known; it can't connect before it has a certificate.

        Raises ``InvalidVin``, ``ModelUnknown``, ``CeilingNotOffered``, ``VehicleExists``.
        """
        vehicle_id = VehicleId(new_uuid())
        sealed, key_id = self._vault.seal(new.vin, vehicle_id)  # first: a mistyped VIN is named whatever else is wrong
        if new.model_id not in self._pack.models:
            raise ModelUnknown(f"It was {new.model_id!r}.", models=", ".join(self._pack.models))
        levels = self._pack.privacy_levels()
        ceiling = levels[-1] if new.ceiling is None else new.ceiling
        if ceiling not in levels:
            raise CeilingNotOffered(f"It was {ceiling.name.lower()}.", levels=", ".join(level.name.lower() for level in levels))
        if await self._known(tx, new.vin):
            raise VehicleExists  # also one whose row is under an older look-up key, which the constraint can't see
        try:
            await postgres(tx).execute(
                PLATFORM,
                """INSERT INTO vehicle (vehicle_id, brand_id, model_id, vin_sealed, vin_key_id, vin_lookup, ceiling, levels,
                                        provisioned_at)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
                (
                    *(
                        vehicle_id,
                        self._pack.brand_id,
                        new.model_id,
                        sealed,
                        key_id,
                        self._vault.lookup(new.vin),
                    ),
                    *(ceiling.name, [level.name for level in levels], now),
                ),
            )
        except psycopg.errors.UniqueViolation:
            raise VehicleExists from None
        await self._link.enrol(tx, vehicle_id)
        await self._compiler.recompile(tx, [vehicle_id], now)
        return vehicle_id

    async def find(self, tx: Transaction, vin: str) -> VehicleId:
        """The car with this VIN. Raises ``InvalidVin``, ``VehicleUnknown``."""
        known = await self._known(tx, vin)
        if not known:
            raise VehicleUnknown
        return known[0]

    async def _known(self, tx: Transaction, vin: str) -> list[VehicleId]:
        query = "SELECT vehicle_id FROM vehicle WHERE vin_lookup = ANY (%s)"
        return [VehicleId(row[0]) for row in await postgres(tx).rows(PLATFORM, query, (self._vault.lookups(vin),))]

    async def build_of(self, tx: Transaction, vehicle_id: VehicleId) -> Build:
        """What a known car was provisioned as. Raises ``VehicleUnknown``."""
        query = "SELECT model_id, ceiling, levels FROM vehicle WHERE vehicle_id = %s"
        for model_id, ceiling, levels in await postgres(tx).rows(PLATFORM, query, (vehicle_id,)):
            return Build(model_id, Level[ceiling], tuple(Level[level] for level in levels))
        raise VehicleUnknown

    async def vin(self, tx: Transaction, vehicle_id: VehicleId) -> str:
        """The VIN of a car. Raises ``VehicleUnknown``."""
        rows = await postgres(tx).rows(
            PLATFORM, "SELECT vin_sealed, vin_key_id FROM vehicle WHERE vehicle_id = %s", (vehicle_id,)
        )
        if not rows:
            raise VehicleUnknown
        return self._vault.open(bytes(rows[0][0]), rows[0][1], vehicle_id)

    async def certify(self, tx: Transaction, vehicle_id: VehicleId, csr: bytes) -> CarCertificate:
        """A certificate for a car's key (PKCS#10). Raises ``RefusedRequest``; a key that the car used before is one reason."""
        used = await self._link.key_ids(tx, vehicle_id)
        certificate = self._authority.renew_car(vehicle_id, await self.vin(tx, vehicle_id), csr, used_key_ids=used)
        await self._link.add_certificate(tx, certificate)
        return certificate

    async def renew(self, tx: Transaction, vehicle_id: VehicleId, request: CertificateRequest, now: datetime) -> bytes:
        """``CertificateIssuer`` of the link: the next certificate and its chain in PEM, for a car that holds a good one.

        Raises ``RefusedRequest`` when the request is not signed with the key of a certificate that is neither revoked nor run out, and
        beyond ``RENEWALS_A_DAY``. The car's row is locked, so that a renewal and a revocation come one after the other: a revoked car can't renew itself back in.
        """
        await self._link.lock(tx, vehicle_id)
        spki = await self._link.good_key(tx, vehicle_id, request.key_id, now)
        if spki is None:
            raise RefusedRequest("It is not signed with the key of a certificate in force.")
        try:
            signing.verify(signing.load_public(spki), signing.renewal_statement(request.csr), request.signature)
        except signing.BadSignature:
            raise RefusedRequest("Its signature is not by the car's present key.") from None
        if await self._link.issued_since(tx, vehicle_id, now - timedelta(days=1)) >= RENEWALS_A_DAY:
            raise RefusedRequest("The car was given enough certificates for a day.")
        return (await self.certify(tx, vehicle_id, request.csr)).chain_pem

    async def revoke(self, tx: Transaction, vehicle_id: VehicleId, reason: str, now: datetime) -> int:
        """End the trust in every certificate of a car; gives how many. The edge then renews the snapshot and cuts the connection."""
        await self._link.lock(tx, vehicle_id)
        return await self._link.revoke(tx, vehicle_id, reason, now)

    async def start_tenure(self, tx: Transaction, vehicle_id: VehicleId, account_id: AccountId, now: datetime) -> TenureId:
        """A person has the car from now on. The newest values begin empty: nothing of an earlier owner shows.

        Raises ``TenureRunning``, also when two try at the same moment (an exclusion constraint holds it).
        """
        tenure_id = TenureId(new_uuid())
        try:
            await postgres(tx).execute(
                PLATFORM,
                "INSERT INTO tenure (tenure_id, vehicle_id, account_id, started_at) VALUES (%s, %s, %s, %s)",
                (tenure_id, vehicle_id, account_id, now),
            )
        except psycopg.errors.ExclusionViolation:
            raise TenureRunning from None
        await postgres(tx).execute(
            PLATFORM,
            "INSERT INTO capability_grant (grant_id, tenure_id, subject_id, capabilities, from_at) VALUES (%s, %s, %s, %s, %s)",
            (new_uuid(), tenure_id, account_id, list(SUBSCRIBER), now),
        )
        await self._link.clear_values(tx, vehicle_id, tenure_id, now)
        await self._compiler.recompile(tx, [vehicle_id], now)
        for watcher in self._watchers:
            await watcher.tenure_started(tx, vehicle_id, tenure_id, now)
        return tenure_id

    async def end_tenure(self, tx: Transaction, tenure_id: TenureId, now: datetime) -> None:
        """The person has the car no more: grants end, newest values are wiped, every service of the tenure closes."""
        rows = await postgres(tx).rows(
            PLATFORM,
            "UPDATE tenure SET ended_at = %s WHERE tenure_id = %s AND ended_at IS NULL RETURNING vehicle_id",
            (now, tenure_id),
        )
        await postgres(tx).execute(
            PLATFORM, "UPDATE capability_grant SET until_at = %s WHERE tenure_id = %s AND until_at IS NULL", (now, tenure_id)
        )
        for (vehicle_id,) in rows:
            await self._link.clear_values(tx, vehicle_id, None, now)
            await self._compiler.recompile(tx, [vehicle_id], now)
            for watcher in self._watchers:
                await watcher.tenure_ended(tx, VehicleId(vehicle_id), tenure_id, now)
            tell_at_once(tx, tenure_id)

    async def grant_again(self, tx: Transaction, tenure_id: TenureId, account_id: AccountId, now: datetime) -> None:
        """The owner of a running tenure sees the car again; without effect while a grant runs (a constraint holds that it is one)."""
        await postgres(tx).execute(
            PLATFORM,
            """INSERT INTO capability_grant (grant_id, tenure_id, subject_id, capabilities, from_at) SELECT %s, %s, %s, %s, %s
                WHERE NOT EXISTS (SELECT FROM capability_grant WHERE tenure_id = %s AND subject_id = %s AND until_at IS NULL)""",
            (new_uuid(), tenure_id, account_id, list(SUBSCRIBER), now, tenure_id, account_id),
        )

    async def give_up(self, tx: Transaction, tenure_id: TenureId, account_id: AccountId, now: datetime) -> None:
        """The car leaves the account's garage: no view, nothing new for it. The tenure goes on, its contracts and services too. REQ ACC-4."""
        await postgres(tx).execute(
            PLATFORM,
            """UPDATE capability_grant SET until_at = greatest(%s, from_at)
                WHERE tenure_id = %s AND subject_id = %s AND until_at IS NULL""",
            (now, tenure_id, account_id),
        )
        tell_at_once(tx, tenure_id)
        rows = await postgres(tx).rows(PLATFORM, "SELECT vehicle_id FROM tenure WHERE tenure_id = %s", (tenure_id,))
        for (vehicle_id,) in rows:
            for teller in self._leaving:
                await teller.tell_car(tx, VehicleId(vehicle_id), now)

    async def rename(self, tx: Transaction, tenure_id: TenureId, name: str | None) -> None:
        """What the owner of this tenure calls the car; `name` is one of ``rules.car_name``."""
        await postgres(tx).execute(PLATFORM, "UPDATE tenure SET name = %s WHERE tenure_id = %s", (name, tenure_id))


def tell_at_once(tx: Transaction, tenure_id: TenureId) -> None:
    """Have whoever watches this tenure look at once whether they may still: streams end with the right to watch, not at the next beat.

    Unlike ``LiveUpdates`` it tells whether or not somebody is known to watch: this process may not have heard.
    """
    tx.publish_after_commit(live_subject(tenure_id), msgspec.json.encode({"kind": "level"}))
