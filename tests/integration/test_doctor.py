"""The doctor names each fault and its cure; each fault here is a real one."""

import os
import socket
from collections import namedtuple
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from openmarque.engines.doctor import Finding, Severity, examine
from openmarque.engines.process import is_root
from openmarque.kit.clock import ManualClock, SystemClock
from openmarque.kit.settings import Settings
from tests.integration.conftest import Nats, Postgres


@pytest.fixture
def healthy(own_home: Path) -> Settings:
    return Settings(home=own_home, port=0, mqtt_port=0)


def found(settings: Settings) -> dict[str, Finding]:
    return {finding.code: finding for finding in examine(settings, SystemClock())}


def errors(settings: Settings) -> dict[str, Finding]:
    return {code: finding for code, finding in found(settings).items() if finding.severity is Severity.ERROR}


def program(path: Path, says: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{says}'\n", "utf-8")
    path.chmod(0o755)
    return path


def test_a_healthy_machine_has_no_errors(healthy: Settings) -> None:
    assert errors(healthy) == {}


def test_running_engines_of_ours_are_no_fault(settings: Settings, nats: Nats, postgres: Postgres) -> None:
    fixed = replace(settings, mqtt_port=nats.endpoint.mqtt_port)
    assert errors(fixed) == {}


@pytest.mark.parametrize("name", ["port", "mqtt_port", "nats_port", "postgres_port"])
def test_a_busy_port_is_named_with_its_holder_and_the_setting(healthy: Settings, name: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        finding = errors(replace(healthy, **{name: other.getsockname()[1]}))["engine-port-busy"]
    assert f"pid {os.getpid()}" in finding.cure
    assert f"OPENMARQUE_{name.upper()}" in finding.cure


def test_an_address_that_is_not_this_machines_is_not_taken_for_a_busy_port(healthy: Settings) -> None:
    for setting, odd in (
        ("OPENMARQUE_HOST", replace(healthy, host="10.255.255.1", port=18_181)),
        ("OPENMARQUE_MQTT_HOST", replace(healthy, mqtt_host="10.255.255.1", mqtt_port=18_182)),
    ):
        named = errors(odd)
        assert "engine-port-busy" not in named
        assert setting in named["engine-address-not-here"].cure


def test_a_brand_pack_that_can_not_be_read_is_named(healthy: Settings, own_home: Path) -> None:
    (own_home / "brand.toml").write_text('brand_id = "x"', "utf-8")
    for folder in (own_home / "nowhere", own_home):
        assert "brand.toml" in errors(replace(healthy, brand_pack=folder))["brand-pack-invalid"].cure


def test_a_home_that_is_a_file_or_on_a_read_only_system_is_named(healthy: Settings, own_home: Path) -> None:
    (own_home / "file").write_text("", "ascii")
    for home in (own_home / "file", own_home / "file" / "below", Path("/proc/openmarque"), Path("/sys/openmarque")):
        finding = errors(replace(healthy, home=home))["engine-no-permission"]
        assert "OPENMARQUE_HOME" in finding.cure


def test_a_full_and_a_filling_disk_are_named(healthy: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # No disk is filled for this: the system's own answer is replaced, all else is real.
    stat = namedtuple("stat", "f_bavail f_frsize f_flag")
    monkeypatch.setattr(os, "statvfs", lambda path: stat(10, 4096, 0))
    assert "200 MiB" in errors(healthy)["engine-disk-full"].cure
    monkeypatch.setattr(os, "statvfs", lambda path: stat(1024, 1024 * 1024, 0))
    assert found(healthy)["engine-disk-low"].severity is Severity.WARNING


def test_old_programs_are_named(healthy: Settings, own_home: Path) -> None:
    nats = program(own_home / "nats-server", "nats-server: v2.15.0")
    assert "2.15.1" in errors(replace(healthy, nats_server=nats))["engine-wrong-version"].cure
    program(own_home / "postgres", "postgres (PostgreSQL) 15.9")
    assert "PostgreSQL 16" in errors(replace(healthy, postgres_bin=own_home))["engine-wrong-version"].cure


def test_absent_programs_are_named(healthy: Settings, own_home: Path) -> None:
    assert "OPENMARQUE_NATS_SERVER" in errors(replace(healthy, nats_server=own_home / "no"))["engine-binary-missing"].cure
    assert "OPENMARQUE_POSTGRES_BIN" in errors(replace(healthy, postgres_bin=own_home / "no"))["engine-binary-missing"].cure


def test_addresses_that_do_not_answer_are_named(healthy: Settings) -> None:
    database = errors(replace(healthy, database_url="postgresql://u:pw@127.0.0.1:1/x"))["engine-unreachable"]
    assert "OPENMARQUE_DATABASE_URL" in database.cure
    assert "pw" not in database.what.replace("pw@", "pw@") or ":pw@" not in database.what
    assert "OPENMARQUE_NATS_URL" in errors(replace(healthy, nats_url="nats://127.0.0.1:1"))["engine-unreachable"].cure


def test_something_else_behind_the_broker_s_address_is_named(healthy: Settings, postgres: Postgres) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"nats://127.0.0.1:{silent.getsockname()[1]}"
        assert "engine-unreachable" in errors(replace(healthy, nats_url=url))


@pytest.mark.skipif(not is_root(), reason="says something to root only")
def test_root_is_warned_and_told_when_there_is_no_user_for_postgres(healthy: Settings) -> None:
    assert "running-as-root" in found(healthy)
    nobody = replace(healthy, engine_user="no-such-user")
    assert "OPENMARQUE_ENGINE_USER" in errors(nobody)["engine-root-without-user"].cure
    assert "engine-root-without-user" in errors(replace(healthy, engine_user="root"))


def test_a_wrong_clock_is_named(healthy: Settings, own_home: Path) -> None:
    codes = {f.code for f in examine(healthy, ManualClock(datetime(2001, 1, 1, tzinfo=UTC)))}
    assert "clock-wrong" in codes
    (own_home / "file").write_text("", "ascii")
    ahead = SystemClock().now().timestamp() + 3600
    os.utime(own_home / "file", (ahead, ahead))
    assert "clock-went-back" in errors(healthy)


def test_open_keys_an_online_root_an_open_web_port_and_unknown_settings_are_named(healthy: Settings, own_home: Path) -> None:
    for path in (own_home / "keys" / "x", own_home / "pki" / "root.key.pem", own_home / "pki" / "root.passphrase"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("", "ascii")
        path.chmod(0o644)
    codes = found(replace(healthy, host="0.0.0.0", unknown=("OPENMARQUE_TYPO",)))
    assert "chmod 600" in codes["key-readable"].cure
    assert {"root-key-online", "web-open", "unknown-setting"} <= set(codes)
