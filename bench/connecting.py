"""How many cars are connected at once, by mutual TLS through the gate, and what each costs the broker."""

from typing import Any

from bench.figures import Results
from bench.processes import Bench, Child, ask
from openmarque.kit.clock import iso


async def connected(bench: Bench, results: Results, *, cars: int, repeats: int, at_once: int = 64) -> None:
    """``connected_cars`` (live and answering at the end), ``broker_kb_per_car``, ``connects_per_s``; all `cars` of one loader.

    The cars come again for each repeat, as after a broken network; the broker's memory is compared with that before the first.
    """
    before = bench.broker.memory_info().rss
    turns = [await _once(bench, cars, at_once) for _ in range(repeats)]
    now = iso(bench.platform.clock.now())
    memory = [(turn["memory"] - before) / 1000 / cars for turn in turns]
    results.add(
        "connected_cars", [turn["answered"] for turn in turns], now, wanted=cars, cpu_ms_per_connection=turns[0]["cpu_ms"]
    )
    results.add("connects_per_s", [turn["live"] / turn["seconds"] for turn in turns], now, at_once=at_once)
    results.add("broker_kb_per_car", memory, now, broker_mb=round(turns[-1]["memory"] / 1e6, 1))


async def _once(bench: Bench, cars: int, at_once: int) -> dict[str, Any]:
    file = bench.cars_file(bench.cars[:cars], "cars-connected")
    loader = await Child.start(("-m", "bench.loader", str(file)), {}, bench.settings.log_dir / "loader.log", ready=False)
    try:
        used = bench.processor_s(loader)
        connecting = await ask(loader, do="connect", at_once=at_once, hello=False, timeout_s=30 + cars / 20)
        spent = {part: round((value - used[part]) * 1e3 / cars, 2) for part, value in bench.processor_s(loader).items()}
        memory = bench.broker.memory_info().rss
        alive = await ask(loader, do="ping", timeout_s=30)
        await ask(loader, do="quit")
    finally:
        loader.end()
    return {**connecting, "answered": alive["answered"], "cpu_ms": spent, "memory": memory}
