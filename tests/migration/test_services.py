"""`openmarque migrate` brings whatever is installed up to date; what is not installed any more is told, kept, and in nobody's way."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import invalidate_caches
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Column, Integer, Table

from openmarque.catalogue.declarations import Service
from openmarque.catalogue.register import installed_services
from openmarque.kit.clock import ManualClock
from openmarque.storage import migrate as migrating
from openmarque.storage.base import metadata
from openmarque.storage.migrate import MigrationsWrong, migrate
from openmarque.storage.partitions import drop_past_partitions, ensure_partitions

REVISION = """
from alembic import op
import sqlalchemy as sa
revision = {number!r}
down_revision = {after!r}
branch_labels = {labels!r}
depends_on = {depends!r}
def upgrade():
    {does}
"""
MAKES = "op.create_table({table!r}, sa.Column('n', sa.Integer(), nullable=False))"

Install = Callable[..., Service]


@pytest.fixture
def install(tmp_path, monkeypatch) -> Iterator[Install]:
    """Puts a service with these revisions (number, the one before, what it does) among the installed ones; `remove` takes it away."""
    monkeypatch.syspath_prepend(str(tmp_path))
    ours = installed_services()
    there: dict[str, Service] = {}
    tables: list[Table] = []
    monkeypatch.setattr(migrating, "installed_services", lambda: (*ours, *there.values()))

    def put(name: str, *revisions: tuple[str, str | None, str], **odd: object) -> Service:
        folder = tmp_path / f"of_{name}" / "migrations"
        folder.mkdir(parents=True, exist_ok=True)
        (folder.parent / "__init__.py").write_text("")
        (folder / "__init__.py").write_text("")
        for number, after, does in revisions:
            text = REVISION.format(number=number, after=after, does=does, labels=odd.get("labels"), depends=odd.get("depends"))
            (folder / f"{number}.py").write_text(text)
        invalidate_caches()
        there[name] = Service(name, f"of_{name}", ())
        if f"{name}_log" not in metadata.tables:
            tables.append(Table(f"{name}_log", metadata, Column("n", Integer, nullable=False)))
        return there[name]

    def remove(name: str) -> None:
        del there[name]
        metadata.remove(metadata.tables[f"{name}_log"])

    put.remove = remove  # type: ignore[attr-defined]
    yield put
    for table in tables:
        if table.name in metadata.tables:
            metadata.remove(table)
    for module in [name for name in sys.modules if name.startswith("of_")]:
        del sys.modules[module]


def makes(table: str) -> str:
    return MAKES.format(table=table)


def test_each_service_has_a_line_of_its_own_whatever_numbers_it_gives(empty, install):
    install("heat", ("0001", None, makes("heat_log")))
    install("cold", ("0001", None, makes("cold_log")))
    assert migrate(empty).applied[-2:] == ("0001", "0001")
    assert migrate(empty).applied == ()
    install("heat", ("0002", "0001", "op.execute('ALTER TABLE heat_log ADD COLUMN at int')"))
    assert migrate(empty).applied == ("0002",)


def test_a_service_that_comes_later_and_one_that_goes_disturb_no_other(empty, install):
    migrate(empty)
    install("heat", ("0001", None, makes("heat_log")))
    install("cold", ("0001", None, makes("cold_log")))
    assert migrate(empty).left == ()
    with psycopg.connect(empty) as connection:
        connection.execute("INSERT INTO heat_log VALUES (7)")
    install.remove("heat")
    done = migrate(empty)
    assert (done.applied, done.left) == ((), ("heat_log",))
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT n FROM heat_log").fetchall() == [(7,)]
    install("heat")
    assert migrate(empty).left == (), "installed again it goes on where it was"


@pytest.mark.parametrize(
    ("revisions", "odd"),
    [
        ([("0001", None, "pass"), ("0002", None, "pass")], {}),
        ([("0001", None, "pass"), ("0002", "0001", "pass"), ("0003", "0001", "pass")], {}),
        ([("0001", None, "pass")], {"depends": "0001_of_others"}),
        ([("0002", "0001", "pass")], {}),
    ],
    ids=["two beginnings", "two ends", "hangs on another service", "goes on from nowhere"],
)
def test_a_line_of_revisions_that_is_none_is_told_with_its_package_and_nothing_happens(empty, install, revisions, odd):
    migrate(empty)
    install("heat", *revisions, **odd)
    with pytest.raises(MigrationsWrong, match="of_heat") as refused:
        migrate(empty)
    assert "down_revision" in refused.value.remedy
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT to_regclass('alembic_version_heat')").fetchone() == (None,)


def test_a_database_that_a_newer_version_of_a_service_migrated_needs_that_version(empty, install, tmp_path):
    install("heat", ("0001", None, makes("heat_log")), ("0002", "0001", "pass"))
    migrate(empty)
    Path(tmp_path / "of_heat" / "migrations" / "0002.py").unlink()
    with pytest.raises(MigrationsWrong, match=r"of_heat.*0002") as refused:
        migrate(empty)
    assert "newer" in refused.value.remedy


def test_a_month_goes_as_a_whole_once_its_last_row_may_not_be_kept(empty):
    november, kept = datetime(2026, 11, 15, tzinfo=UTC), timedelta(days=61)
    migrate(empty, clock=ManualClock(november))
    with psycopg.connect(empty) as connection:
        connection.execute(
            "INSERT INTO trip_place VALUES (%s, 1, %s, %s, 1, 1, 48.1, 2.1, 48.2, 2.2)", [uuid4(), november, uuid4()]
        )
        end = datetime(2026, 12, 1, tzinfo=UTC) + kept
        ensure_partitions(connection, end)
        assert drop_past_partitions(connection, {"trip_place": kept}, end - timedelta(microseconds=1)) == []
        assert drop_past_partitions(connection, {"trip_place": kept}, end) == ["trip_place_202611"]
        assert connection.execute("SELECT count(*) FROM trip_place").fetchone() == (0,)
        assert drop_past_partitions(connection, {"trip_place": kept}, end) == []
        assert connection.execute("SELECT to_regclass('om_partition.trip_202611') IS NOT NULL").fetchone() == (True,)
