"""``openmarque map import`` on a real extract with the real tilemaker: tiles with our layers, or a clear refusal that changes nothing."""

import gzip
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from openmarque.cli.main import build
from openmarque.engines.tiles.make import (
    EmptyRegion,
    NotAnExtract,
    RegionNameUnfit,
    TilemakerFailed,
    TilemakerMissing,
    import_region,
    region_name,
)
from openmarque.engines.tiles.regions import Region, archive, maps_folder, present_region
from openmarque.kit.clock import SystemClock
from tools.requirements import shared

pmtiles: Any = import_module("pmtiles.reader")  # it ships no annotations
EXTRACT = shared() / "data" / "osm" / "andorra-250119.osm.pbf"
needs_tilemaker = pytest.mark.skipif(shutil.which("tilemaker") is None, reason="tilemaker is not installed")
needs_extract = pytest.mark.skipif(not EXTRACT.exists(), reason=f"{EXTRACT} is not there")


def make(home: Path, extract: Path, name: str = "valley", heard: list[Any] | None = None) -> Region:
    told = [] if heard is None else heard
    return import_region(home, extract, name, SystemClock(), lambda *progress: told.append(progress))


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    home = tmp_path_factory.mktemp("home")
    heard: list[Any] = []
    make(home, EXTRACT, "andorra", heard)
    return home, heard


@needs_tilemaker
@needs_extract
def test_a_country_becomes_tiles_with_its_bounds_and_its_thanks(imported: tuple[Path, list[Any]]) -> None:
    region = present_region(imported[0])
    assert region is not None
    assert region.name == "andorra"
    west, south, east, north = region.bbox
    assert (west, south, east, north) == pytest.approx((1.412, 42.428, 1.787, 42.657), abs=0.001)
    assert 1_000_000 < region.size_bytes < 5_000_000
    with archive(imported[0], "andorra").open("r+b") as file:
        reader = pmtiles.Reader(pmtiles.MmapSource(file))
        assert reader.metadata()["attribution"] == "© OpenStreetMap contributors"
        assert (reader.header()["min_zoom"], reader.header()["max_zoom"]) == (3, 14)


@needs_tilemaker
@needs_extract
def test_the_tiles_hold_what_the_app_draws(imported: tuple[Path, list[Any]]) -> None:
    with archive(imported[0], "andorra").open("r+b") as file:
        source = pmtiles.MmapSource(file)
        told = {layer["id"]: set(layer["fields"]) for layer in pmtiles.Reader(source).metadata()["vector_layers"]}
        whole = b"".join(gzip.decompress(data) for (zoom, _, _), data in pmtiles.all_tiles(source) if zoom == 14)
    assert {"water", "landcover", "landuse", "building", "place", "boundary", "transportation", "transportation_name"} <= set(
        told
    )
    assert {"class", "brunnel"} <= told["transportation"]
    assert {"name", "ref"} <= told["transportation_name"]
    for text in (b"primary", b"tunnel", b"Andorra la Vella", b"CG-1", b"wood", b"building"):
        assert text in whole, text


@needs_tilemaker
@needs_extract
def test_progress_is_told_phase_by_phase_and_reaches_its_end(imported: tuple[Path, list[Any]]) -> None:
    _, heard = imported
    phases = list(dict.fromkeys(what for what, _, _ in heard))
    assert phases == ["reading the extract", "drawing tiles", "packing"]
    what, done, total = heard[-1]
    assert (what, done) == ("packing", total)
    assert all(0 <= done <= total for _, done, total in heard)


@needs_tilemaker
@needs_extract
def test_a_broken_extract_is_refused_and_the_region_in_force_stays(imported: tuple[Path, list[Any]], tmp_path: Path) -> None:
    home, _ = imported
    before = archive(home, "andorra").read_bytes()
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(EXTRACT.read_bytes()[:1_000_000])
    with pytest.raises(TilemakerFailed):
        make(home, cut, "andorra")
    assert archive(home, "andorra").read_bytes() == before
    assert [path.name for path in maps_folder(home).iterdir() if path.name.startswith(".")] == []


@needs_tilemaker
@needs_extract
def test_an_extract_without_anything_is_told_apart(tmp_path: Path) -> None:
    content = EXTRACT.read_bytes()
    header_end = 4 + int.from_bytes(content[:4], "big")
    size_field = content[4:header_end].rpartition(b"\x18")[2]  # BlobHeader.datasize, a varint
    size = sum((byte & 0x7F) << (7 * i) for i, byte in enumerate(size_field))
    empty = tmp_path / "empty.osm.pbf"
    empty.write_bytes(content[: header_end + size])
    with pytest.raises(EmptyRegion):
        make(tmp_path, empty)
    assert present_region(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a spreadsheet", b"<osm version='0.6'>", b"\0" * 4096])
def test_what_is_no_extract_is_refused_before_anything_starts(tmp_path: Path, content: bytes) -> None:
    wrong = tmp_path / "wrong.osm.pbf"
    wrong.write_bytes(content)
    with pytest.raises(NotAnExtract):
        make(tmp_path, wrong)
    with pytest.raises(NotAnExtract):
        make(tmp_path, tmp_path / "missing.osm.pbf")
    assert not maps_folder(tmp_path).exists()


def test_a_missing_tilemaker_is_said_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extract = tmp_path / "some.osm.pbf"
    extract.write_bytes(b"\0\0\0\x0e\n\tOSMHeader\x18\x01 ")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TilemakerMissing) as error:
        make(tmp_path, extract)
    assert "apt-get install tilemaker" in error.value.remedy


@pytest.mark.parametrize(
    ("file", "name"),
    [("andorra-250119.osm.pbf", "andorra"), ("ile-de-france-latest.osm.pbf", "ile-de-france"), ("A_b.pbf", "a-b")],
)
def test_a_region_is_called_after_its_file(file: str, name: str) -> None:
    assert region_name(Path(file)) == name


@pytest.mark.parametrize("name", ["", "../etc", "a b", "x" * 41, "-a", "é"])
def test_a_name_that_can_not_stand_in_an_address_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RegionNameUnfit):
        make(tmp_path, tmp_path / "any.osm.pbf", name)


def test_the_command_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENMARQUE_HOME", str(tmp_path / "home"))
    wrong = tmp_path / "wrong.osm.pbf"
    wrong.write_bytes(b"no map")
    app, missing = build()
    assert missing == ""
    result = CliRunner().invoke(app, ["map", "import", str(wrong)])
    assert isinstance(result.exception, NotAnExtract)
