"""`openmarque check` as an operator or a pipeline calls it."""

import json

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from openmarque.cli.cloud import register
from openmarque.governance.check.live import findings as live_findings
from openmarque.governance.enforcing import enforce, installed_enforcement
from openmarque.storage.migrate import Migrated, migrate
from tests.databases import as_user, empty_database, throwaway_server


@pytest.fixture
def app():
    made = typer.Typer()
    register(made)
    made.command("other")(lambda: None)  # with one command alone typer would leave out its name
    return made


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with throwaway_server(tmp_path_factory.mktemp("check")) as endpoint:
        yield endpoint


def test_it_ends_with_0_when_everything_is_declared_and_with_1_and_the_findings_when_not(app, server, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENMARQUE_HOME", str(tmp_path))
    with empty_database(server) as url:
        migrate(url, enforce)
        clean = CliRunner().invoke(app, ["check", "--json", "--database-url", url])
        assert json.loads(clean.stdout) == {"database": True, "findings": []}
        assert clean.exit_code == 0
        with psycopg.connect(url) as connection:
            connection.execute("ALTER TABLE trip ADD COLUMN driver text")
        dirty = CliRunner().invoke(app, ["check", "--json", "--database-url", url])
        assert [(f["code"], f["where"]) for f in json.loads(dirty.stdout)["findings"]] == [("undeclared-column", "trip.driver")]
        assert dirty.exit_code == 1
        for_people = CliRunner().invoke(app, ["check", "--database-url", url])
        assert "1 findings in code and database" in for_people.stdout
        assert for_people.exit_code == 1


def test_an_owner_without_superuser_rights_can_migrate_and_enforce(tmp_path_factory):
    """A brand's own PostgreSQL gives the platform a role that may make roles and owns its database, and no more."""
    with throwaway_server(tmp_path_factory.mktemp("brand")) as server:
        with psycopg.connect(server.database("postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE brand LOGIN CREATEROLE PASSWORD 'only-in-this-test'")
            connection.execute("CREATE DATABASE brand OWNER brand TEMPLATE template0")
        url = as_user(server.database("brand"), "brand", "only-in-this-test")
        assert migrate(url, enforce).applied
        assert migrate(url, enforce) == Migrated((), (), ())
        assert list(live_findings(url, installed_enforcement())) == []
