"""``docs/howto/write-a-service.md`` is true: its commands run, one after the other, and its code is the example's.

The commands run as for a reader: beside a checkout, in an environment of their own into which the example is installed, on a home made for them.
A block ``sh`` ends before the next one begins; what a block ``sh running`` starts goes on until the page is over, from the line on that it is ready.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, Final

import psutil
import pytest

from faults.ground import kill_tree, throwaway_home
from openmarque.kit.settings import PREFIX
from tests.e2e.running import free_port
from tests.outside import EXAMPLE, WORDS
from tools.requirements import ROOT

PAGE: Final = ROOT / "docs" / "howto" / "write-a-service.md"
TEXTS: Final = PAGE.with_name("texts.md")
CUT: Final = "# …"
"""A line that stands for lines of the file that the page leaves out."""
_BLOCK: Final = re.compile(r"^```(?P<kind>[a-z ]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_READY: Final = "Access token|Head unit: http"
_END: Final = """set -m
trap 'for job in $(jobs -p); do kill -INT -- -$job; done; wait' EXIT"""
"""What runs in the background has a process group of its own, which ends as with Ctrl-C."""
_PAGE_S: Final = 240
_END_S: Final = 30
"""What the jobs of the page may take to end once its time is over."""


@dataclass(frozen=True)
class Block:
    """A block of code: what stands behind its fence, its text, the line of the page at which it begins."""

    kind: str
    text: str
    line: int


def blocks(*kinds: str, of: Path = PAGE) -> list[Block]:
    page = of.read_text("utf-8")
    found = [Block(block["kind"], block["text"], page[: block.start()].count("\n") + 2) for block in _BLOCK.finditer(page)]
    return [block for block in found if block.kind in kinds]


@pytest.mark.timeout(_PAGE_S + 3 * _END_S)
def test_every_command_of_the_page_runs_in_its_order(tmp_path):
    shell = blocks("sh", "sh running")
    assert len(shell) > 10
    (tmp_path / "openmarque").symlink_to(ROOT)
    with throwaway_home() as home:
        environment = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "PYTHON"))} | {
            f"{PREFIX}HOME": str(home),
            f"{PREFIX}PORT": str(free_port()),
            f"{PREFIX}MQTT_PORT": "0",
            "PATH": f"{reader_environment(tmp_path / 'venv')}:{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
            # The build tool and all dependencies are in the environment already: nothing is fetched.
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONUNBUFFERED": "1",
        }
        script = "\n".join(("set -euo pipefail", _END, *map(_commands, shell)))
        done = _run(script, tmp_path, environment)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "A tyre is low" in done.stdout or "Un pneu" in done.stdout, "the mail of step 8"


def _commands(block: Block) -> str:
    """The block as the script runs it, with a line before it that says where it stands."""
    said = f"echo '--- {PAGE.name}:{block.line}'"
    if block.kind == "sh":
        return f"{said}\n{block.text}"
    log = f"running-{block.line}.log"
    wait = f"until grep -qE '{_READY}' {log}; do kill -0 $! || {{ cat {log}; exit 1; }}; sleep 0.2; done"
    return f"{said}\n{{\n{indent(block.text, '  ')}}} >{log} 2>&1 &\n{wait}"


def _run(script: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run it; when its time is over, end it and what it started, and say how far it came."""
    # A limit of its own: a run of the tests that is killed leaves nothing behind that waits for ever.
    command = ["timeout", f"--kill-after={_END_S}", str(_PAGE_S), "bash", "-c", script]
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            said, _ = process.communicate(timeout=_PAGE_S + 2 * _END_S)
        except subprocess.TimeoutExpired:
            kill_tree(psutil.Process(process.pid))
            said, _ = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, said)


def reader_environment(folder: Path) -> Path:
    """An environment in which all that the checkout's holds can be used, and into which a reader installs more; gives its programs' folder."""
    venv.create(folder, with_pip=False)
    programs, python = folder / "bin", folder / "bin" / "python"
    (inner,) = folder.glob("lib/python*/site-packages")
    (inner / "checkout.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT / 'src'}\n", "utf-8")
    for name, module in {"pip": "pip", "openmarque": "openmarque.cli.main"}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {python} -m {module} "$@"\n', "utf-8")
        (programs / name).chmod(0o755)
    assert sys.version_info[:2] == tuple(map(int, inner.parent.name.removeprefix("python").split(".")))
    return programs


SOURCES: Final = tuple(
    path.read_text("utf-8") for path in sorted(EXAMPLE.rglob("*")) if path.suffix in {".py", ".toml"} and path.is_file()
)


@pytest.mark.parametrize("block", blocks("python", "toml"), ids=lambda block: f"line {block.line}")
def test_the_code_on_the_page_is_the_examples(block):
    parts = [part.strip("\n") for part in re.split(rf"^{CUT}$", block.text, flags=re.MULTILINE)]
    assert any(all(part in source for part in parts) for source in SOURCES), dedent(block.text)


def test_every_block_of_the_page_is_run_or_compared():
    fences = len(re.findall(r"^```[a-z]", PAGE.read_text("utf-8"), re.MULTILINE))
    assert fences == len(blocks("sh", "sh running", "python", "toml"))
    assert tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]


def test_the_words_on_the_page_about_words_are_the_examples():
    (block,) = blocks("toml", of=TEXTS)
    shown, said = tomllib.loads(block.text), tomllib.loads((WORDS / "en.toml").read_text("utf-8"))
    shown = {
        table: words for table, words in shown.items() if table not in ("signal", "recipient", "warnings")
    }  # which it does not have
    assert len(shown) > 5
    assert _within(shown, said)


def _within(shown: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    return all(_within(words, said[key]) if isinstance(words, dict) else words == said[key] for key, words in shown.items())
