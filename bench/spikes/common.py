"""What the spikes share: a throwaway broker with gate and cars, and a bare MQTT 3.1.1 client that costs as little as it can."""

import asyncio
import json
import shutil
import ssl
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from openmarque.engines.nats import NatsEndpoint, NatsServer
from openmarque.kit.clock import Clock, SystemClock
from openmarque.kit.csr import certificate_request, key_pem, new_car_key
from openmarque.kit.ids import VehicleId, wire
from openmarque.kit.settings import Settings
from openmarque.link.bringup import GateProcess, authority, broker_plan
from openmarque.link.pki import CertificateAuthority


class MappedServer(NatsServer):
    """The embedded broker with lines added to the cars' account."""

    account_lines = ""

    def _config_text(self) -> str:
        return (
            super()._config_text().replace("    jetstream: enabled\n", f"    jetstream: enabled\n    {self.account_lines}\n", 1)
        )


@dataclass
class Platform:
    """A running broker and gate."""

    home: Path
    settings: Settings
    clock: Clock
    ca: CertificateAuthority
    server: NatsServer
    gate: GateProcess
    endpoint: NatsEndpoint

    def car(self, number: int = 1) -> tuple[VehicleId, ssl.SSLContext, str]:
        """(vehicle id, TLS context, certificate's serial) of a new car."""
        vehicle, key = VehicleId(uuid4()), new_car_key()
        issued = self.ca.issue_car(vehicle, f"UU1TEST0000{number:06d}", certificate_request(key, vehicle))
        file = self.home / f"{wire(vehicle)}.pem"
        file.write_bytes(key_pem(key) + issued.chain_pem)
        context = ssl.create_default_context(cafile=str(self.ca.root_file))
        context.load_cert_chain(file)
        return vehicle, context, issued.serial


@contextmanager
def platform(*, account_lines: str = "", free_worker: bool = False) -> Iterator[Platform]:
    """Start everything in a temporary home; `free_worker` lets our worker use every subject (streams), for measurements only."""
    home = Path(tempfile.mkdtemp(prefix="openmarque-spike-"))
    settings, clock = Settings(home=home, mqtt_port=0), SystemClock()
    ca = authority(settings, clock)
    plan = broker_plan(settings, clock, ca)
    server = MappedServer(settings, replace(plan, worker_publish=[">"], worker_subscribe=[">"]) if free_worker else plan)
    server.account_lines = account_lines
    gate = GateProcess(settings)
    try:
        endpoint = server.start()
        gate.start()
        yield Platform(home, settings, clock, ca, server, gate, endpoint)
    finally:
        gate.stop()
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


class Mqtt:
    """One connection; packets are made by hand so that the client is never what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use an open stream on which CONNECT was accepted."""
        self.reader = reader
        self.writer = writer
        self.acknowledged = 0

    @classmethod
    async def connect(cls, port: int, context: ssl.SSLContext, client_id: str) -> "Mqtt":
        """Open and wait for CONNACK; raises ``ConnectionError`` when it is refused."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
        body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(client_id).to_bytes(2, "big") + client_id.encode()
        writer.write(b"\x10" + bytes([len(body)]) + body)
        try:
            answer = await reader.readexactly(4)
        except asyncio.IncompleteReadError as error:
            raise ConnectionError("refused") from error
        if answer != b"\x20\x02\x00\x00":
            raise ConnectionError(answer.hex())
        return cls(reader, writer)

    @staticmethod
    def packet(topic: str, payload: bytes, qos: int = 0, number: int = 1) -> bytes:
        """A PUBLISH packet."""
        body = len(topic).to_bytes(2, "big") + topic.encode() + (number.to_bytes(2, "big") if qos else b"") + payload
        length, left = b"", len(body)
        while True:
            left, low = divmod(left, 128)
            length += bytes([low | (128 if left else 0)])
            if not left:
                return bytes([0x30 | qos << 1]) + length + body

    async def count_acks(self) -> None:
        """Count PUBACKs until the connection ends."""
        try:
            while True:
                await self.reader.readexactly(4)
                self.acknowledged += 1
        except (asyncio.IncompleteReadError, OSError):
            return

    def close(self) -> None:
        """End without ceremony."""
        self.writer.close()


def report(name: str, **figures: object) -> None:
    """One line of JSON on the output."""
    print(json.dumps({"spike": name, **figures}))


def quantiles(values: list[float]) -> dict[str, float]:
    """Median and 99th percentile, in the unit of `values`, three digits."""
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
    }
