"""What `bench.beside` starts in each of its trees: the platform of that tree, and windows of remote commands when told.

It runs with the other tree's packages, so it holds only to what both have: `App`, `CommandTimes`, `throwaway`. Prints ``ready``, then
for each line on its input one line of JSON.
"""

import asyncio
import json
import statistics
import sys
import time
from contextlib import AsyncExitStack

import psutil

from bench.app import App
from bench.commands import CommandBudget, CommandTimes
from bench.figures import Results
from bench.processes import Bench, Child, throwaway
from openmarque.engines.process import Ports
from openmarque.http.address import PORT_NAME


def spent(bench: Bench, children: dict[str, Child]) -> dict[str, float]:
    """Processor seconds up to now of each part."""
    used = bench.processor_s()
    for name, child in children.items():
        times = psutil.Process(child.process.pid).cpu_times()
        used[name] = times.user + times.system
    return used


async def serve(windows: int, remote_commands: int) -> None:
    """Run the platform until the input ends. A car takes only so many commands an hour, so each window has a car of its own."""
    async with throwaway() as bench, AsyncExitStack() as stack:
        times, log = CommandTimes(bench, CommandBudget(1, remote_commands), Results()), bench.settings.log_dir
        # Private in every tree that this is to be measured beside.
        new_car, folder_of, window = times._new_car, times._folder, times._window  # noqa: SLF001
        await bench.start_workers(1)
        stack.callback(bench.stop_workers)
        api = await Child.start(("-m", "openmarque.cli.serve"), bench.environment, log / "api.log")
        stack.callback(api.end)
        owned = [await new_car(number) for number in range(windows + 1)]
        folders = [str(folder_of(number)) for number in range(len(owned))]
        cars = await Child.start(("-m", "bench.command_cars", *folders), {}, log / "command-cars.log")
        stack.callback(cars.end)
        port = Ports(bench.settings.run_dir).known(PORT_NAME)
        assert port is not None
        await asyncio.sleep(2)
        apps = []
        for number, (vehicle_id, token) in enumerate(owned):
            app = await App.open(port, token, vehicle_id)
            stack.callback(app.close)
            cars.say(str(number))
            await app.add_phone((await cars.line()).strip())
            apps.append(app)
        await window(apps.pop(), 50)
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            before, began = spent(bench, {"api": api, "cars": cars}), time.monotonic()
            took = await window(apps.pop(), remote_commands)
            after = spent(bench, {"api": api, "cars": cars})
            each = {f"{name}_cpu_ms": (after[name] - before[name]) * 1000 / remote_commands for name in after}
            figures = {"p50_ms": statistics.median(took), "p90_ms": statistics.quantiles(took, n=10)[8]}
            figures["platform_cpu_ms"] = sum(each.values()) - each["cars_cpu_ms"]
            figures["all_cpu_ms"] = sum(each.values())
            print(json.dumps(figures | each | {"window_s": time.monotonic() - began}), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
