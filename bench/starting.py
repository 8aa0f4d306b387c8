"""How long a platform takes from the start of its process until it serves: the first time, and with a home that exists.

``openmarque up`` is started cold, as its own process: engines, migrations and enforcement, gate, worker and API. It is ready when it says so
and ``/readyz`` agrees. Beside it stands what the engines alone take with the same home.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Final
from urllib.error import URLError

from bench.figures import Results
from bench.processes import ROOT, BenchFailed, throwaway_home
from openmarque.brands.pack import load_pack
from openmarque.engines.log_files import DAY, LogFiles
from openmarque.engines.stack import EngineStack
from openmarque.kit.clock import SystemClock, iso
from openmarque.kit.settings import Settings
from openmarque.link.bringup import authority, broker_plan

_LONGEST_S: Final = 120.0
_POLL_S: Final = 0.02


async def starts(results: Results, *, repeats: int) -> None:
    """``start_to_ready_s``, ``first_start_to_ready_s``, ``raw_engines_start_s``."""
    first, later, engines = [], [], []
    for turn in range(repeats):
        with throwaway_home() as home:
            first.append(await asyncio.to_thread(_up, home))
            later.append(await asyncio.to_thread(_up, home))
            if turn == 0:
                engines = [await _engines_alone(home) for _ in range(repeats)]
            await _remove(home)
    now = iso(SystemClock().now())
    results.add("start_to_ready_s", later, now)
    results.add("first_start_to_ready_s", first, now)
    results.add("raw_engines_start_s", engines, now)


def _up(home: Path) -> float:
    """Seconds from the start of the process until it is ready; ends it afterwards."""
    port = _free_port()
    environment = {**os.environ, "OPENMARQUE_HOME": str(home), "OPENMARQUE_MQTT_PORT": "0", "OPENMARQUE_PORT": str(port)}
    log = home / "up.out"
    with log.open("ab") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "openmarque.cli.main", "up"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
            start_new_session=True,
        )
    try:
        while b"Ready." not in log.read_bytes() or not _ready(port):
            if process.poll() is not None or time.perf_counter() - began > _LONGEST_S:
                raise BenchFailed(f"the platform did not become ready: {log.read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(_POLL_S)
        return time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.unlink()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stack(home: Path) -> EngineStack:
    settings, clock = Settings(home=home, mqtt_port=0, port=0), SystemClock()
    plan = broker_plan(settings, clock, authority(settings, clock, name=load_pack(None).name))
    return EngineStack(settings, plan, LogFiles(settings.log_dir, DAY, clock))


async def _engines_alone(home: Path) -> float:
    stack = _stack(home)
    began = time.perf_counter()
    await stack.start()
    taken = time.perf_counter() - began
    await stack.stop()
    return taken


async def _remove(home: Path) -> None:
    """Delete what engines keep outside the home (the cluster, when we run as root below a closed directory)."""
    await _stack(home).destroy()
