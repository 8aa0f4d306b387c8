"""The example service is installed into a directory of its own, as a brand would beside the package, and its tests run there."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tools.requirements import ROOT

EXAMPLE = ROOT / "examples" / "tyre_watch"


@pytest.mark.timeout(400)
def test_a_service_outside_the_package_is_found_and_works(tmp_path):
    target = tmp_path / "site"
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--no-build-isolation"]
    _run([*install, "--python", sys.executable, "--target", str(target), str(EXAMPLE)], os.environ)
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), str(EXAMPLE / "tests")]
    _run(tests, os.environ | {"PYTHONPATH": str(target)})


def _run(command: list[str], environ: Mapping[str, str]) -> None:
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
