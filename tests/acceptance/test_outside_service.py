"""The example service needs nothing of the package but what any service has: no line of it, of the app, or of the tools knows it."""

import os
import subprocess
import tomllib
from typing import Final

from tests.outside import EXAMPLE, WORDS
from tools.requirements import ROOT

KNOWN_TO: Final = {
    "pyproject.toml": "its source is checked by the same type checker",
    "tests/outside.py": "builds and installs it for tests",
    "tests/e2e/test_tyre_watch.py": "drives it in a browser",
}
"""Where it is named outside its folder and pages for people, and why. None of these has to be touched for a service to run."""


def test_nothing_but_its_folder_its_entry_point_and_a_line_of_the_pack_knows_it():
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    words = tomllib.loads((WORDS / "en.toml").read_text("utf-8"))
    declared = {name for table in ("label", "command", "reason", "notice") for name in words[table]}
    names = {project["name"], *project["entry-points"]["openmarque.services"], *declared}
    options = [part for name in sorted(names) for part in ("-e", name)]
    elsewhere = (":!examples", ":!docs", ":!*.md", f":!{os.path.relpath(__file__, ROOT)}")
    found = subprocess.run(
        ["git", "grep", "-lwF", *options, "--", ".", *elsewhere], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert len(names) > 5
    assert set(found.stdout.split()) == KNOWN_TO.keys()
