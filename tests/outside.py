"""The example service as a brand gets it: its wheel, built here, installed into a directory of its own, beside the package and not in it."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

from openmarque.brands.pack import FILE
from tools.requirements import ROOT

EXAMPLE: Final = ROOT / "examples" / "tyre_watch"
WORDS: Final = EXAMPLE / "src" / "tyre_watch" / "texts"
SOLD: Final = (
    'declarations = ["status", "car_finder", "lock"]',
    'declarations = ["status", "car_finder", "lock", "tyre_watch"]',
)
"""The line of the sample pack that says what the product "car" opens, and the same line of a brand that sells the example in it."""


def installed_example(folder: Path) -> Path:
    """Builds the wheel of the example and installs it in `folder`; gives the directory to be named in ``PYTHONPATH``."""
    wheels, site = folder / "wheels", folder / "site"
    _run("-m", "uv", "build", "--wheel", "--quiet", "--offline", "--no-build-isolation", "--out-dir", wheels, EXAMPLE)
    (wheel,) = wheels.glob("*.whl")
    install = ("-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", sys.executable)
    _run(*install, "--target", site, wheel)
    return site


def pack_that_sells_it(folder: Path) -> Path:
    """The sample pack with one line changed, in `folder`."""
    text = files("openmarque.brands").joinpath("sample", FILE).read_text("utf-8")
    line, instead = SOLD
    assert text.count(line) == 1
    (folder / FILE).write_text(text.replace(line, instead), "utf-8")
    return folder


def _run(*command: object) -> None:
    done = subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
