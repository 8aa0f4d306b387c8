"""A replay on a throwaway platform that is stopped: no engine of it remains, and no folder."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.drives import as_csv, drawn_rows

PREFIX = "openmarque-try-"
WITHIN_S = 60.0


def home_of(program: subprocess.Popen[bytes], *engines: str) -> Path | None:
    """The throwaway home of `program`, once all of `engines` run in it."""
    seen: dict[str, Path] = {}
    for process in psutil.Process(program.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            arguments = process.cmdline()
            for word in arguments[1:]:
                before, found, after = word.partition(PREFIX)
                if found:
                    seen[Path(arguments[0]).name] = Path(before + found + after.partition("/")[0])
    return next(iter(seen.values())) if seen and all(any(engine in name for name in seen) for engine in engines) else None


def until_there(look: Callable[[], Path | None], program: subprocess.Popen[bytes]) -> Path:
    """What `look` gives, waited for."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline and program.poll() is None:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"no engine within {WITHIN_S} s, exit code {program.poll()}")


def living_in(home: Path) -> list[psutil.Process]:
    """The processes with this home in their command line."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.status() != psutil.STATUS_ZOMBIE and any(str(home) in word for word in process.cmdline()):
                found.append(process)
    return found


@contextmanager
def replaying(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, at work on a drive of an hour in real time; ended if it still runs, with its engines."""
    drive = folder / "drive.csv"
    drive.write_text(as_csv(drawn_rows(3600)))
    command = [sys.executable, "-m", "openmarque.cli.main", "car", "replay", str(drive), "--try", "--speed", "1"]
    # What the tests themselves were started with (``nohup``, say) is not handed on.
    hears = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
    with (folder / "out").open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, preexec_fn=hears) as program:  # noqa: PLW1509 - one thread
        try:
            yield program
        finally:
            if program.poll() is None:
                own = psutil.Process(program.pid).children(recursive=True)
                program.kill()
                for process in own:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    ("sign", "engines"),
    [
        (signal.SIGTERM, ("nats", "postgres", "python")),
        (signal.SIGHUP, ("nats", "postgres")),
        (signal.SIGINT, ("nats",)),
    ],
    ids=["TERM, all run", "HUP, engines run", "INT, one runs"],
)
def test_a_stopped_replay_leaves_no_process_and_no_folder(
    tmp_path: Path, sign: signal.Signals, engines: tuple[str, ...]
) -> None:
    with replaying(tmp_path) as program:
        home = until_there(lambda: home_of(program, *(name for name in engines if name != "python")), program)
        if "python" in engines:
            until_there(lambda: next((home / "log").glob("worker-*.log"), None), program)
        program.send_signal(sign)
        try:
            code = program.wait(WITHIN_S)
            said = (tmp_path / "out").read_text("utf-8", "replace")
            assert living_in(home) == []
            assert not home.exists()
        finally:
            for process in living_in(home):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            shutil.rmtree(home, ignore_errors=True)
        assert code == 128 + (signal.SIGINT if sign is signal.SIGINT else signal.SIGTERM), said
        assert "Traceback" not in said
