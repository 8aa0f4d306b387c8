"""The loader process: ``python -m bench.loader CARS.json``. Reads one JSON command a line, answers each with one JSON line.

It is a process of its own so that its work is not the worker's, and its processor time can be told apart. Commands:
``{"do": "connect", "at_once": n, "hello": bool, "timeout_s": s}``, ``{"do": "ping", "timeout_s": s}``,
``{"do": "pace", "kind": "status" | "events" | "stream", "rate": n}``, ``{"do": "run", "seconds": s}`` (counts from zero),
``{"do": "stop"}`` (sends nothing new, waits for what is in flight, tells where each car stands), ``{"do": "quit"}``.
"""

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.cars import Broker, Car, Fleet
from bench.paces import EventPace, StatusPace, StreamPace

_DRAIN_S: Final = 20.0


class CarEntry(msgspec.Struct):
    """One car for the loader: its id in wire form, a PEM file with its key and chain, its epoch and the number it last used."""

    client_id: str
    certificate: str
    epoch: int = 1
    seq: int = 0


class CarsFile(msgspec.Struct):
    """What a loader is started with."""

    host: str
    port: int
    anchor: str
    cars: list[CarEntry]


class Loader:
    """Carries out commands on one fleet."""

    def __init__(self, given: CarsFile) -> None:
        """Take the cars of `given`."""
        cars = [Car(entry.client_id, Path(entry.certificate), entry.epoch) for entry in given.cars]
        for car, entry in zip(cars, given.cars, strict=True):
            car.seq = car.acked = entry.seq
        self._fleet = Fleet(Broker(given.host, given.port, Path(given.anchor)), cars)
        self._pace: StatusPace | EventPace | StreamPace = StatusPace()

    def connect(self, *, at_once: int, hello: bool, timeout_s: float) -> dict[str, Any]:
        """Connect all; gives the number live and the seconds it took."""
        began = time.perf_counter()
        live = self._fleet.connect(at_once=at_once, hello=hello, timeout_s=timeout_s)
        # What was made while connecting stays to the end: looking through it again and again would be measured as load.
        gc.collect()
        gc.disable()
        return {"live": live, "seconds": time.perf_counter() - began}

    def ping(self, *, timeout_s: float) -> dict[str, Any]:
        """How many cars the broker answers now."""
        return {"answered": self._fleet.ping(timeout_s), "live": self._fleet.live()}

    def pace(self, *, kind: str, rate: float = 0) -> dict[str, Any]:
        """Choose how to send from the next ``run`` on."""
        if kind == "stream":
            self._pace = StreamPace(rate)
        else:
            self._pace = EventPace() if kind == "events" else StatusPace()
        return {}

    def run(self, *, seconds: float) -> dict[str, Any]:
        """Send for `seconds`, and tell what was acknowledged in that time."""
        tally = self._pace.tally
        tally.clear()
        began, cpu = time.perf_counter(), sum(os.times()[:2])
        self._fleet.run(self._pace, seconds)
        return {
            "seconds": time.perf_counter() - began,
            "cpu_s": sum(os.times()[:2]) - cpu,
            "sent": tally.sent,
            "stored": tally.stored,
            "refused": tally.refused,
            "duplicate": tally.duplicate,
            "resent": tally.resent,
            "p50_ms": tally.percentile_ms(0.5),
            "p99_ms": tally.percentile_ms(0.99),
            "live": self._fleet.live(),
        }

    def stop(self) -> dict[str, Any]:
        """Let what is in flight arrive; gives each car's last acknowledged number, and whether nothing is left open."""
        pace = self._pace
        pace.stopping = True
        deadline = time.perf_counter() + _DRAIN_S
        while not pace.drained(self._fleet) and time.perf_counter() < deadline:
            self._fleet.run(pace, 0.05)
        return {
            "drained": pace.drained(self._fleet),
            "acked": {car.client_id: car.acked for car in self._fleet.cars},
            "sent": {car.client_id: car.seq for car in self._fleet.cars},
        }

    def quit(self) -> dict[str, Any]:
        """Cut every connection."""
        self._fleet.close()
        return {}


def main() -> None:
    """Serve commands until ``quit`` or the end of the input."""
    loader = Loader(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=CarsFile))
    for line in sys.stdin:
        command = json.loads(line)
        name = command.pop("do")
        answer = getattr(loader, name)(**command)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        if name == "quit":
            return


if __name__ == "__main__":
    main()
