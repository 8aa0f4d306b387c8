"""Seventy ways past the declarations, each planted and each caught: by `openmarque check`, by PostgreSQL, or by the log at run time.

The lists below are the catalogue of mutants: `EDITED` (a copy of the source with one change), `ADDED` (modules added to the status
service), `DATABASE` (what somebody with the owner's rights did to the database), `STATEMENTS` (what a program tries in a role that
is not its owner's). A control run without a mutant finds nothing.
"""

import io
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
import structlog

import openmarque
from openmarque.governance.check.live import findings as live_findings
from openmarque.governance.check.run import check_installation
from openmarque.governance.enforcing import enforce, installed_enforcement, set_app_password
from openmarque.kit.log import configure_log
from openmarque.storage.migrate import migrate
from tests.databases import as_user, empty_database, throwaway_server

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PASSWORD = "only-in-this-test"


@dataclass(frozen=True)
class Edit:
    """A change of the source: `old` in `file` becomes `new` (empty `old`: `new` is appended); `code` and `where` of the finding."""

    file: str
    old: str
    new: str
    code: str
    where: str


_TRIP_COLUMN = 'Column("policy_version", Integer, nullable=False, comment="version by which it was permitted"),'
_JSON_COLUMN = _TRIP_COLUMN + '\n    Column("extra", __import__("sqlalchemy.dialects.postgresql").dialects.postgresql.JSONB),'

EDITED = {
    "a column without declaration": Edit(
        "services/trips/tables.py",
        _TRIP_COLUMN,
        'Column("policy_version", Integer, nullable=False, comment="version by which it was permitted"), Column("driver", BigInteger),',
        "undeclared-column",
        "trip.driver",
    ),
    "a JSON column whose keys nobody declared": Edit(
        "services/trips/tables.py", _TRIP_COLUMN, _JSON_COLUMN, "json-without-keys", "trip.extra"
    ),
    "a table of a service without tenure": Edit(
        "services/trips/tables.py",
        "",
        '\nnote = Table("note", metadata, Column("note_id", Uuid, primary_key=True))\n',
        "unguarded-table",
        "note",
    ),
    "a declared subject without purpose": Edit(
        "link/subjects.py",
        "SUBJECTS: Final = (",
        'SUBJECTS: Final = (Subject("spy.{kind}", ""), ',
        "subject-without-purpose",
        "spy.{kind}",
    ),
    "a field of a message": Edit(
        "services/trips/messages.py",
        "gap_s: float = 0.0",
        'gap_s: float = 0.0\n    driver: str = ""',
        "undeclared-message-field",
        "trip_completed.driver",
    ),
    "a table that belongs to nobody": Edit(
        "services/trips/tables.py",
        "",
        '\nTable("note", metadata, Column("note_id", Uuid, primary_key=True))\n',
        "unowned-table",
        "note",
    ),
    "a message that names no declaration": Edit(
        "services/trips/messages.py",
        '"a trip\'s figures at engine stop", "trips")',
        '"x")',
        "invalid-catalogue",
        "catalogue",
    ),
    "an item without retention": Edit(
        "services/trips/declaration.py",
        "\nTRIPS = Declaration(",
        "\nMONTHS_2 = None\nTRIPS = Declaration(",
        "no-retention",
        "trips: time",
    ),
    "an item kept for two different times": Edit(
        "brands/sample/brand.toml",
        '"lock.status of your commands" = 30',
        '"lock.status of your commands" = 60',
        "two-retentions",
        "lock: status of your commands",
    ),
    "a retention that the brand forgot": Edit(
        "brands/sample/brand.toml", '"lock.status of your commands" = 30\n', "", "no-retention", "lock: status of your commands"
    ),
    "a signal that VSS does not have": Edit(
        "services/status/declaration.py",
        "signals=(vss.ODOMETER,)",
        'signals=("Vehicle.Driver.Mood",)',
        "invalid-catalogue",
        "catalogue",
    ),
    "a processor outside the EEA without guarantee": Edit(
        "services/trips/declaration.py",
        "    messages=(TRIP_COMPLETED,),",
        '    messages=(TRIP_COMPLETED,),\n    processors=(__import__("openmarque.catalogue.declarations").catalogue.declarations.Processor("X", "hosting", "US"),),',
        "invalid-catalogue",
        "catalogue",
    ),
}

ADDED = {
    "a statement in small letters": ("_X = 'insert into note (driver) values (1)'", "unreadable-statement"),
    "a statement that merges": ("_X = 'MERGE INTO trip USING x ON true WHEN MATCHED THEN DELETE'", "unreadable-statement"),
    "a table made by a selection": ("_X = 'SELECT * INTO note FROM trip'", "unreadable-statement"),
    "a temporary table": ("_X = 'CREATE TEMP TABLE note (driver text)'", "unreadable-statement"),
    "a statement in bytes": ("_X = b'INSERT INTO note (driver) VALUES (1)'", "undeclared-table"),
    "a cookie": ("def _x(response, place):\n    response.set_cookie('place', place)", "undeclared-header"),
    "a header in the raw list": ("def _x(response, p):\n    response.raw_headers.append((b'place', p))", "undeclared-header"),
    "a header of a dict that is called": ("def _x(get, p):\n    get('x', headers=dict(Place=p))", "undeclared-header"),
    "a log past the guard": (
        "import logging\n\n\ndef _x(place):\n    logging.getLogger().info('%s', place)",
        "undeclared-log-field",
    ),
    "a line on the standard error": ("import sys\n\n\ndef _x(place):\n    sys.stderr.write(place)", "undeclared-log-field"),
    "a bucket of keys and values": ("async def _x(js):\n    await js.create_key_value(bucket='places')", "undeclared-object"),
    "a mail's body in a module that imports no mail": (
        "def _x(message, place):\n    message.add_alternative(f'{place}', subtype='html')",
        "undeclared-mail-field",
    ),
    "a JSON key written by code": ('_X = Jsonb({"Vehicle.Driver.Mood": 1})', "undeclared-json-key"),
    "a JSON key read by SQL": ("_X = \"SELECT signals->'Vehicle.Driver.Mood'\"", "undeclared-json-key"),
    "a log field": ('def _x(log):\n    log.info("trip_kept", place=1)', "undeclared-log-field"),
    "a field bound to the log": ('def _x(log):\n    log.bind(place=1).info("x")', "undeclared-log-field"),
    "a subject written in code": (
        'async def _x(broker):\n    await broker.publish("telemetry.raw", b"")',
        "undeclared-subject",
    ),
    "a subject computed in code": (
        'async def _x(broker, v):\n    await broker.publish(f"spy.{v}.up", b"")',
        "undeclared-subject",
    ),
    "a topic with the VIN": ('def up_topic(vin):\n    return f"v/{vin}/up/event"', "vin-in-subject"),
    "a header": ('def _x(send):\n    send(headers={"X-Driver": "1"})', "undeclared-header"),
    "a header set afterwards": ('def _x(answer):\n    answer.headers["X-Driver"] = "1"', "undeclared-header"),
    "SQL that writes another service's table": ('_X = "INSERT INTO trip (tenure_id) VALUES (%s)"', "foreign-write"),
    "SQL that writes a domain's table": ('_X = "UPDATE tenure SET ended_at = %s"', "foreign-write"),
    "SQL that writes an undeclared column": (
        '_X = "UPDATE trip t SET distance_m = %s, driver = %s WHERE true"',
        "undeclared-column",
    ),
    "SQL that writes an undeclared table": ('_X = "INSERT INTO spy VALUES (1)"', "undeclared-table"),
    "SQL that computes its table": ('_X = f"DELETE FROM {_ROLE}"', "undeclared-table"),
    "an object in the object store": ('async def _x(js):\n    await js.object_store("faces")', "undeclared-object"),
    "a field of a mail": (
        'from email.message import EmailMessage\n\ndef _x(place):\n    m = EmailMessage()\n    m.set_content(f"At {place}")',
        "undeclared-mail-field",
    ),
}

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
_TRIP = "INSERT INTO trip (tenure_id, vehicle_id, epoch, trip, received_at, policy_version, started_at, ended_at, duration_s, travel_s,"
_TRIP += " gap_s, distance_m, mean_speed_kmh) SELECT {tenure}, {vehicle}, 1, 1, {now}, 1, {now}, {now}, 1, 1, 0, 1, 1"
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
        "INSERT INTO trip_place SELECT {tenure}, {vehicle}, 1, 1, {now}, 1, 48.1, 2.1, 48.2, 2.2",
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
                "INSERT INTO car_policy VALUES (%s, %s, 1, '', '', %s, 2, 3, true, '{}', %s, %s, 0)",
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


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """What `check` says of each copy of the source; two copies at a time."""
    folder = tmp_path_factory.mktemp("edited")

    def check(item):
        number, edit = item
        package = _copy(folder / str(number))
        path = package / edit.file
        text = path.read_text("utf-8")
        assert edit.old in text, f"the mutant no longer fits {edit.file}"
        path.write_text(text.replace(edit.old, edit.new, 1) if edit.old else text + edit.new, "utf-8")
        return _check(package)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(EDITED, pool.map(check, enumerate(EDITED.values())), strict=True))


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """What `check` says of one copy with every module of `ADDED` in it, by module."""
    package = _copy(tmp_path_factory.mktemp("added"))
    for number, (text, _) in enumerate(ADDED.values()):
        (package / f"services/status/mutant_{number}.py").write_text(text, "utf-8")
    found = _check(package)
    return {mutant: [f for f in found if f"/mutant_{n}.py:" in f["where"]] for n, mutant in enumerate(ADDED)}


def _copy(folder: Path) -> Path:
    # With the compiled files, which stay valid since the copy keeps the times.
    shutil.copytree(Path(openmarque.__file__).parent, folder / "openmarque")
    return folder / "openmarque"


def _check(package: Path) -> list[dict[str, str]]:
    program = (
        "import json, dataclasses; from openmarque.governance.check.run import check_installation;"
        "print(json.dumps([dataclasses.asdict(f) for f in check_installation(None)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def test_without_a_mutant_nothing_is_found(url):
    assert check_installation(url) == []


@pytest.mark.req("GDP-1d", "GDP-8b", "GDP-12b")
@pytest.mark.parametrize("mutant", EDITED)
def test_check_finds_in_an_edited_source(mutant, edited):
    edit = EDITED[mutant]
    assert any(f["code"] == edit.code and edit.where in f["where"] for f in edited[mutant]), edited[mutant]


@pytest.mark.parametrize("mutant", ADDED)
def test_check_finds_in_an_added_module(mutant, added):
    assert ADDED[mutant][1] in {f["code"] for f in added[mutant]}


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
