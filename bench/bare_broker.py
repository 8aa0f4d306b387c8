"""The broker by itself: the platform's own configuration without accounts, permissions and gate. Whoever has a certificate of ours is in."""

import asyncio
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import psutil

from bench.processes import Bench, BenchFailed
from openmarque.engines.postgres_home import wheel_nats_server

_ACCOUNTS: Final = "\naccounts {"
"""Here the part of the configuration begins that says who may do what; nothing else comes behind it."""
_READY_S: Final = 20.0
_POLL_S: Final = 0.05


@dataclass(frozen=True)
class BareBroker:
    """A running broker that asks nobody: its process, and the port for cars."""

    process: psutil.Process
    mqtt_port: int


@asynccontextmanager
async def bare_broker(bench: Bench) -> AsyncIterator[BareBroker]:
    """A broker beside the platform's, with its settings but for ports, store and rights; ended by its own id."""
    folder = bench.settings.home / "bare-broker"
    folder.mkdir(mode=0o700)
    port, mqtt_port = _free_ports(2)
    text, found, _ = bench.engines.nats.config.read_text("utf-8").partition(_ACCOUNTS)
    changed = {
        f':{bench.platform.endpoint.mqtt_port}"': f':{mqtt_port}"',
        f"{bench.settings.home / 'nats'}": str(folder),
        str(bench.engines.nats.log): str(folder / "nats.log"),
    }
    lines = [f'listen: "127.0.0.1:{port}"' if line.startswith("listen:") else line for line in text.splitlines()]
    text = "\n".join(lines)
    for ours, other in changed.items():
        if not found or text.count(ours) != 1:
            raise BenchFailed(f"the broker's configuration has another form: {ours}")
        text = text.replace(ours, other)
    config = folder / "nats.conf"
    config.write_text(text + "\n", "utf-8")
    program = bench.settings.nats_server or wheel_nats_server()
    process = subprocess.Popen([str(program), "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - as above: a millisecond
    try:
        async with asyncio.timeout(_READY_S):
            while not _listens(mqtt_port):
                if process.poll() is not None:
                    raise BenchFailed("the bare broker ended at once")
                await asyncio.sleep(_POLL_S)
        yield BareBroker(psutil.Process(process.pid), mqtt_port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
