"""Thousands of cars at once: what ``Garage`` and ``Contracts`` do for one car, done in bulk, with every policy compiled by ``StoringPolicyCompiler``.

Only the row-by-row statements are replaced by COPY as the database's owner; the engine that decides, the certificate authority and
the sealing of VINs are the platform's own. Each car ends up with an owner, an activated trial, position released, and a certificate.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.loader import CarEntry
from bench.processes import Bench
from openmarque.app import Platform
from openmarque.domains.contracts.rules import State
from openmarque.domains.garage.service import SUBSCRIBER
from openmarque.domains.garage.vault import VinVault
from openmarque.kit.csr import certificate_request, key_pem, new_car_key
from openmarque.kit.ids import VehicleId, new_uuid, wire
from openmarque.protocol.levels import Level

_BATCH: Final = 500
"""Cars whose policies are compiled in one transaction."""
_MODEL: Final = "brise"
_PLAN: Final = "connect"

Row = tuple[Any, ...]


async def provision(bench: Bench, count: int) -> list[CarEntry]:
    """Make `count` cars ready for the road; their keys and certificates are written below the home."""
    platform, owner_url, folder = bench.platform, bench.owner_url, bench.settings.home / "cars"
    async with platform.database.begin() as tx:
        await platform.garage.store_brand(tx)
    vehicles = [VehicleId(new_uuid()) for _ in range(count)]
    vins = {vehicle_id: f"VF1BENCH0{number:08d}" for number, vehicle_id in enumerate(vehicles, 1)}
    entries = _certify(platform, vins, folder)
    with psycopg.connect(owner_url) as connection:
        _store(connection, platform, vins)
    for start in range(0, count, _BATCH):
        async with platform.database.begin() as tx:
            await platform.compiler.recompile(tx, vehicles[start : start + _BATCH], platform.clock.now())
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return entries


def _certify(platform: Platform, vins: dict[VehicleId, str], folder: Path) -> list[CarEntry]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    entries = []
    for vehicle_id, vin in vins.items():
        key = new_car_key()
        issued = platform.authority.issue_car(vehicle_id, vin, certificate_request(key, vehicle_id))
        path = folder / f"{wire(vehicle_id)}.pem"
        path.write_bytes(key_pem(key) + issued.chain_pem)
        entries.append(CarEntry(wire(vehicle_id), str(path)))
    return entries


def _store(connection: psycopg.Connection[Any], platform: Platform, vins: dict[VehicleId, str]) -> None:
    now, brand, pack = platform.clock.now(), platform.pack.brand_id, platform.pack.version
    vault = VinVault(platform.keys)
    cars = list(vins)
    accounts, tenures = {c: new_uuid() for c in cars}, {c: new_uuid() for c in cars}
    since, until = now - timedelta(days=1), now + timedelta(days=365)
    vehicle_rows, levels = [], [level.name for level in platform.pack.privacy_levels()]
    for car, vin in vins.items():
        sealed, key_id = vault.seal(vin, car)
        vehicle_rows.append((car, brand, _MODEL, sealed, key_id, vault.lookup(vin), Level.POSITION.name, levels, since))
    _copy(
        connection,
        "vehicle",
        "vehicle_id brand_id model_id vin_sealed vin_key_id vin_lookup ceiling levels provisioned_at",
        vehicle_rows,
    )
    account_rows = [(accounts[c], brand, "en", "Europe/Paris", since) for c in cars]
    _copy(connection, "account", "account_id brand_id language time_zone created_at", account_rows)
    _copy(
        connection, "tenure", "tenure_id vehicle_id account_id started_at", [(tenures[c], c, accounts[c], since) for c in cars]
    )
    grant_rows = [(new_uuid(), tenures[c], accounts[c], list(SUBSCRIBER), since) for c in cars]
    _copy(connection, "capability_grant", "grant_id tenure_id subject_id capabilities from_at", grant_rows)
    contract_rows = [(new_uuid(), tenures[c], _PLAN, str(State.ACTIVE), since, until, pack, 1, True) for c in cars]
    columns = "contract_id tenure_id plan state starts_at ends_at pack_version revision is_trial"
    _copy(connection, "contract", columns, contract_rows)
    level = int(Level.POSITION)
    # The signature is proved when a level change comes in over the link (LevelHandler); a stored one is not looked at again.
    level_rows = [(c, 1, tenures[c], level, since, "bench", "bench", b"", since) for c in cars]
    columns = "vehicle_id counter tenure_id level changed_at changed_by key_id signature received_at"
    _copy(connection, "privacy_level", columns, level_rows)
    link_columns = "vehicle_id epoch event_watermark urgent_watermark lost protocol software unknown"
    _copy(connection, "car_link", link_columns, [(c, 1, 0, 0, 0, 0, "", []) for c in cars])
    values_columns = "vehicle_id tenure_id epoch seq policy_version received_ms trust signals"
    _copy(connection, "last_values", values_columns, [(c, tenures[c], 1, 0, 0, 0, 0, "{}") for c in cars])


def _copy(connection: psycopg.Connection[Any], table: str, columns: str, rows: Sequence[Row] | Iterable[Row]) -> None:
    names = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, columns.split()))
    statement = psycopg.sql.SQL("COPY {} ({}) FROM STDIN").format(psycopg.sql.Identifier(table), names)
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
