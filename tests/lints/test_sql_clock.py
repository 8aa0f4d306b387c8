"""The database never tells the time."""

import pytest

from tests.lints.planting import refusals
from tools.lints import sql_clock


@pytest.mark.parametrize(
    "asking",
    [
        "text('select now()')",
        "text('SELECT NOW ( )')",
        "Q = 'update trip set ended_at = CURRENT_TIMESTAMP'",
        "Q = 'select clock_timestamp()'",
        "Q = 'select statement_timestamp()'",
        "Q = 'where day < current_date'",
        "Q = f'where {column} < localtimestamp'",
        "Q = \"select 'now'::timestamptz\"",
        "Q = \"select timestamptz 'now'\"",
        "select(func.now())",
        "select(sa.func.current_timestamp())",
        "default = func.now",
        "Column(server_default=func.gen_random_uuid())",
        "Column(server_default=text('now()'))",
        "Column(server_default=sa.func.now())",
    ],
)
def test_asking_the_database_for_the_time_is_refused(asking):
    assert refusals(sql_clock, asking) == [1]


def test_an_import_of_the_function_under_another_name_hides_nothing():
    assert refusals(sql_clock, "from sqlalchemy import func as f\nf.now()") == [2]
    assert refusals(sql_clock, "from sqlalchemy.sql.functions import now as n\nn()") == [2]


def test_the_line_inside_a_long_statement_is_named():
    assert refusals(sql_clock, 'Q = """\nselect 1,\n  now()\n"""') == [3]


def test_migrations_are_read_too():
    migration = "def upgrade():\n    op.execute('alter table trip alter at set default now()')"
    assert refusals(sql_clock, migration, at="src/openmarque/storage/migrations/versions/0001_first.py") == [2]


def test_sql_files_are_read_without_their_comments():
    sql = "-- never now()\n/* nor\n current_timestamp */\nselect now();"
    assert refusals(sql_clock, sql, at="src/openmarque/storage/claim.sql") == [4]


@pytest.mark.parametrize(
    "innocent",
    [
        '"""Never uses SQL now() nor CURRENT_TIMESTAMP."""',
        "started = clock.now()",
        "text('update trip set ended_at = :now where now < 3')",
        "Q = 'insert into t (at) values (%(now)s)'",
        "Column(server_default='0')",
        "select(func.count())",
        "message = 'Do it now (or later).'",
    ],
)
def test_our_own_instants_are_free(innocent):
    assert refusals(sql_clock, innocent) == []
