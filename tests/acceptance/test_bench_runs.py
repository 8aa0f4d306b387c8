"""``make bench`` on small numbers: it measures on the schema, the link and the rules of today, and finds what was acknowledged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEASURED = {"ingest_status_per_s", "ingest_events_per_s", "raw_upsert_per_s", "raw_upsert_loaded_per_s", "raw_broker_per_s"}


@pytest.mark.timeout(300)
def test_a_quick_measurement_writes_its_figures_and_finds_everything_that_was_acknowledged(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "bench", "--quick", "status", "events", "--out", str(tmp_path)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "performance.json").read_text("utf-8"))["figures"]
    assert figures.keys() >= {*MEASURED, "ingest_share_of_raw_upsert"}
    assert all(figures[name] > 0 for name in MEASURED)
    for lane in ("status", "events"):
        assert f"check {lane}: " in done.stdout
    assert done.stdout.count("all of them found in the database") == 2
    assert "performance-rates.svg" in (tmp_path / "performance.md").read_text("utf-8")
