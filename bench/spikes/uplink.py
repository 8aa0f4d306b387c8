"""Spike for decisions 0004 and 0005: the uplink by plain subjects with a queue group against a stream; partition mapping.

Run: ``python -m bench.spikes.uplink [MESSAGES]``. Rates: 8 cars, 300-byte messages over mutual TLS, loader on the same cores. Loss:
the broker is killed (-9) in the middle of QoS 1 publishing; what it had acknowledged by PUBACK is compared with what arrived.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from unittest.mock import patch

import nats.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, StorageType

from bench.spikes.common import Mqtt, Platform, platform, report
from openmarque.kit.ids import wire
from openmarque.link.broker import connect_client
from openmarque.link.gate import Grant, build_gate

PAYLOAD = bytes(292)
"""With eight digits of a number: 300 bytes."""


async def load(cars: list[tuple[str, Mqtt]], each: int, qos: int, stop: Callable[[], bool] = lambda: False) -> None:
    """Publish `each` messages from each car, as fast as the connections take them."""

    async def one(name: str, connection: Mqtt) -> None:
        for number in range(0, each, 50):
            if stop():
                return
            batch = (
                Mqtt.packet(f"v/{name}/up/event", b"%08d" % i + PAYLOAD, qos, i % 65535 + 1) for i in range(number, number + 50)
            )
            connection.writer.write(b"".join(batch))
            await connection.writer.drain()

    await asyncio.gather(*(one(name, connection) for name, connection in cars), return_exceptions=True)


async def connected(p: Platform, count: int) -> list[tuple[str, Mqtt]]:
    """`count` cars on the line."""
    cars = []
    for i in range(count):
        vehicle, context, _ = p.car(i)
        # After a restart of the broker the gate needs a moment to be back, and until then everybody is refused.
        for _ in range(50):
            with contextlib.suppress(ConnectionError):
                cars.append((wire(vehicle), await Mqtt.connect(p.endpoint.mqtt_port, context, wire(vehicle))))
                break
            await asyncio.sleep(0.1)
    return cars


async def rate(p: Platform, messages: int, qos: int, *, stream: bool) -> None:
    """Messages a second from the cars' first byte to the worker's last callback."""
    worker = await connect_client(p.endpoint.worker, name="spike")
    got = 0

    async def take(_msg: Msg) -> None:
        nonlocal got
        got += 1

    pull = None
    if stream:
        js = worker.jetstream()
        await js.add_stream(name="UP", subjects=["v.*.up.event"], storage=StorageType.FILE)
        pull = await js.pull_subscribe(
            "v.*.up.event", "spike", config=ConsumerConfig(ack_policy=AckPolicy.ALL, max_ack_pending=50_000)
        )
    else:
        await worker.subscribe("v.*.up.event", queue="ingest", cb=take, pending_msgs_limit=-1, pending_bytes_limit=-1)
        await worker.flush()
    cars = await connected(p, 8)
    readers = [asyncio.create_task(c.count_acks()) for _, c in cars]
    each = messages // 8
    start = time.perf_counter()
    loading = asyncio.create_task(load(cars, each, qos))
    idle = time.perf_counter()
    while got < each * 8 and time.perf_counter() - idle < 3:
        before = got
        if pull:
            with contextlib.suppress(nats.errors.TimeoutError):
                batch = await pull.fetch(1000, timeout=1)
                got += len(batch)
                if batch:
                    await batch[-1].ack()
        else:
            await asyncio.sleep(0.01)
        if got != before:
            idle = time.perf_counter()
    wall = idle - start
    await loading
    report("uplink-rate", way="stream" if stream else "plain", qos=qos, sent=each * 8, received=got, per_s=round(got / wall))
    for _, connection in cars:
        connection.close()
    await asyncio.gather(*readers)
    if stream:
        await worker.jetstream().delete_stream("UP")
    await worker.close()


async def loss(p: Platform, *, stream: bool) -> None:
    """Kill the broker while cars publish at QoS 1; count what was acknowledged and never arrived."""
    worker = await connect_client(p.endpoint.worker, name="spike")
    seen: set[tuple[str, bytes]] = set()

    async def take(msg: Msg) -> None:
        seen.add((msg.subject, msg.data[:8]))

    if stream:
        await worker.jetstream().add_stream(name="UP", subjects=["v.*.up.event"], storage=StorageType.FILE)
    else:
        await worker.subscribe("v.*.up.event", queue="ingest", cb=take, pending_msgs_limit=-1, pending_bytes_limit=-1)
        await worker.flush()
    cars = await connected(p, 8)
    readers = [asyncio.create_task(c.count_acks()) for _, c in cars]
    process = p.server.process()
    killed = False

    async def kill() -> None:
        nonlocal killed
        await asyncio.sleep(0.5)
        if process:
            process.kill()
        killed = True

    await asyncio.gather(load(cars, 100_000, 1, lambda: killed), kill())
    await asyncio.gather(*readers)
    acknowledged = sum(c.acknowledged for _, c in cars)
    await asyncio.to_thread(p.server.start)
    if stream:
        await asyncio.sleep(1)
        js = worker.jetstream()
        kept = (await js.stream_info("UP")).state.messages
        await js.delete_stream("UP")
    else:
        await asyncio.sleep(0.5)
        kept = len(seen)
    # Acknowledgements come in order on each connection, so what was kept beyond them was merely not acknowledged yet.
    report(
        "uplink-loss",
        way="stream" if stream else "plain",
        acknowledged=acknowledged,
        kept=kept,
        missing=max(0, acknowledged - kept),
    )
    await worker.close()


async def partitions() -> None:
    """Whether a subject mapping with ``partition()`` applies to what MQTT clients publish, and which subject is then permitted."""
    mapping = 'mappings: { "v.*.up.status": "p.{{partition(4,1)}}.{{wildcard(1)}}.status" }'
    with platform(account_lines=mapping, free_worker=True) as p:
        await mapped(p, "as granted today")
        p.gate.stop()
        gate = build_gate(p.settings, p.clock)
        both = property(lambda grant: [f"v.{wire(grant.vehicle_id)}.up.>", f"p.*.{wire(grant.vehicle_id)}.status"])
        with patch.object(Grant, "publish", both):
            await gate.start(p.endpoint)
            await mapped(p, "with the mapped subject granted too")
            await gate.stop()
        p.gate.start()


async def mapped(p: Platform, grants: str) -> None:
    """Publish from 16 cars at both qualities, and report where it arrives."""
    worker = await connect_client(p.endpoint.worker, name="spike")
    subjects: list[str] = []

    async def take(msg: Msg) -> None:
        subjects.append(msg.subject)

    for pattern in ("p.>", "v.>"):
        await worker.subscribe(pattern, cb=take)
    await worker.flush()
    cars = await connected(p, 16)
    for name, car in cars:
        car.writer.write(Mqtt.packet(f"v/{name}/up/status", b"x") + Mqtt.packet(f"v/{name}/up/status", b"x", 1))
        await car.writer.drain()
    await asyncio.sleep(0.5)
    seen = sorted(".".join(s.split(".")[:2]) if s.startswith("p.") else "unmapped" for s in subjects)
    denied = p.server.log.read_text("utf-8").count('Publish Violation - Subject "p.')
    report("partition", grants=grants, sent=32, arrived={s: seen.count(s) for s in dict.fromkeys(seen)}, denied_so_far=denied)
    for _, car in cars:
        car.close()
    await worker.close()


async def main() -> None:
    """Run all."""
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 80_000
    await partitions()
    with platform(free_worker=True) as p:
        for qos in (0, 1):
            await rate(p, messages, qos, stream=False)
        for qos in (0, 1):
            await rate(p, messages, qos, stream=True)
        for _ in range(3):
            await loss(p, stream=False)
        for _ in range(3):
            await loss(p, stream=True)


if __name__ == "__main__":
    asyncio.run(main())
