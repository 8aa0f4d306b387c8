"""The example service, from its wheel in a directory of its own, as a brand would install it beside the package: its tests run there."""

import os
import subprocess
import sys
import tomllib
from typing import Final

import pytest

from tests.outside import EXAMPLE, installed_example
from tools.requirements import ROOT

KNOWN_TO: Final = {
    "pyproject.toml": "its source is checked by the same type checker",
    "tests/outside.py": "builds and installs it for tests",
    "tests/e2e/test_tyre_watch.py": "drives it in a browser",
}
"""Where it is named outside its folder and pages for people, and why. None of these has to be touched for a service to run."""


@pytest.mark.timeout(400)
def test_a_service_outside_the_package_is_found_and_works(tmp_path):
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), str(EXAMPLE / "tests")]
    found_in = os.environ | {"PYTHONPATH": str(installed_example(tmp_path))}
    done = subprocess.run(tests, env=found_in, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"


def test_nothing_but_its_folder_its_entry_point_and_a_line_of_the_pack_knows_it():
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    words = tomllib.loads((EXAMPLE / "src" / "tyre_watch" / "texts" / "en.toml").read_text("utf-8"))
    declared = {name for table in ("label", "command", "reason", "notice") for name in words[table]}
    names = {project["name"], *project["entry-points"]["openmarque.services"], *declared}
    options = [part for name in sorted(names) for part in ("-e", name)]
    elsewhere = (":!examples", ":!docs", ":!*.md", f":!{os.path.relpath(__file__, ROOT)}")
    found = subprocess.run(
        ["git", "grep", "-lwF", *options, "--", ".", *elsewhere], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert len(names) > 5
    assert set(found.stdout.split()) == KNOWN_TO.keys()
