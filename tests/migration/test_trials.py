"""Owners keep the contracts of before trials belonged to cars; a car's trial ends with the latest of them."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from uuid import uuid4

import psycopg
import pytest

from openmarque.storage.migrate import migrate

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
REVISION = import_module("openmarque.storage.migrations.versions.0011_trials")


@pytest.mark.req("SVC-2b")
def test_contracts_of_before_are_the_trials_of_their_cars(empty):
    migrate(empty)
    car, other = uuid4(), uuid4()
    seller, buyer, owner = uuid4(), uuid4(), uuid4()
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # only what the revision reads is there
        for tenure, vehicle, begins in ((seller, car, 0), (buyer, car, 200), (owner, other, 10)):
            connection.execute(
                "INSERT INTO tenure (tenure_id, vehicle_id, account_id, started_at, ended_at) VALUES (%s, %s, %s, %s, %s)",
                [tenure, vehicle, uuid4(), START + begins * DAY, START + 200 * DAY if tenure == seller else None],
            )
            for again in (0, 1) if tenure == owner else (0,):
                connection.execute(
                    "INSERT INTO contract (contract_id, tenure_id, plan, state, starts_at, ends_at, pack_version, revision, is_trial)"
                    " VALUES (%s, %s, 'connect', 'active', %s, %s, '1', 1, false)",
                    [uuid4(), tenure, START + (begins + again) * DAY, START + (begins + again + 365) * DAY],
                )
        connection.execute(REVISION._TRIALS)
        connection.execute(REVISION._MARKED)
        trials = set(connection.execute("SELECT vehicle_id, ends_at FROM vehicle_trial").fetchall())
        marked = connection.execute("SELECT tenure_id, starts_at FROM contract WHERE is_trial ORDER BY starts_at").fetchall()
    assert trials == {(car, START + 565 * DAY), (other, START + 376 * DAY)}
    assert marked == [(seller, START), (owner, START + 10 * DAY), (buyer, START + 200 * DAY)]
