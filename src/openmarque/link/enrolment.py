"""A car's rows on the link: made at provisioning, its certificates, the wiping of its newest values."""

from collections.abc import Collection, Mapping
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from openmarque.kit.clock import to_ms
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.link.pki import CarCertificate
from openmarque.protocol import signing
from openmarque.protocol.lanes import next_epoch
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import LINK, PLATFORM
from openmarque.storage.transaction import Transaction


class PostgresEnrolment:
    """The link's rows of a car outside the traffic itself."""

    async def enrol(self, tx: Transaction, vehicle_id: VehicleId) -> None:
        """Make the rows of a new car: first epoch, nothing received, no values, no policy yet."""
        await postgres(tx).execute(
            LINK,
            """INSERT INTO car_link (vehicle_id, epoch, event_watermark, urgent_watermark, lost, protocol, software, unknown)
               VALUES (%s, 1, 0, 0, 0, 0, '', '{}')""",
            (vehicle_id,),
        )
        await postgres(tx).execute(
            LINK,
            """INSERT INTO last_values (vehicle_id, epoch, seq, policy_version, received_ms, trust, signals)
               VALUES (%s, 1, 0, 0, 0, 0, '{}')""",
            (vehicle_id,),
        )

    async def clear_values(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, now: datetime) -> None:
        """Wipe the newest values; from now on they belong to `tenure_id` (None: to nobody).

        A new epoch begins: what was sensed in the former tenure and is still under way is refused as of a former life of the car,
        and the car has to greet, where it learns the new policy, and forgets, before it sends anything more. Refusals are counted by car, and the owner reads the counts: they begin anew too.
        """
        now_s = next_epoch(0, to_ms(now))
        await postgres(tx).execute(
            LINK,
            """UPDATE car_link SET epoch = greatest(epoch + 1, %s), event_watermark = 0, urgent_watermark = 0 WHERE vehicle_id = %s""",
            (now_s, vehicle_id),
        )
        await postgres(tx).execute(
            LINK,
            """UPDATE last_values SET tenure_id = %s, epoch = greatest(epoch + 1, %s), seq = 0, signals = '{}', received_ms = 0, trust = 0
                WHERE vehicle_id = %s""",
            (tenure_id, now_s, vehicle_id),
        )
        await postgres(tx).execute(
            LINK, "UPDATE refusal_count SET count = 0 WHERE vehicle_id = %s AND count > 0", (vehicle_id,)
        )

    async def lock(self, tx: Transaction, vehicle_id: VehicleId) -> None:
        """Hold back every other change of this car's certificates until the transaction ends."""
        await postgres(tx).execute(PLATFORM, "SELECT FROM vehicle WHERE vehicle_id = %s FOR NO KEY UPDATE", (vehicle_id,))

    async def good_key(self, tx: Transaction, vehicle_id: VehicleId, key_id: str, now: datetime) -> bytes | None:
        """The public key (DER) of this car's certificate for `key_id`, unless that is revoked or has run out."""
        query = """SELECT public_key FROM certificate
                    WHERE key_id = %s AND vehicle_id = %s AND revoked_at IS NULL AND not_after > %s"""
        rows = await postgres(tx).rows(PLATFORM, query, (key_id, vehicle_id, now))
        return bytes(rows[0][0]) if rows else None

    async def issued_since(self, tx: Transaction, vehicle_id: VehicleId, since: datetime) -> int:
        """How many certificates whose life began after `since` this car was given."""
        query = "SELECT count(*) FROM certificate WHERE vehicle_id = %s AND not_before > %s"
        return int((await postgres(tx).rows(PLATFORM, query, (vehicle_id, since)))[0][0])

    async def key_ids(self, tx: Transaction, vehicle_id: VehicleId) -> frozenset[str]:
        """The ids of every key that this car ever had a certificate for."""
        rows = await postgres(tx).rows(PLATFORM, "SELECT key_id FROM certificate WHERE vehicle_id = %s", (vehicle_id,))
        return frozenset(row[0] for row in rows)

    async def add_certificate(self, tx: Transaction, certificate: CarCertificate) -> None:
        """Keep a certificate just issued, with its public key, so that what the car signs can be proved later."""
        leaf, issuer = x509.load_pem_x509_certificates(certificate.chain_pem)[:2]
        public_key, issuer_key_id = signing.public_bytes(_key_of(leaf)), signing.key_id(_key_of(issuer))
        await postgres(tx).execute(
            PLATFORM,
            """INSERT INTO certificate (serial, vehicle_id, key_id, public_key, issuer_key_id, not_before, not_after)
               VALUES (%s, %s, %s, %s, %s, %s, %s)""",
            (
                *(certificate.serial, certificate.vehicle_id, certificate.key_id, public_key, issuer_key_id),
                *(certificate.not_before, certificate.not_after),
            ),
        )

    async def revoke(self, tx: Transaction, vehicle_id: VehicleId, reason: str, now: datetime) -> int:
        """Mark every certificate of a car as revoked; gives how many were good until now."""
        rows = await postgres(tx).rows(
            PLATFORM,
            "UPDATE certificate SET revoked_at = %s, revoked_for = %s WHERE vehicle_id = %s AND revoked_at IS NULL RETURNING serial",
            (now, reason, vehicle_id),
        )
        return len(rows)

    async def revoked_serials(self, tx: Transaction, now: datetime) -> frozenset[str]:
        """The serials of revoked certificates that have not run out by themselves: what the snapshot has to name."""
        query = "SELECT serial FROM certificate WHERE revoked_at IS NOT NULL AND not_after > %s"
        return frozenset(row[0] for row in await postgres(tx).rows(PLATFORM, query, (now,)))

    async def next_snapshot_version(self, tx: Transaction, written: int, now: datetime) -> int:
        """The number of the next revocation snapshot, above every earlier one and above `written`, that of the present file.

        The file counts too: after the database was restored from a backup its own numbers are below what the gates have seen.
        """
        query = """INSERT INTO revocation_snapshot (version, written_at)
                   SELECT greatest(coalesce(max(version), 0), %s) + 1, %s FROM revocation_snapshot RETURNING version"""
        return int((await postgres(tx).rows(PLATFORM, query, (written, now)))[0][0])

    async def run_out(self, tx: Transaction, serials: Collection[str], now: datetime) -> frozenset[str]:
        """Those of `serials` that need no naming any more, because their certificates have run out by themselves."""
        query = "SELECT serial FROM certificate WHERE serial = ANY (%s) AND not_after <= %s"
        return frozenset(row[0] for row in await postgres(tx).rows(PLATFORM, query, (list(serials), now)))

    async def record_keys(self, tx: Transaction, keys: Mapping[str, tuple[str, bytes]], now: datetime) -> None:
        """Make the register of public keys equal to `keys` (key id → purpose, DER): new ones begin now, those left out end now."""
        pg = postgres(tx)
        for key_id, (purpose, public_key) in keys.items():
            await pg.execute(
                PLATFORM,
                """INSERT INTO signing_key (key_id, purpose, public_key, from_at) VALUES (%s, %s, %s, %s)
                   ON CONFLICT (key_id) DO NOTHING""",
                (key_id, purpose, public_key, now),
            )
        await pg.execute(
            PLATFORM, "UPDATE signing_key SET until_at = %s WHERE until_at IS NULL AND key_id <> ALL (%s)", (now, list(keys))
        )


def _key_of(certificate: x509.Certificate) -> signing.PublicKey:
    """The certificate's key; ours are all of the kinds that the link signs with."""
    return signing.load_public(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
