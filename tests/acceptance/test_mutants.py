"""Ways past the declarations at a running platform, each planted and each caught: by `openmarque check`, by PostgreSQL, or by the log.

`DATABASE` is what somebody with the owner's rights did to the database, `STATEMENTS` what a program tries in a role that is not its
owner's. A control run without a mutant finds nothing. Mutants of code and catalogue stand in tests/unit/governance/test_check_mutants.py.
"""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
import structlog

from openmarque.governance.check.live import findings as live_findings
from openmarque.governance.check.run import check_installation
from openmarque.governance.enforcing import enforce, installed_enforcement, set_app_password
from openmarque.kit.log import configure_log
from openmarque.storage.migrate import migrate
from tests.databases import as_user, empty_database, throwaway_server

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PASSWORD = "only-in-this-test"


DATABASE = {
    "a column added by hand": ("ALTER TABLE trip ADD COLUMN driver text", "undeclared-column"),
    "a table added by hand": ("CREATE TABLE spy (driver text)", "undeclared-table"),
    "a view past row security": ("CREATE VIEW v AS SELECT * FROM trip", "undeclared-view"),
    "row security switched off": ("ALTER TABLE trip DISABLE ROW LEVEL SECURITY", "missing-row-security"),
    "row security not for the owner": ("ALTER TABLE consent NO FORCE ROW LEVEL SECURITY", "missing-row-security"),
    "a row policy dropped": ("DROP POLICY om_svc_trips_insert ON trip", "missing-row-policy"),
    "a row policy loosened": ("ALTER POLICY om_svc_trips_insert ON trip WITH CHECK (true)", "missing-row-policy"),
    "a row policy added": ("CREATE POLICY open ON trip USING (true)", "unexpected-row-policy"),
    "a grant widened to a role": ("GRANT SELECT ON vehicle TO om_reader", "unexpected-grant"),
    "a grant widened to everybody": ("GRANT SELECT ON trip TO PUBLIC", "unexpected-grant"),
    "a grant on one more column": ("GRANT UPDATE (version) ON car_policy TO om_link", "unexpected-grant"),
    "a partition opened": ("GRANT SELECT ON om_partition.trip_default TO om_link", "unexpected-grant"),
    "the constraint on signals dropped": (
        "ALTER TABLE last_values DROP CONSTRAINT ck_last_values_signals_declared",
        "missing-constraint",
    ),
    "the guard of status writes switched off": (
        "ALTER TABLE car_policy DISABLE TRIGGER follow_policy_version",
        "missing-trigger",
    ),
    "a function that looks at policies replaced": (
        "CREATE OR REPLACE FUNCTION om_is_open(p_tenure uuid, p_vehicle uuid, p_declarations text[]) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "missing-function",
    ),
    "a role that bypasses row security": ("ALTER ROLE om_reader BYPASSRLS", "missing-role"),
    "a role that reads everything": ("GRANT pg_read_all_data TO om_link", "unexpected-role-membership"),
}
UNDO = {
    "a column added by hand": "ALTER TABLE trip DROP COLUMN driver",
    "a table added by hand": "DROP TABLE spy",
    "a view past row security": "DROP VIEW v",
}
"""What migrating leaves alone, since it may hold data: the operator decides."""
_TRIP = (
    "INSERT INTO trip (tenure_id, vehicle_id, trip, received_at, policy_version, started_at, ended_at, duration_s, travel_s,"
)
_TRIP += " gap_s, distance_m, mean_speed_kmh) SELECT {tenure}, {vehicle}, 1, {now}, 1, 1, 2, 1, 1, 0, 1, 1"
_DENIED = psycopg.errors.InsufficientPrivilege

STATEMENTS = {
    "a trip of a tenure whose policy is closed": (
        "om_svc_trips",
        _TRIP.format(tenure="{closed}", vehicle="{closed_car}", now="{now}"),
        _DENIED,
    ),
    "a trip of one tenure with the car of another": (
        "om_svc_trips",
        _TRIP.format(tenure="{tenure}", vehicle="{closed_car}", now="{now}"),
        _DENIED,
    ),
    "a place where only trips are open": (
        "om_svc_trips",
        "INSERT INTO trip_place SELECT {tenure}, 1, {now}, {vehicle}, 1, 1, 48.1, 2.1, 48.2, 2.2",
        _DENIED,
    ),
    "a trip moved to a tenure that is closed": (
        "om_svc_trips",
        "UPDATE trip SET tenure_id = {closed}, vehicle_id = {closed_car}",
        _DENIED,
    ),
    "another service's table": ("om_svc_status", _TRIP, _DENIED),
    "the link writing trips": ("om_link", _TRIP, _DENIED),
    "a service reading accounts": ("om_svc_trips", "SELECT * FROM account", _DENIED),
    "a service opening its own policy": (
        "om_svc_trips",
        "UPDATE car_policy SET open_declarations = '{{trip_places}}'",
        _DENIED,
    ),
    "the link opening a policy": ("om_link", "UPDATE car_policy SET open_declarations = '{{trip_places}}'", _DENIED),
    "a partition instead of its table": ("om_svc_trips", "SELECT * FROM om_partition.trip_default", _DENIED),
    "a key that no declaration takes": (
        "om_link",
        "UPDATE last_values SET signals = signals || '{{\"Vehicle.Driver.Mood\": [1, 2, 3]}}'",
        psycopg.errors.CheckViolation,
    ),
    "the reader writing": ("om_reader", "DELETE FROM trip", _DENIED),
    "the reader asking for the VIN": ("om_reader", "SELECT vin_sealed FROM vehicle", _DENIED),
    "the login role writing": ("om_app", _TRIP, _DENIED),
    "the login role reading": ("om_app", "SELECT * FROM brand", _DENIED),
    "the login role taking on the guard": ("om_app", "SET ROLE om_guard", _DENIED),
    "the login role taking on the owner": ("om_app", "SET ROLE openmarque", _DENIED),
    "a role making a table": ("om_platform", "CREATE TABLE spy (x int)", _DENIED),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """One database for all: what a program tries is rolled back, and what an owner did is mended after each mutant."""

    def prepare(connection):
        enforce(connection)
        set_app_password(connection, PASSWORD)

    with throwaway_server(tmp_path_factory.mktemp("mutants")) as server, empty_database(server) as address:
        migrate(address, prepare)
        yield address


@dataclass(frozen=True)
class Cars:
    """Two cars of two owners: one whose policy holds `trips` and `status` open, one that holds nothing open."""

    tenure: UUID
    vehicle: UUID
    closed: UUID
    closed_car: UUID

    def fill(self, statement: str) -> str:
        """`statement` with the ids in place of their names."""
        texts = {name: f"'{value}'::uuid" for name, value in vars(self).items()}
        return statement.format(**texts, now=f"'{NOW.isoformat()}'::timestamptz")


@pytest.fixture(scope="module")
def cars(url):
    made = Cars(uuid4(), uuid4(), uuid4(), uuid4())
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO brand VALUES ('b', 'B', '1')")
        connection.execute("INSERT INTO model VALUES ('m', 'b', 'M', 'electric', '{}')")
        for tenure, vehicle, opened in ((made.tenure, made.vehicle, ["trips", "status"]), (made.closed, made.closed_car, [])):
            account = uuid4()
            connection.execute(
                "INSERT INTO vehicle VALUES (%s, 'b', 'm', '', 'k', %s, 'POSITION', %s, '{PRIVATE,DATA,POSITION}')",
                [vehicle, vehicle.bytes, NOW],
            )
            connection.execute("INSERT INTO account VALUES (%s, 'b', 'en', 'Europe/Paris', %s)", [account, NOW])
            connection.execute("INSERT INTO tenure VALUES (%s, %s, %s, %s)", [tenure, vehicle, account, NOW])
            connection.execute("INSERT INTO last_values VALUES (%s, %s, 1, 0, 0, 0, 0, '{}')", [vehicle, tenure])
            connection.execute(
                "INSERT INTO car_policy VALUES (%s, %s, 1, '', '', %s, 2, 3, true, '{}', %s, %s, 0, '')",
                [vehicle, tenure, opened, NOW, NOW],
            )
    return made


@pytest.fixture
def acting(url, cars):
    """The program's login role in a transaction with one trip in it, rolled back afterwards; call it with a role to take on."""
    with psycopg.connect(as_user(url, "om_app", PASSWORD)) as connection:

        def act(role: str) -> psycopg.Connection:
            connection.execute(f"SET LOCAL ROLE {role}".encode() if role != "om_app" else b"RESET ROLE")
            return connection

        act("om_svc_trips").execute(cars.fill(_TRIP).encode())
        yield act
        connection.rollback()


def test_without_a_mutant_nothing_is_found(url):
    assert check_installation(url) == []


@pytest.mark.parametrize("mutant", DATABASE)
def test_check_finds_in_the_database_and_migrating_mends(mutant, url):
    statement, code = DATABASE[mutant]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
    assert code in {finding.code for finding in live_findings(url, installed_enforcement())}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(UNDO.get(mutant, "SELECT 1").encode())
    migrate(url, enforce)
    assert list(live_findings(url, installed_enforcement())) == []


@pytest.mark.req("GDP-1g")
@pytest.mark.parametrize("mutant", STATEMENTS)
def test_postgresql_refuses(mutant, acting, cars):
    role, statement, error = STATEMENTS[mutant]
    with pytest.raises(error):
        acting(role).execute(cars.fill(statement).encode())


@pytest.mark.req("GDP-1g")
def test_postgresql_refuses_a_column_that_its_service_does_not_declare(url, acting):
    with psycopg.connect(url) as connection:  # its end takes the column back
        connection.execute("ALTER TABLE trip_place ADD COLUMN driver text")
        connection.execute("SET LOCAL ROLE om_svc_trips")
        connection.execute("SELECT trip FROM trip_place")
        with pytest.raises(_DENIED):
            connection.execute("SELECT driver FROM trip_place")
        connection.rollback()
        connection.execute("ALTER TABLE trip_place ADD COLUMN driver text")
        connection.execute("SET LOCAL ROLE om_svc_trips")
        with pytest.raises(_DENIED):
            connection.execute("UPDATE trip_place SET driver = 'x'")
        connection.rollback()


def test_the_link_stores_declared_signals(acting):
    done = acting("om_link").execute("""UPDATE last_values SET signals = signals || '{"Vehicle.Speed": [50, 1, 2]}'""")
    assert done.rowcount == 2


def test_a_reader_sees_the_tenures_named_for_the_transaction_and_no_other(acting, cars):
    connection = acting("om_reader")

    def count(table: str) -> int:
        return connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()[0]

    assert count("trip") == 0, "without the setting nothing is seen"
    connection.execute("SELECT set_config('openmarque.tenures', %s, true)", [str(cars.closed)])
    assert count("trip") == 0
    assert connection.execute("SELECT vehicle_id FROM vehicle").fetchall() == [(cars.closed_car,)]
    connection.execute("SELECT set_config('openmarque.tenures', %s, true)", [f"{cars.tenure},{cars.closed}"])
    assert count("trip") == 1
    assert count("last_values") == 2


@pytest.mark.req("GDP-1g")
def test_the_log_drops_a_field_that_nobody_declared_and_masks_a_vin():
    lines = io.StringIO()
    guard = configure_log(stream=lines)
    try:
        structlog.get_logger().info("connection_refused", reason="VF1AG000064744590 is unknown", driver="Ada")
    finally:
        structlog.reset_defaults()
    line = json.loads(lines.getvalue())
    assert "driver" not in line
    assert line["dropped_fields"] == 1
    assert guard.dropped == {"driver": 1}
    assert line["reason"] == "(VIN) is unknown"
