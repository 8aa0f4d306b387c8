"""Spike for decisions 0002 and 0003: connections a second through the gate with no PostgreSQL running, and the time to cut one.

Run: ``python -m bench.spikes.gate_and_kick [CARS]``
"""

import asyncio
import sys
import time

import psutil

from bench.spikes.common import Mqtt, Platform, platform, quantiles, report
from openmarque.kit.ids import wire
from openmarque.link.kick import open_system
from openmarque.link.pki_keys import KeyRing
from openmarque.link.revocation import snapshot_file, write_snapshot


async def connections(p: Platform, count: int) -> None:
    """Connect `count` cars, eight at a time."""
    cars = [p.car(i) for i in range(count)]
    gate, broker = psutil.Process(p.gate.pid), p.server.process()
    if broker is None:
        raise SystemExit("the broker is gone")
    before = [sum(x.cpu_times()[:2]) for x in (gate, broker)]
    times: list[float] = []
    turn = asyncio.Semaphore(8)

    async def one(index: int) -> Mqtt:
        async with turn:
            start = time.perf_counter()
            vehicle, context, _ = cars[index]
            connection = await Mqtt.connect(p.endpoint.mqtt_port, context, wire(vehicle))
            times.append((time.perf_counter() - start) * 1000)
            return connection

    start = time.perf_counter()
    made = await asyncio.gather(*(one(i) for i in range(count)))
    wall = time.perf_counter() - start
    used = [sum(x.cpu_times()[:2]) - b for x, b in zip((gate, broker), before, strict=True)]
    report(
        "gate",
        connections=count,
        per_s=round(count / wall),
        connect_ms=quantiles(times),
        gate_cpu_ms_each=round(used[0] / count * 1000, 2),
        broker_cpu_ms_each=round(used[1] / count * 1000, 2),
        broker_kib_each=round(broker.memory_info().rss / 1024 / count),
    )
    for connection in made:
        connection.close()


async def kicks(p: Platform, trials: int) -> None:
    """Revoke and cut one car after another; time from the decision to the end of its connection."""
    system = await open_system(p.endpoint.system, p.endpoint.account)
    ring = KeyRing(p.settings.keys_dir, p.clock)
    times: list[float] = []
    back_in = 0
    revoked: set[str] = set()
    for trial in range(trials):
        vehicle, context, serial = p.car(trial)
        connection = await Mqtt.connect(p.endpoint.mqtt_port, context, wire(vehicle))
        start = time.perf_counter()
        revoked.add(serial)
        write_snapshot(snapshot_file(p.home), ring, p.clock, version=trial + 1, serials=frozenset(revoked))
        cutting = asyncio.create_task(system.cut(vehicle, settle_s=0))
        await connection.reader.read()
        times.append((time.perf_counter() - start) * 1000)
        await cutting
        try:
            await Mqtt.connect(p.endpoint.mqtt_port, context, wire(vehicle))
            back_in += 1
        except ConnectionError:
            pass
    report("kick", trials=trials, revoked_to_cut_ms=quantiles(times), back_in=back_in)
    await system.close()


async def main() -> None:
    """Run both."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with platform() as p:
        await connections(p, count)
        await kicks(p, 50)


if __name__ == "__main__":
    asyncio.run(main())
