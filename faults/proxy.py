"""An observer between one car and the broker: ends the car's TLS, speaks to the broker with the car's key, writes down every packet.

The car has to trust the observer's certificate, so it gets a bundle of its own (``Proxy.bundle``). Nothing is changed on the way. A
packet is written down before it is passed on, so what the car heard, or the platform got, is in the log whatever is killed then.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from faults import mqtt
from faults.cars import Car
from faults.mqtt import Kind, Packet
from openmarque.car.bundle_files import BROKER_CA, CAR_JSON, CHAIN, KEY
from openmarque.car.identity import Bundle, read_bundle
from openmarque.kit.csr import key_pem, new_car_key
from openmarque.protocol.envelope import Ack, Envelope, Lane, read_ack, read_envelope

_LANES: Final = frozenset(str(lane) for lane in Lane)


class Seen(NamedTuple):
    """A packet that went `up` (to the broker) or down, in the order in which the observer saw it."""

    up: bool
    packet: Packet

    @property
    def channel(self) -> str:
        """The last part of the topic of a PUBLISH: ``status``, ``hello``, ``ack`` …; empty for other packets."""
        return self.packet.topic.rpartition("/")[2] if self.packet.kind is Kind.PUBLISH else ""

    @property
    def envelope(self) -> Envelope | None:
        """The message on a lane, if this is one."""
        return read_envelope(self.packet.payload) if self.up and self.channel in _LANES else None

    @property
    def ack(self) -> Ack | None:
        """The platform's acknowledgement, if this is one."""
        return read_ack(self.packet.payload) if not self.up and self.channel == "ack" else None


class Proxy:
    """The observer of `car`; `proxy_for` starts and ends one. `log` is everything seen."""

    def __init__(self, car: Car, broker_port: int) -> None:
        """Stand between `car` and the broker on `broker_port`."""
        self._car = car
        self._broker_port = broker_port
        self._pairs: set[asyncio.StreamWriter] = set()
        self.log: list[Seen] = []
        self.bundle: Bundle = car.bundle
        self.connections = 0

    async def serve(self, folder: Path) -> asyncio.Server:
        """Listen, and write the car's bundle that leads here to `folder`."""
        tls = await asyncio.to_thread(self._make_identity, folder)
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls)
        self.bundle = await asyncio.to_thread(self._make_bundle, folder, server.sockets[0].getsockname()[1])
        return server

    @staticmethod
    def _make_identity(folder: Path) -> ssl.SSLContext:
        folder.mkdir(mode=0o700, parents=True)
        certificate, key = _self_signed()
        (folder / BROKER_CA).write_bytes(certificate)
        (folder / "observer.key").write_bytes(key)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_3
        tls.load_cert_chain(folder / BROKER_CA, folder / "observer.key")
        return tls

    def _make_bundle(self, folder: Path, port: int) -> Bundle:
        for name in (KEY, CHAIN):
            (folder / name).write_bytes((self._car.bundle.folder / name).read_bytes())
        facts = json.loads((self._car.bundle.folder / CAR_JSON).read_text("utf-8"))
        facts |= {"host": "127.0.0.1", "mqtt_port": port}
        (folder / CAR_JSON).write_text(json.dumps(facts), "utf-8")
        return read_bundle(folder)

    def cut(self) -> None:
        """End the car's connection, as the loss of coverage does."""
        for writer in self._pairs:
            writer.close()

    def sent(self) -> list[Envelope]:
        """Every message the car sent on a lane, repeats included, in order."""
        return [envelope for seen in self.log if (envelope := seen.envelope) is not None]

    def acks(self) -> list[Ack]:
        """Every acknowledgement that reached the car, in order."""
        return [ack for seen in self.log if (ack := seen.ack) is not None]

    def published(self, *, up: bool) -> Iterator[Seen]:
        """Every PUBLISH in one direction."""
        return (seen for seen in self.log if seen.up is up and seen.packet.kind is Kind.PUBLISH)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._pairs.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(
                "127.0.0.1", self._broker_port, ssl=self._car.tls(), server_hostname="localhost"
            )
        except OSError:
            self._pairs.discard(writer)
            writer.close()
            return
        self._pairs.add(far_writer)
        ends = [
            asyncio.create_task(self._pump(reader, far_writer, up=True)),
            asyncio.create_task(self._pump(far_reader, writer, up=False)),
        ]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            for one in (writer, far_writer):
                self._pairs.discard(one)
                one.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        buffer = bytearray()
        with suppress(OSError):
            while data := await reader.read(65536):
                buffer += data
                self.log += (Seen(up, packet) for packet in mqtt.take_packets(buffer))
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def proxy_for(car: Car, broker_port: int, folder: Path) -> AsyncIterator[Proxy]:
    """An observer of `car`, whose bundle that leads through it is written to `folder`."""
    proxy = Proxy(car, broker_port)
    server = await proxy.serve(folder)
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await asyncio.sleep(0)  # let the pumps see it


def _self_signed() -> tuple[bytes, bytes]:
    """A server certificate for this machine that is its own authority, and its key; PEM."""
    key = new_car_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "observer")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM), key_pem(key)
