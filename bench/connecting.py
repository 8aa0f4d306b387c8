"""How many cars are connected at once, by mutual TLS through the gate, and what each costs the broker; beside it a broker without a gate."""

from typing import Any

import psutil

from bench.bare_broker import bare_broker
from bench.figures import Results
from bench.processes import Bench, Child, ask
from openmarque.kit.clock import iso


async def connected(bench: Bench, results: Results, *, cars: int, repeats: int, at_once: int = 64) -> None:
    """``connected_cars`` (live and answering at the end), ``broker_kb_per_car``, ``connects_per_s``; all `cars` of one loader.

    The cars come again for each repeat, as after a broken network; the broker's memory is compared with that before the first. Then
    the same with a broker that lets in every certificate of ours without asking: ``raw_connected_cars`` and so on.
    """
    before = bench.broker.memory_info().rss
    turns = [await _once(bench, cars, at_once, bench.broker) for _ in range(repeats)]
    async with bare_broker(bench) as bare:
        bare_before = bare.process.memory_info().rss
        bare_turns = [await _once(bench, cars, at_once, bare.process, bare.mqtt_port) for _ in range(repeats)]
    now = iso(bench.platform.clock.now())
    results.add(
        "connected_cars", [turn["answered"] for turn in turns], now, wanted=cars, cpu_ms_per_connection=turns[0]["cpu_ms"]
    )
    results.add("raw_connected_cars", [turn["answered"] for turn in bare_turns], now)
    results.add("connects_per_s", _rates(turns), now, at_once=at_once)
    results.add("raw_connects_per_s", _rates(bare_turns), now, at_once=at_once)
    results.add("broker_kb_per_car", _memory(turns, before, cars), now, broker_mb=round(turns[-1]["memory"] / 1e6, 1))
    results.add("raw_broker_kb_per_car", _memory(bare_turns, bare_before, cars), now)


def _rates(turns: list[dict[str, Any]]) -> list[float]:
    return [turn["live"] / turn["seconds"] for turn in turns]


def _memory(turns: list[dict[str, Any]], before: int, cars: int) -> list[float]:
    """Kilobytes that the broker grew by for each car."""
    return [(turn["memory"] - before) / 1000 / cars for turn in turns]


async def _once(bench: Bench, cars: int, at_once: int, broker: psutil.Process, port: int | None = None) -> dict[str, Any]:
    file = bench.cars_file(bench.cars[:cars], "cars-connected", port)
    loader = await Child.start(("-m", "bench.loader", str(file)), {}, bench.settings.log_dir / "loader.log", ready=False)
    try:
        used = bench.processor_s(loader)
        connecting = await ask(loader, do="connect", at_once=at_once, hello=False, timeout_s=30 + cars / 20)
        spent = {part: round((value - used[part]) * 1e3 / cars, 2) for part, value in bench.processor_s(loader).items()}
        memory = broker.memory_info().rss
        alive = await ask(loader, do="ping", timeout_s=30)
        await ask(loader, do="quit")
    finally:
        loader.end()
    return {**connecting, "answered": alive["answered"], "cpu_ms": spent, "memory": memory}
