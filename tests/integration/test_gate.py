"""Cars at the real broker: who gets in, what they may say and hear, and how they are cut off. PostgreSQL isn't running in any of these."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import aiomqtt
import msgspec
import psutil
import pytest
import pytest_asyncio

from openmarque.engines.nats_log import LogEvent, LogKind, follow
from openmarque.kit.clock import SystemClock
from openmarque.kit.settings import Settings
from openmarque.link.bringup import GateProcess
from openmarque.link.broker import Message, NatsBroker
from openmarque.link.gate import build_gate
from openmarque.link.kick import ConnectionEvent, SystemAccount, open_system
from openmarque.link.security import SecurityEvent
from openmarque.link.subjects import down_subject
from tests.contract.broker_contract import until
from tests.integration.conftest import Car, Nats, Pki


class Ear:
    """What a worker hears on the uplink."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, batch: list[Message]) -> None:
        self.messages.extend(batch)

    def payloads(self, car: Car) -> list[bytes]:
        return [m.payload for m in self.messages if m.subject.startswith(f"v.{car.name}.up.")]


@pytest_asyncio.fixture
async def uplink(broker: NatsBroker) -> Ear:
    ear = Ear()
    await broker.subscribe("v.*.up.*", ear)
    return ear


@pytest_asyncio.fixture
async def system(nats: Nats) -> AsyncIterator[SystemAccount]:
    opened = await open_system(nats.endpoint.system, nats.endpoint.account)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def faults(nats: Nats) -> AsyncIterator[list[LogEvent]]:
    seen: list[LogEvent] = []

    async def read() -> None:
        async for event in follow(nats.server.log):
            seen.append(event)  # noqa: PERF401 - one by one, since the log never ends

    task = asyncio.create_task(read())
    await asyncio.sleep(0)
    yield seen
    task.cancel()


async def refused(nats: Nats, car: Car, **options: object) -> None:
    with pytest.raises(aiomqtt.MqttError):
        async with nats.mqtt(car, **options):
            pass


@pytest.mark.req("LNK-1c")
async def test_a_car_speaks_and_hears_without_any_database(nats: Nats, pki: Pki, broker: NatsBroker, uplink: Ear) -> None:
    car = pki.new_car()
    async with nats.mqtt(car) as mqtt:
        await mqtt.subscribe(f"v/{car.name}/down/#")
        await mqtt.publish(f"v/{car.name}/up/status", b"now", qos=0)
        await mqtt.publish(f"v/{car.name}/up/event", b"important", qos=1)
        await until(lambda: uplink.payloads(car) == [b"now", b"important"])
        await broker.publish(down_subject(car.vehicle_id, "ack"), b"ack")
        message = await asyncio.wait_for(anext(aiter(mqtt.messages)), 5)
        assert (str(message.topic), message.payload) == (f"v/{car.name}/down/ack", b"ack")


@pytest.mark.req("LNK-1d")
async def test_a_car_that_speaks_for_another_is_not_heard_and_is_counted(
    nats: Nats, pki: Pki, uplink: Ear, faults: list[LogEvent]
) -> None:
    thief, victim = pki.new_car(), pki.new_car()
    will = aiomqtt.Will(f"v/{victim.name}/up/event", b"forged will", qos=1)
    async with nats.mqtt(thief, will=will) as mqtt:
        await mqtt.publish(f"v/{victim.name}/up/event", b"forged", qos=1)
        await mqtt.publish(f"v/{victim.name}/up/event", b"forged and kept", qos=1, retain=True)
        await mqtt.publish(f"v/{victim.name}/down/command", b"forged", qos=0)
        await mqtt.publish(f"v/{thief.name}/up/event", b"true", qos=1)
        mqtt._client._sock_close()
    await until(lambda: uplink.payloads(thief) == [b"true"])
    await until(lambda: len([f for f in faults if f.kind is LogKind.PUBLISH_VIOLATION]) >= 3)
    assert uplink.payloads(victim) == []
    assert {f.vehicle_id for f in faults if f.kind is LogKind.PUBLISH_VIOLATION} == {thief.vehicle_id}
    async with nats.mqtt(victim) as mqtt:
        await mqtt.subscribe(f"v/{victim.name}/down/#")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(aiter(mqtt.messages)), 0.3)


async def test_a_car_that_listens_for_others_hears_nothing_and_is_counted(
    nats: Nats, pki: Pki, broker: NatsBroker, faults: list[LogEvent]
) -> None:
    spy, victim = pki.new_car(), pki.new_car()
    async with nats.mqtt(spy) as ears, nats.mqtt(victim) as mqtt:
        await mqtt.subscribe(f"v/{victim.name}/down/#", qos=1)
        for topic in (
            f"v/{victim.name}/down/#",
            "#",
            "v/+/up/#",
            "v/+/down/#",
            "$SYS/#",
            "$MQTT/sub/#",
            "$JS/#",
            "+/+/+/+",
            "live/+",
        ):
            codes = await ears.subscribe(topic)
            # 0x80 is MQTT 3.1.1's refusal of a subscription.
            assert {getattr(code, "value", code) for code in codes} == {0x80}, topic
        await broker.publish(down_subject(victim.vehicle_id, "command"), b"for the victim alone")
        assert (await asyncio.wait_for(anext(aiter(mqtt.messages)), 5)).payload == b"for the victim alone"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(aiter(ears.messages)), 0.2)
    await until(lambda: len([f for f in faults if f.kind is LogKind.SUBSCRIPTION_VIOLATION]) >= 5)
    assert {f.vehicle_id for f in faults if f.kind is LogKind.SUBSCRIPTION_VIOLATION} == {spy.vehicle_id}


@pytest.mark.req("LNK-1d")
async def test_taking_another_car_s_client_id_is_refused_and_the_other_stays_connected(
    nats: Nats, pki: Pki, broker: NatsBroker, uplink: Ear
) -> None:
    thief, victim = pki.new_car(), pki.new_car()
    heard: list[SecurityEvent] = []

    async def keep(batch: list[Message]) -> None:
        heard.extend(msgspec.json.decode(m.payload, type=SecurityEvent) for m in batch)

    await broker.subscribe("security.*", keep)
    async with nats.mqtt(victim) as mqtt:
        await refused(nats, thief, identifier=victim.name)
        await mqtt.publish(f"v/{victim.name}/up/status", b"still here", qos=1)
        await until(lambda: uplink.payloads(victim) == [b"still here"])
    await until(lambda: any(e.reason == "foreign-client-id" and e.vehicle_id == thief.name for e in heard))


def hello(client_id: str) -> bytes:
    """An MQTT 3.1.1 CONNECT packet (clean session, keep-alive 30 s)."""
    body = b"\x00\x04MQTT\x04\x02\x00\x1e" + len(client_id).to_bytes(2, "big") + client_id.encode()
    return b"\x10" + bytes([len(body)]) + body


def talk(nats: Nats, context: ssl.SSLContext, data: bytes, wait_s: float = 3) -> bytes:
    """What the broker answers to `data`; empty when it hangs up, or says nothing for `wait_s`."""
    try:
        with (
            socket.create_connection(("127.0.0.1", nats.endpoint.mqtt_port), wait_s) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1") as tls,
        ):
            tls.sendall(data)
            return tls.recv(100)
    except OSError:
        return b""


CONNACK = b"\x20\x02\x00\x00"


@pytest.mark.req("LNK-1c")
async def test_foreign_expired_and_missing_certificates_and_old_tls_are_refused(nats: Nats, pki: Pki) -> None:
    good = pki.new_car()
    assert await asyncio.to_thread(talk, nats, good.tls(), hello(good.name)) == CONNACK
    for car in (pki.foreign_car(), pki.foreign_car(good.vehicle_id), pki.expired_car()):
        assert await asyncio.to_thread(talk, nats, car.tls(), hello(car.name)) == b""
    nobody = ssl.create_default_context(cafile=str(pki.ca.root_file))
    assert await asyncio.to_thread(talk, nats, nobody, hello(good.name)) == b""
    old = good.tls()
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert await asyncio.to_thread(talk, nats, old, hello(good.name)) == b""


async def test_no_vin_is_in_any_log_even_of_a_certificate_that_was_refused(nats: Nats, pki: Pki, settings: Settings) -> None:
    foreign, expired, good = pki.foreign_car(), pki.expired_car(), pki.new_car()
    for car, client_id in ((foreign, foreign.name), (expired, expired.name), (good, foreign.name)):
        assert await asyncio.to_thread(talk, nats, car.tls(), hello(client_id)) != CONNACK
    logs = "".join(path.read_text("utf-8", "replace") for path in settings.log_dir.iterdir())
    assert good.name in logs
    assert foreign.name in logs
    assert not [car.vin for car in (foreign, expired, good) if car.vin in logs]


async def test_garbage_and_ten_megabytes_end_that_connection_and_disturb_nobody(
    nats: Nats, pki: Pki, uplink: Ear, faults: list[LogEvent]
) -> None:
    noisy, quiet = pki.new_car(), pki.new_car()
    async with nats.mqtt(quiet) as mqtt:
        for data in (
            b"\x00garbage" * 50,
            b"\x10\xff\xff\xff\x7f" + b"x" * 10,
            b"\x10\xff\xff\xff\xff\xff",
            b"GET / HTTP/1.1\r\n\r\n",
        ):
            assert await asyncio.to_thread(talk, nats, noisy.tls(), data) == b""
        with pytest.raises(aiomqtt.MqttError):
            async with nats.mqtt(noisy) as big:
                await big.publish(f"v/{noisy.name}/up/status", bytes(10_000_000), qos=1)
        await until(lambda: any(f.kind is LogKind.PAYLOAD_TOO_LARGE and f.vehicle_id == noisy.vehicle_id for f in faults))
        await mqtt.publish(f"v/{quiet.name}/up/status", b"undisturbed", qos=1)
        await until(lambda: uplink.payloads(quiet) == [b"undisturbed"])
    assert uplink.payloads(noisy) == []


async def test_a_revoked_car_is_cut_and_kept_out_and_both_are_seen(nats: Nats, pki: Pki, system: SystemAccount) -> None:
    thief, other = pki.new_car(), pki.new_car()
    seen: list[ConnectionEvent] = []
    await system.watch(seen.append)
    async with nats.mqtt(other), nats.mqtt(thief) as mqtt:
        pki.revoke(thief.vehicle_id)
        cut = asyncio.create_task(system.cut(thief.vehicle_id, settle_s=1.0))
        with pytest.raises(aiomqtt.MqttError):
            await asyncio.wait_for(anext(aiter(mqtt.messages)), 5)
        assert await cut == 1
        for _ in range(3):
            await refused(nats, thief)
        assert await system.connections(thief.vehicle_id) == 0
        assert await system.connections(other.vehicle_id) == 1
    await until(lambda: any(not e.connected and e.vehicle_id == other.vehicle_id for e in seen))
    assert [(e.connected, e.reason) for e in seen if e.vehicle_id == thief.vehicle_id] == [(True, ""), (False, "Kicked")]


async def test_a_revoked_serial_keeps_the_old_certificate_out_and_lets_the_new_one_in(nats: Nats, pki: Pki) -> None:
    old = pki.new_car()
    new = pki.new_car(vehicle_id=UUID(old.name))
    pki.revoke(serials=frozenset({old.certificate.serial}))
    await refused(nats, old)
    async with nats.mqtt(new):
        pass


async def test_a_car_that_connects_twice_keeps_the_newer_connection(nats: Nats, pki: Pki, uplink: Ear) -> None:
    car = pki.new_car()
    async with nats.mqtt(car) as first:
        async with nats.mqtt(car) as second:
            with pytest.raises(aiomqtt.MqttError):
                await asyncio.wait_for(anext(aiter(first.messages)), 5)
            await second.publish(f"v/{car.name}/up/status", b"second", qos=1)
            await until(lambda: uplink.payloads(car) == [b"second"])
        first._disconnected = asyncio.get_running_loop().create_future()
        first._disconnected.set_result(None)


async def test_without_a_gate_nobody_gets_in_and_a_second_gate_is_enough(nats: Nats, pki: Pki, settings: Settings) -> None:
    car = pki.new_car()
    second = build_gate(settings, SystemClock())
    await second.start(nats.endpoint)
    nats.gate.stop()
    try:
        async with nats.mqtt(car):
            pass
        assert second.gate.counters.granted >= 1
        await second.stop()
        assert await asyncio.to_thread(talk, nats, car.tls(), hello(car.name), 0.5) == b""
    finally:
        nats.gate.start()
    async with nats.mqtt(car):
        pass


def test_a_gate_says_why_it_can_not_start(own_home: Path) -> None:
    from openmarque.engines.errors import EngineError

    with pytest.raises(EngineError, match="never started"):
        GateProcess(Settings(home=own_home)).start()


async def test_the_gate_imports_no_database(nats: Nats) -> None:
    maps = {m.path for m in psutil.Process(nats.gate.pid).memory_maps()}
    assert not [path for path in maps if "psycopg" in path or "libpq" in path or "sqlalchemy" in path.lower()]


async def test_a_connection_ends_with_its_grant_and_the_car_is_asked_again(
    nats: Nats, pki: Pki, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    car = pki.new_car()
    # The broker counts whole seconds.
    monkeypatch.setattr("openmarque.link.gate.LONGEST_GRANT", timedelta(seconds=2))
    short = build_gate(settings, SystemClock())
    nats.gate.stop()
    await short.start(nats.endpoint)
    try:
        async with nats.mqtt(car) as mqtt:
            with pytest.raises(aiomqtt.MqttError):
                await asyncio.wait_for(anext(aiter(mqtt.messages)), 10)
            pki.revoke(car.vehicle_id)
            assert await asyncio.to_thread(talk, nats, car.tls(), hello(car.name), 1) != CONNACK
    finally:
        await short.stop()
        nats.gate.start()
