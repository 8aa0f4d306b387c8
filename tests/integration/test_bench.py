"""The bench measures, and checks that what it counted is in the database. No figure is asserted: they belong to a quiet machine."""

import json

import pytest

from bench.__main__ import main
from bench.figures import GOALS

MEASURED = {"raw_upsert_per_s", "raw_upsert_loaded_per_s", "raw_broker_per_s", "ingest_share_of_raw_upsert"}
"""What the rates are set against."""


@pytest.mark.req("LNK-3a")
def test_a_quick_bench_measures_the_link_and_finds_everything_acknowledged_stored(tmp_path, capsys):
    kept = b'{"details": {"start_to_ready_s": {"values": [3.5], "unit": "s", "measured_at": "2026-11-22T08:00:00Z"}}}'
    (tmp_path / "performance.json").write_bytes(kept)
    assert main(["--quick", "status", "events", "commands", "cars", "--out", str(tmp_path)]) == 0
    content = json.loads((tmp_path / "performance.json").read_text("utf-8"))
    figures = content["figures"]
    assert set(GOALS) | MEASURED <= set(figures)
    assert figures["command_p50_ms_idle"] <= figures["command_p99_ms_idle"] <= figures["command_p999_ms_idle"] * 1.0001
    assert all(value > 0 for name, value in figures.items() if name != "broker_kb_per_car")
    assert figures["connected_cars"] == 50
    assert figures["start_to_ready_s"] == 3.5, "a group that is not measured keeps its figures"
    assert set(content["checks"]) == {"status", "events", "commands"}
    page = (tmp_path / "performance.md").read_text("utf-8")
    assert "performance-rates.svg" in page
    said = capsys.readouterr().out
    assert "ingest_status_per_s" in said
    assert said.count("all of them found in the database") == 2
    for lane in ("status", "events"):
        assert f"check {lane}: " in said
