"""A brand that runs PostgreSQL and NATS itself: the platform comes to them by address, starts none, and the doctor names what is wrong there."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from faults.ground import remove_home, throwaway_home, until
from openmarque.car.model import LinkState
from openmarque.cli.operating import give_to_owner, platform_up, provision
from openmarque.cli.trying import driving
from openmarque.domains.garage.service import NewVehicle
from openmarque.engines.doctor import Finding, Severity, examine
from openmarque.engines.errors import EngineUnreachable
from openmarque.engines.nats import server_info
from openmarque.engines.postgres import PostgresServer
from openmarque.engines.postgres_home import possible_roots, wheel_nats_server
from openmarque.engines.process import find_ours, wait_until
from openmarque.kit.clock import SystemClock
from openmarque.kit.settings import Settings
from openmarque.link.bringup import authority
from openmarque.link.newest import newest_values
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level

PASSWORD = "only for this test"
QUICK = {"fsync": "off", "shared_buffers": "32MB"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Own:
    """The settings of a platform whose engines are the brand's, and the folder of its broker."""

    settings: Settings
    folder: Path


def brands_database(home: Path) -> str:
    """A database of a server that somebody else started, and the address of its owner, who is no superuser."""
    url = PostgresServer(Settings(home=home), extra_conf=QUICK).start().url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE brand LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
        connection.execute("CREATE DATABASE brand OWNER brand")
    parts = urlsplit(url)
    return f"postgresql://brand:{PASSWORD.replace(' ', '%20')}@{parts.netloc.rpartition('@')[2]}/brand?{parts.query}"


def print_config(settings: Settings, folder: Path) -> str:
    """What ``openmarque broker config`` prints for these settings."""
    environment = {
        "OPENMARQUE_HOME": str(settings.home),
        "OPENMARQUE_NATS_URL": settings.nats_url or "",
        "OPENMARQUE_MQTT_HOST": settings.mqtt_host,
        "OPENMARQUE_MQTT_PORT": str(settings.mqtt_port),
    }
    command = [str(Path(sys.executable).with_name("openmarque")), "broker", "config", "--folder", str(folder), "--name", "one"]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(settings: Settings) -> bool:
    try:
        server_info(settings.nats_url or "", 1.0)
    except EngineUnreachable:
        return False
    return True


@pytest.fixture(scope="module")
def own() -> Iterator[Own]:
    with throwaway_home() as theirs, throwaway_home() as home:
        settings = Settings(
            home=home,
            port=0,
            database_url=brands_database(theirs),
            nats_url=f"tls://localhost:{free_port()}",
            mqtt_host="localhost",
            mqtt_port=free_port(),
        )
        folder = theirs / "broker"
        folder.mkdir()
        (folder / "nats.conf").write_text(print_config(settings, folder), "utf-8")
        for name in ("server.pem", "server.key.pem", "cars.anchors.pem"):
            (folder / name).write_bytes((home / "pki" / name).read_bytes())
        broker = subprocess.Popen([wheel_nats_server(), "-c", folder / "nats.conf"], stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: answers(settings), psutil.Process(broker.pid), folder / "nats.log", "the brand's broker", 20)
            yield Own(settings, folder)
        finally:
            broker.terminate()
            broker.wait(10)


def errors(settings: Settings) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in examine(settings, SystemClock()):
        if finding.severity is Severity.ERROR:
            found.setdefault(finding.code, []).append(finding)
    return found


@pytest.mark.req("LNK-1c")
async def test_a_car_lives_on_a_platform_whose_engines_are_the_brands_and_is_cut_off_there(own: Own) -> None:
    settings, clock = own.settings, SystemClock()
    async with platform_up(settings, clock, api=False) as (platform, _):
        # None of its own runs beside them.
        assert find_ours("nats", "-c", settings.home / "nats" / "nats.conf") is None
        assert not any(find_ours("postgres", "-D", root / "data") for root in possible_roots(settings.home))
        folder = settings.home / "car"
        vehicle_id = await provision(platform, NewVehicle("UU1TEST0000000001", "brise"), folder)
        tenure_id, _ = await give_to_owner(platform, vehicle_id, "en", clock.now())
        async with driving(folder, clock) as agent:
            agent.act(lambda core, now: core.set_level(now, Level.POSITION, "driver"))
            async with asyncio.timeout(20):
                await agent.until(lambda core: core.link_state is LinkState.OPEN)
            async with asyncio.timeout(20):
                while True:
                    agent.act(lambda core, now: core.sensed(now, {vss.SPEED: 42.0}))
                    async with platform.database.begin() as tx:
                        values = await newest_values(tx, tenure_id)
                    if vss.SPEED in values:
                        break
                    await asyncio.sleep(0.05)
            assert values[vss.SPEED].value == 42.0
            # The system account cuts the connection, and the gate keeps it out.
            await platform.revoke(vehicle_id, "stolen")
            await until(lambda: agent.core.link_state is LinkState.OFFLINE, "the revoked car was not cut off")


def test_the_doctor_finds_nothing_wrong_with_them(own: Own) -> None:
    assert errors(own.settings) == {}


def test_keys_of_another_home_are_refused_and_the_doctor_says_whose_and_what_to_do(own: Own) -> None:
    with throwaway_home() as stranger:
        settings = replace(own.settings, home=stranger)
        authority(settings, SystemClock())
        found = errors(settings)
        remove_home(stranger)
    # It does not trust our root either, so that no key of the stranger is ever shown to the broker.
    assert {finding.what.split(" as ")[1].split(" ")[0].strip(":") for finding in found["engine-unreachable"]} == {
        "worker",
        "gate",
        "system",
    }
    assert "server.pem" in found["engine-broker-certificate"][0].cure


def test_a_login_that_the_broker_does_not_know_is_named_by_its_role(own: Own) -> None:
    host = urlsplit(own.settings.nats_url or "").netloc
    found = errors(replace(own.settings, nats_sys_url=f"tls://nobody:wrong@{host}"))
    (refused,) = found.pop("engine-broker-refused")
    assert "as system" in refused.what
    assert "OPENMARQUE_NATS_SYS_URL" in refused.cure
    assert "wrong" not in refused.what
    assert found == {}


def test_a_login_without_the_system_account_is_named(own: Own) -> None:
    # The worker's key enters, but no server answers it in the account where connections are cut.
    keys = own.settings.keys_dir
    system, kept = keys / "nats-system", (keys / "nats-system").read_bytes()
    system.write_bytes((keys / "nats-worker").read_bytes())
    try:
        (refused,) = errors(own.settings)["engine-broker-refused"]
    finally:
        system.write_bytes(kept)
    assert "system account" in refused.what
    assert "openmarque broker config" in refused.cure


def test_a_certificate_for_another_name_is_named_before_a_car_finds_it(own: Own) -> None:
    pki = own.settings.home / "pki"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "server.pem", pki / "server.key.pem")

    def greet(server: socket.socket) -> None:
        with server.accept()[0] as plain, suppress(ssl.SSLError), context.wrap_socket(plain, server_side=True):
            pass

    with socket.create_server(("127.0.0.2", 0)) as server:
        greeting = threading.Thread(target=greet, args=(server,))
        greeting.start()
        (named,) = errors(replace(own.settings, mqtt_host="127.0.0.2", mqtt_port=server.getsockname()[1]))[
            "engine-broker-certificate"
        ]
        greeting.join(10)
    assert "127.0.0.2" in named.what
    assert "OPENMARQUE_MQTT_NAMES" in named.cure


def test_a_certificate_that_was_renewed_here_and_not_there_is_named(own: Own) -> None:
    pki = own.settings.home / "pki"
    kept = {path: path.read_bytes() for path in (pki / "server.pem", pki / "server.key.pem")}
    authority(own.settings, SystemClock()).server_files(["localhost", "127.0.0.1", "cars.example.org"])
    try:
        (old,) = errors(own.settings)["engine-broker-certificate"]
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    assert "older" in old.what


def test_a_broker_that_takes_no_cars_is_named(own: Own) -> None:
    (closed,) = errors(replace(own.settings, mqtt_port=free_port()))["engine-unreachable"]
    assert "takes no cars" in closed.what
    assert "OPENMARQUE_MQTT_PORT" in closed.cure


def test_a_database_s_user_behind_the_question_mark_is_refused_for_it_would_be_everybody_s(own: Own) -> None:
    parts = urlsplit(own.settings.database_url or "")
    address = f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}?{parts.query}&user=brand&password=x"
    (refused,) = errors(replace(own.settings, database_url=address))["engine-refused"]
    assert "before the host" in refused.what
