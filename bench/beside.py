"""``python -m bench.beside FOLDER``: this tree's remote commands and intake beside another tree's, in one run on one machine.

`FOLDER` is a worktree of another commit with an environment of its own (``git worktree add FOLDER COMMIT``, then ``make setup`` in it).
Each tree runs its own platform, its own cars and its own driver, so only what the two have in common is asked of the other: a car that
obeys, an app that locks it. Both platforms stand idle at once and take turns, window by window, so what the machine does in between
meets both. Told are medians of the windows and their ratio, here over there.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final

from bench.processes import ROOT, BenchFailed

_DRIVER: Final = "bench/one_tree.py"
_INTAKE: Final = ("ingest_status_per_s", "ingest_events_per_s")
_READY_S: Final = 180


class Tree:
    """A checked-out commit whose platform runs, and takes windows of remote commands when told."""

    def __init__(self, folder: Path, windows: int, remote_commands: int) -> None:
        """Start its platform with the driver of this tree and everything else from `folder`."""
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        command = [str(python_of(folder)), str(ROOT / _DRIVER), str(windows), str(remote_commands)]
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def line(self) -> str:
        """The next line of the driver."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise BenchFailed(f"the platform of {self._process.args!r} ended; its message stands above")
        return line

    def window(self) -> dict[str, float]:
        """One window: ``p50_ms`` of its commands, and processor milliseconds a command by part of the platform."""
        assert self._process.stdin is not None
        self._process.stdin.write("window\n")
        self._process.stdin.flush()
        figures: dict[str, float] = json.loads(self.line())
        return figures

    def end(self) -> None:
        """End it; it puts its engines away."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def python_of(folder: Path) -> Path:
    """The interpreter of a tree's own environment."""
    python = folder / ".venv" / "bin" / "python"
    if not python.exists():
        raise SystemExit(f"{folder} has no environment: run make setup in it")
    return python


def commands(folders: list[Path], windows: int, remote_commands: int) -> list[dict[str, list[float]]]:
    """Windows of each tree, in turn."""
    trees = [Tree(folder, windows, remote_commands) for folder in folders]
    try:
        for tree in trees:
            assert tree.line() == "ready"
        seen: list[dict[str, list[float]]] = [defaultdict(list) for _ in trees]
        for number in range(windows):
            # Who goes first alternates too.
            for place in (0, 1) if number % 2 == 0 else (1, 0):
                for name, value in trees[place].window().items():
                    seen[place][name].append(value)
        return seen
    finally:
        for tree in trees:
            tree.end()


def intake(folders: list[Path], rounds: int) -> list[dict[str, list[float]]]:
    """Rates of ``python -m bench status events`` of each tree, in turn; each run has windows of its own."""
    seen: list[dict[str, list[float]]] = [defaultdict(list) for _ in folders]
    for number in range(rounds):
        for place in (0, 1) if number % 2 == 0 else (1, 0):
            with tempfile.TemporaryDirectory() as out:
                command = [str(python_of(folders[place])), "-m", "bench", "status", "events", "--repeats", "3", "--out", out]
                subprocess.run(command, cwd=folders[place], check=True, stdout=subprocess.DEVNULL)
                figures = json.loads((Path(out) / "performance.json").read_bytes())["details"]
            for name in _INTAKE:
                seen[place][name] += figures[name]["values"]
    return seen


def tell(seen: list[dict[str, list[float]]]) -> None:
    """Print each figure's medians, their spread and their ratio."""
    here, there = seen
    print(f"{'':28}{'here':>10}{'there':>10}{'ratio':>8}   spread here, there")
    for name in here.keys() & there.keys():
        one, other = statistics.median(here[name]), statistics.median(there[name])
        spread = ", ".join(f"{min(values):.1f} to {max(values):.1f}" for values in (here[name], there[name]))
        print(f"{name:28}{one:10.1f}{other:10.1f}{one / other if other else 1.0:8.2f}   {spread}")


def main(arguments: list[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="python -m bench.beside", description="This tree beside another, in one run.")
    parser.add_argument("folder", type=Path, help="a worktree of another commit, with its own environment")
    parser.add_argument("--windows", type=int, default=8, help="windows of remote commands of each tree")
    parser.add_argument("--commands", type=int, default=250, help="remote commands in a window")
    parser.add_argument("--intake", type=int, default=0, help="rounds of the status and event lanes too")
    given = parser.parse_args(arguments)
    folders = [ROOT, given.folder.resolve()]
    tell(commands(folders, given.windows, given.commands))
    if given.intake:
        tell(intake(folders, given.intake))
    return 0


if __name__ == "__main__":
    sys.exit(main())
