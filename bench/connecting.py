"""How many cars are connected at once, by mutual TLS through the gate, and what each costs the broker."""

from bench.figures import Results
from bench.processes import Bench, Child, ask
from openmarque.kit.clock import iso


async def connected(bench: Bench, results: Results, *, cars: int, at_once: int = 64) -> None:
    """``connected_cars`` (live and answering at the end), ``broker_kb_per_car``, ``connects_per_s``; all `cars` of one loader."""
    broker = bench.broker
    before = broker.memory_info().rss
    file = bench.cars_file(bench.cars[:cars], "cars-connected")
    loader = await Child.start(("-m", "bench.loader", str(file)), {}, bench.settings.log_dir / "loader.log", ready=False)
    try:
        used = bench.processor_s(loader)
        answer = await ask(loader, do="connect", at_once=at_once, hello=False, timeout_s=30 + cars / 20)
        spent = {part: round((value - used[part]) * 1e3 / cars, 2) for part, value in bench.processor_s(loader).items()}
        after = broker.memory_info().rss
        alive = await ask(loader, do="ping", timeout_s=30)
        await ask(loader, do="quit")
    finally:
        loader.end()
    now = iso(bench.platform.clock.now())
    results.add("connected_cars", [alive["answered"]], now, wanted=cars, cpu_ms_per_connection=spent)
    results.add("connects_per_s", [answer["live"] / answer["seconds"]], now, at_once=at_once)
    results.add("broker_kb_per_car", [(after - before) / 1000 / cars], now, broker_mb=round(after / 1e6, 1))
