"""The app is written against types made from the API's description: they have to be today's."""

import json
import subprocess
from pathlib import Path

from openmarque.api.app import describe
from openmarque.governance.platform import installed_catalogue

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "web" / "src" / "api"


def test_the_apps_types_are_made_from_todays_api(tmp_path):
    described, made = tmp_path / "openapi.json", tmp_path / "api"
    described.write_text(json.dumps(describe(installed_catalogue())))
    subprocess.run([ROOT / "tools" / "web", "api", described, made], check=True, capture_output=True)
    assert texts(made) == texts(KEPT), "run: make api"


def texts(folder: Path) -> dict[str, str]:
    """The files of a folder by name."""
    return {path.name: path.read_text() for path in folder.iterdir()}
