"""``python -m tools.suite [pytest options]``: everything that `make test` checks, side by side on two cores.

pytest runs with two workers. Beside it, with what processor time they leave, run the style and type checks and the app's own tests: one
after the other, each told when it is over. Whatever fails lets the rest go on, so that one run tells all. The last line is pytest's, held
back until everything else has been said; the exit code is 0 only when every part passed.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
BESIDE: Final = ("lint", "types", "web-check")
"""Targets of the Makefile."""
WORKERS: Final = 2
_LOCK: Final = threading.Lock()


@dataclass
class Part:
    """A check beside the tests: how it ended, and after how long."""

    target: str
    code: int = -1
    seconds: float = 0.0
    output: str = ""


@dataclass
class Beside:
    """The checks beside the tests, one after the other in a thread."""

    parts: list[Part] = field(default_factory=lambda: [Part(target) for target in BESIDE])

    def run(self) -> None:
        """Run all, whatever fails."""
        for part in self.parts:
            began = time.monotonic()
            with tempfile.TemporaryFile("w+") as output:
                # Below the tests in priority: what they bound in seconds is not theirs to spend.
                command = ["nice", "-n", "10", "make", "--no-print-directory", "-s", part.target]
                part.code = subprocess.run(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
                output.seek(0)
                part.output = output.read()
            part.seconds = time.monotonic() - began
            say(told(part))


def say(text: str) -> None:
    """Print a block that nothing else is printed into."""
    with _LOCK:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()


def told(part: Part) -> str:
    """One line for a check that passed; one that failed says everything."""
    line = f"make {part.target}: {'passed' if part.code == 0 else f'FAILED ({part.code})'} after {part.seconds:.0f} s"
    return line if part.code == 0 else f"{line}\n{part.output}"


def main(arguments: list[str]) -> int:
    """Run everything; 0 when all passed."""
    began = time.monotonic()
    beside = Beside()
    thread = threading.Thread(target=beside.run)
    thread.start()
    color = ["--color=yes"] if sys.stdout.isatty() else []
    command = [sys.executable, "-m", "pytest", "-n", str(WORKERS), *color, *arguments]
    last = ""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=environment, text=True) as tests:
        assert tests.stdout is not None
        for line in tests.stdout:
            if last:
                say(last)
            last = line
        code = tests.wait()
    thread.join()
    for part in beside.parts:
        say(told(part))
    say(f"make test: {time.monotonic() - began:.0f} s")
    say(last)
    return code or next((1 for part in beside.parts if part.code), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
