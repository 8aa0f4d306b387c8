"""The app is written against types made from the API's description: they have to be today's."""

import json
import subprocess
from pathlib import Path

from openmarque.api.app import describe
from openmarque.governance.platform import installed_catalogue

WEB = Path(__file__).parents[2] / "web"


def test_the_apps_types_are_made_from_todays_api(tmp_path):
    described = tmp_path / "openapi.json"
    described.write_text(json.dumps(describe(installed_catalogue())))
    made = tmp_path / "openapi.d.ts"
    program = WEB / "node_modules/.bin/openapi-typescript"
    assert program.exists(), "the app's packages are not installed: run tools/web (make setup does)"
    subprocess.run([program, described, "-o", made], cwd=WEB, check=True, capture_output=True)
    kept = (WEB / "src/kit/openapi.d.ts").read_text()
    assert made.read_text() == kept, (
        "run: .venv/bin/openmarque openapi > openapi.json && npx openapi-typescript openapi.json -o src/kit/openapi.d.ts"
    )
