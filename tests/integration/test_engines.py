"""Both engines start, outlive a crash of ours or of themselves, and are found by their address instead when one is given."""

import asyncio
import os
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import psycopg
import pytest

from openmarque.engines.errors import (
    BinaryMissing,
    EngineError,
    EngineRefused,
    EngineUnreachable,
    HomeInUse,
    PortBusy,
    WrongVersion,
)
from openmarque.engines.log_files import DAY, LogFiles
from openmarque.engines.nats import NatsServer
from openmarque.engines.postgres import PostgresServer
from openmarque.engines.process import Ports, find_ours, home_lock, is_root
from openmarque.engines.stack import EngineStack
from openmarque.kit.clock import SystemClock
from openmarque.kit.settings import Settings
from openmarque.link.bringup import authority, broker_plan
from tests.contract.broker_contract import until
from tests.integration.conftest import QUICK, Nats, Postgres


def stack_of(home: Path) -> EngineStack:
    settings, clock = Settings(home=home, mqtt_port=0), SystemClock()
    return EngineStack(
        settings, broker_plan(settings, clock, authority(settings, clock)), LogFiles(settings.log_dir, DAY, clock)
    )


def came_back(stack: EngineStack, name: str) -> bool:
    return stack.restarts[name] == 1


async def test_both_start_side_by_side_and_a_killed_one_comes_back_with_what_was_committed(own_home: Path) -> None:
    stack = stack_of(own_home)
    start = time.monotonic()
    postgres, _ = await stack.start()
    assert time.monotonic() - start < 8
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert connection.execute(f"SHOW {name}").fetchone() == ("on",), name
        # Neither engine may stop everything for tens of milliseconds in the middle of a remote command (decision 0022).
        assert connection.execute("SHOW wal_init_zero").fetchone() == ("off",)
    broker = stack.nats.process()
    assert broker is not None
    assert broker.environ()["GOGC"] == "400"
    assert int(broker.environ()["GOMEMLIMIT"]) < psutil.virtual_memory().total
    watching = asyncio.create_task(stack.watch())
    for name, server in (("postgres", stack.postgres), ("nats", stack.nats)):
        process = server.process()
        assert process is not None
        process.kill()
        await until(partial(came_back, stack, name), 15)
        assert server.healthy()
    watching.cancel()
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
    await stack.stop()
    assert stack.postgres.process() is None
    assert stack.nats.process() is None


@pytest.mark.parametrize("name", ["Mes données d'été, ici", 'a "quoted" home', "back\\slash #1 (copy) {x}", "Дом 車"])
async def test_a_home_may_have_any_name_that_people_give_a_folder(own_home: Path, name: str) -> None:
    home = own_home / name
    home.mkdir(mode=0o711)
    stack = stack_of(home)
    await stack.start()
    try:
        assert stack.nats.healthy()
        assert stack.postgres.healthy()
        with psycopg.connect(stack.postgres.address()) as connection:
            assert connection.execute("SELECT 'it answers'").fetchone() == ("it answers",)
    finally:
        await stack.stop()


_KEEPER = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from tests.integration.test_engines import stack_of

    async def main():
        stack = stack_of(Path(sys.argv[1]))
        await stack.start()
        print("up", flush=True)
        await asyncio.sleep(60)

    asyncio.run(main())
""")


@pytest.mark.req("GDP-2k")
async def test_log_files_are_turned_over_while_both_run_and_each_goes_on_writing(own_home: Path) -> None:
    """The broker opens another file when it is told; the database goes on in the one that it has, emptied."""
    stack = stack_of(own_home)
    postgres, _ = await stack.start()
    folder = stack.nats.log.parent
    stack._turn_over_logs()
    aside = {path.name.partition(".since-")[0] for path in folder.glob("*.since-*")}
    assert {"nats.log", "postgres.log"} <= aside
    await until(stack.nats.log.exists)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    await until(lambda: stack.postgres.log.stat().st_size > 0)
    before = stack.nats.log.stat().st_size
    stack.nats.reload()
    await until(lambda: stack.nats.log.stat().st_size > before)
    await stack.stop()


async def test_engines_of_a_killed_platform_are_adopted_by_the_next_one(own_home: Path) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", _KEEPER, str(own_home)], stdout=subprocess.PIPE, cwd=root) as keeper:  # noqa: ASYNC220 - started once, read in a thread
        assert keeper.stdout is not None
        assert await asyncio.to_thread(keeper.stdout.readline) == b"up\n"
        stack = stack_of(own_home)
        with pytest.raises(HomeInUse) as caught:
            await stack.start()
        assert str(keeper.pid) in caught.value.remedy
        keeper.kill()
    orphans = [stack.postgres.process(), stack.nats.process()]
    assert all(orphans)
    await stack.start()
    assert [stack.postgres.process(), stack.nats.process()] == orphans
    await stack.stop()


def test_a_server_with_another_configuration_is_not_adopted_but_replaced(own_home: Path) -> None:
    first = PostgresServer(Settings(home=own_home), extra_conf=QUICK)
    first.start()
    before = first.process()
    second = PostgresServer(Settings(home=own_home), extra_conf=QUICK | {"max_connections": "20"})
    endpoint = second.start()
    assert second.process() != before
    with psycopg.connect(endpoint.url) as connection:
        assert connection.execute("SHOW max_connections").fetchone() == ("20",)


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(own_home: Path) -> None:
    server = PostgresServer(Settings(home=own_home), extra_conf=QUICK)
    server.start()
    process = server.process()
    assert process is not None
    process.kill()
    process.wait(5)
    # The number now belongs to a living process of somebody else: this test's own.
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text("ascii").splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n", "ascii")
    assert server.start().version >= 160000


def test_a_cluster_that_was_being_made_when_we_died_is_made_anew(own_home: Path) -> None:
    server = PostgresServer(Settings(home=own_home), extra_conf=QUICK)
    half = server.postgres_home.root / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n", "ascii")
    assert server.start().version >= 160000
    assert not half.exists()


def test_every_connection_to_postgres_needs_the_password(postgres: Postgres) -> None:
    head, _, rest = postgres.url.partition("@")
    for wrong in (f"{head.rpartition(':')[0]}:wrong@{rest}", f"{head.rpartition(':')[0]}@{rest}"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(wrong)
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    assert "trust" not in (postgres.server.data / "pg_hba.conf").read_text("ascii")


def test_statements_and_values_never_reach_the_database_log(postgres: Postgres) -> None:
    with postgres.fresh() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (vin text PRIMARY KEY)")
        connection.execute("INSERT INTO t VALUES (%s)", ["UU1SECRET00000001"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO t VALUES ('UU1SECRET00000001')")
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 'UU1SECRET00000001'::int")
    assert "UU1SECRET" not in postgres.server.log.read_text("utf-8")


@pytest.mark.skipif(not is_root(), reason="only root is refused by PostgreSQL")
def test_as_root_a_closed_home_keeps_its_mode_and_the_database_lies_elsewhere_and_says_so(own_home: Path) -> None:
    own_home.chmod(0o700)
    server = PostgresServer(Settings(home=own_home), extra_conf=QUICK)
    endpoint = server.start()
    process = server.process()
    assert process is not None
    assert process.username() != "root"
    assert own_home.stat().st_mode & 0o777 == 0o700
    assert str(server.postgres_home.root) in " ".join(endpoint.notes)
    server.destroy()
    assert not server.postgres_home.root.exists()


def test_the_database_and_keys_are_open_to_their_owner_only(postgres: Postgres, settings: Settings) -> None:
    assert postgres.server.data.stat().st_mode & 0o077 == 0
    assert postgres.server.postgres_home.socket_dir.stat().st_mode & 0o077 == 0
    assert {path.stat().st_mode & 0o077 for path in settings.keys_dir.iterdir()} == {0}


def test_a_database_by_its_address_is_checked_and_not_started(own_home: Path, postgres: Postgres) -> None:
    server = PostgresServer(Settings(home=own_home, database_url=postgres.url))
    assert server.start().version == postgres.endpoint.version
    assert server.process() is None
    server.stop()
    assert postgres.server.healthy()


def test_an_address_that_does_not_answer_or_refuses_us_is_named_without_its_password(
    own_home: Path, postgres: Postgres
) -> None:
    with pytest.raises(EngineUnreachable) as caught:
        PostgresServer(Settings(home=own_home, database_url="postgresql://me:hidden@127.0.0.1:1/x")).start()
    assert "OPENMARQUE_DATABASE_URL" in caught.value.remedy
    assert "hidden" not in caught.value.message
    head, _, rest = postgres.url.partition("@")
    wrong = f"{head.rpartition(':')[0]}:wrong@{rest}"
    with pytest.raises(EngineRefused):
        PostgresServer(Settings(home=own_home, database_url=wrong)).start()


def test_a_broker_by_its_address_is_checked_and_not_started(own_home: Path, nats: Nats) -> None:
    plan = broker_plan(Settings(home=own_home), SystemClock(), authority(Settings(home=own_home), SystemClock()))
    by_url = NatsServer(Settings(home=own_home, nats_url=nats.endpoint.worker.url), plan)
    by_url.start()
    assert by_url.healthy()
    by_url.stop()
    assert nats.server.healthy()
    with pytest.raises(EngineUnreachable):
        NatsServer(Settings(home=own_home, nats_url="nats://127.0.0.1:1"), plan).start()


def test_a_free_port_is_kept_across_restarts_and_a_busy_fixed_one_names_its_holder(own_home: Path, nats: Nats) -> None:
    ports = Ports(own_home / "run")
    first = ports.settle("mqtt", 0, "127.0.0.1", held_by_us=False)
    assert Ports(own_home / "run").settle("mqtt", 0, "127.0.0.1", held_by_us=False) == first
    busy = nats.endpoint.mqtt_port
    with pytest.raises(PortBusy) as caught:
        ports.settle("mqtt", busy, "127.0.0.1", held_by_us=False)
    process = nats.server.process()
    assert process is not None
    assert str(process.pid) in caught.value.remedy
    assert "OPENMARQUE_MQTT_PORT" in caught.value.remedy


def test_an_old_or_absent_program_is_named(own_home: Path) -> None:
    old = own_home / "nats-server"
    old.write_text("#!/bin/sh\necho 'nats-server: v2.14.0'\n", "ascii")
    old.chmod(0o755)
    settings = Settings(home=own_home, mqtt_port=0)
    plan = broker_plan(settings, SystemClock(), authority(settings, SystemClock()))
    with pytest.raises(WrongVersion, match=r"2\.14\.0"):
        NatsServer(replace(settings, nats_server=old), plan).start()
    with pytest.raises(BinaryMissing):
        NatsServer(replace(settings, nats_server=own_home / "absent"), plan).start()
    with pytest.raises(BinaryMissing):
        PostgresServer(replace(settings, postgres_bin=own_home)).start()


def test_a_broker_that_can_not_start_says_why(own_home: Path) -> None:
    settings = Settings(home=own_home, mqtt_port=0)
    plan = broker_plan(settings, SystemClock(), authority(settings, SystemClock()))
    plan.cert_file.write_text("broken", "ascii")
    with pytest.raises(EngineError, match="PEM"):
        NatsServer(settings, plan).start()
    assert find_ours("nats", "-c", own_home / "nats" / "nats.conf") is None


def test_the_home_s_lock_is_free_after_its_holder_ends(tmp_path: Path) -> None:
    with home_lock(tmp_path), pytest.raises(HomeInUse), home_lock(tmp_path):
        pass
    with home_lock(tmp_path):
        pass
