"""Who stops a command that holds engines: it unwinds once, says by its exit code what ended it, and leaves nothing running."""

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from openmarque.app import Engines
from openmarque.cli import operating
from openmarque.kit.clock import SystemClock
from openmarque.kit.settings import Settings

HOLDS_SOMETHING = """
import asyncio
from openmarque.cli.operating import run

async def main():
    try:
        print("held", flush=True)
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.5)
        print("given back", flush=True)

run(main())
"""


def started(*, ignoring_hang_up: bool = False) -> subprocess.Popen[str]:
    """A program that holds something by now. What the tests themselves were started with (``nohup``, say) is not handed on to it."""
    hang_up = signal.SIG_IGN if ignoring_hang_up else signal.SIG_DFL
    program = subprocess.Popen(
        [sys.executable, "-c", HOLDS_SOMETHING],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGHUP, hang_up),  # noqa: PLW1509 - one thread
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "held\n"
    return program


@pytest.mark.parametrize(
    ("sign", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 143)], ids=["TERM", "INT", "HUP"]
)
def test_a_signal_lets_the_program_give_back_what_it_holds_though_it_comes_twice(sign: signal.Signals, code: int) -> None:
    program = started()
    program.send_signal(sign)
    program.send_signal(sign)
    told, _ = program.communicate(timeout=20)
    assert (told, program.returncode) == ("given back\n", code)


def test_under_nohup_a_closed_terminal_ends_nothing() -> None:
    program = started(ignoring_hang_up=True)
    program.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(1)
    program.terminate()
    assert program.communicate(timeout=20)[0] == "given back\n"


def test_an_answer_and_an_error_come_through() -> None:
    async def answer() -> int:
        return os.getpid()

    async def fail() -> None:
        raise asyncio.CancelledError

    assert operating.run(answer()) == os.getpid()
    with pytest.raises(asyncio.CancelledError):
        operating.run(fail())


async def test_engines_that_start_while_we_are_stopped_are_stopped_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    happened: list[str] = []

    class Slow(Engines):
        def __init__(self) -> None:
            """Hold nothing."""

        async def stop(self) -> None:
            happened.append("stopped")

    async def start(_settings: Settings, _clock: object) -> Engines:
        happened.append("starting")
        await asyncio.sleep(0.1)
        happened.append("started")
        return Slow()

    monkeypatch.setattr(operating, "start_engines", start)

    async def hold() -> None:
        async with operating.engines_up(cast("Any", Settings(home=tmp_path)), SystemClock()):
            raise AssertionError

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0.02)
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    assert happened == ["starting", "started", "stopped"]
