"""The NATS adapter keeps the contract, and its connection survives the broker."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from openmarque.engines.nats import NatsLogin, NatsServer
from openmarque.kit.clock import SystemClock
from openmarque.kit.settings import Settings
from openmarque.link.bringup import authority, broker_plan
from openmarque.link.broker import BrokerDown, ConnectionState, Message, NatsBroker, connect
from openmarque.link.subjects import live_subject
from tests.contract.broker_contract import BrokerContract, Connect, until
from tests.integration.conftest import Nats, Pki


class TestNatsBroker(BrokerContract):
    @pytest_asyncio.fixture
    async def connect(self, nats: Nats) -> AsyncIterator[Connect]:
        made: list[NatsBroker] = []

        async def one_more() -> NatsBroker:
            made.append(await connect(nats.endpoint.worker, name=f"contract-{len(made)}"))
            return made[-1]

        yield one_more
        for broker in made:
            await broker.close()


async def test_a_subscription_goes_on_after_the_broker_was_killed_and_started_again(own_home: Path) -> None:
    settings, clock = Settings(home=own_home, mqtt_port=0), SystemClock()
    server = NatsServer(settings, broker_plan(settings, clock, authority(settings, clock)))
    endpoint = server.start()
    broker = await connect(endpoint.worker, name="survivor")
    got: list[Message] = []

    async def keep(batch: list[Message]) -> None:
        got.extend(batch)

    subject = live_subject(uuid4())
    await broker.subscribe(subject, keep)
    process = server.process()
    assert process is not None
    process.kill()
    await until(lambda: broker.state is ConnectionState.RECONNECTING)
    assert server.start().mqtt_port == endpoint.mqtt_port
    await until(lambda: broker.state is ConnectionState.CONNECTED)
    await broker.flush()
    await broker.publish(subject, b"again")
    await until(lambda: [m.payload for m in got] == [b"again"])
    await broker.close()


async def test_connecting_to_nobody_says_that_the_broker_is_down(nats: Nats) -> None:
    with pytest.raises(BrokerDown):
        await connect(NatsLogin("nats://127.0.0.1:1"), name="nobody", timeout_s=1)


async def test_a_worker_can_not_speak_for_a_car(nats: Nats, broker: NatsBroker) -> None:
    got: list[Message] = []

    async def keep(batch: list[Message]) -> None:
        got.extend(batch)

    name = uuid4().hex
    await broker.subscribe("v.*.up.status", keep)
    await broker.publish(f"v.{name}.up.status", b"forged")
    await broker.flush()
    assert got == []


async def test_an_address_with_tls_tells_nothing_to_a_server_that_does_without() -> None:
    heard, sockets = bytearray(), []

    async def stripped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Somebody between us and the broker, who leaves its demand for TLS out.
        sockets.append(writer)
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":65536,"nonce":"abcdefgh"}\r\n')
        heard.extend(await reader.read())
        writer.close()

    async with await asyncio.start_server(stripped, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(BrokerDown):
            await connect(NatsLogin(f"tls://user:secret@127.0.0.1:{port}"), name="careful", timeout_s=1.5)
        assert sockets, "nobody came"
        await until(lambda: all(one.is_closing() for one in sockets))
    assert bytes(heard) == b""


async def test_no_server_is_entered_with_tls_that_only_a_greeting_names(nats: Nats, pki: Pki) -> None:
    """The greeting comes before TLS begins: whoever stands between can name a server of his own there, and then cut the connection."""
    strangers, entered = list[asyncio.StreamWriter](), list[bytes]()
    certificate, key = pki.ca.server_files(["localhost", "127.0.0.1"])
    proof = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    proof.load_cert_chain(certificate, key)

    async def stranger(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        strangers.append(writer)
        writer.close()

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeting = {"server_id": "x", "version": "2.15.1", "max_payload": 65536, "tls_required": True, "connect_urls": [named]}
        writer.write(b"INFO " + json.dumps(greeting).encode() + b"\r\n")
        await writer.drain()
        await writer.start_tls(proof)
        entered.append(await reader.readline())
        writer.write(b"PONG\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()

    async with (
        await asyncio.start_server(stranger, "127.0.0.1", 0) as other,
        await asyncio.start_server(between, "127.0.0.1", 0) as server,
    ):
        named = f"127.0.0.1:{other.sockets[0].getsockname()[1]}"
        login = NatsLogin(f"tls://user:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}", anchor=pki.ca.root_file)
        broker = await connect(login, name="careful")
        await until(lambda: len(entered) >= 4)
        await broker.close()
    assert all(line.startswith(b"CONNECT") for line in entered)
    assert strangers == []
