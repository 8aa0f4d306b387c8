"""Makes vector tiles of a region from an OpenStreetMap extract: Debian's tilemaker as a child, our layers, one PMTiles archive.

Theory of operation: tilemaker reads the extract by ``config.json`` and ``process.lua`` beside this module and writes MBTiles (SQLite) into
a scratch folder below ``maps``; its tiles are copied in the order of the archive; at last the archive takes its place in one move. Whatever
fails before leaves the region in force as it was. Its output is read for progress, and for its last words when it fails.
"""

import json
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from importlib.resources import as_file, files
from pathlib import Path
from typing import IO, Any, Final

from pmtiles.tile import Compression, TileType, tileid_to_zxy, zxy_to_tileid
from pmtiles.writer import write

from openmarque.engines.errors import EngineError
from openmarque.engines.process import ensure_dir
from openmarque.engines.tiles.regions import ATTRIBUTION, NAME, Region, maps_folder, put_in_force
from openmarque.kit.clock import Clock
from openmarque.kit.errors import CallerError

PROGRAM: Final = "tilemaker"
_ON_DISK_FROM: Final = 400_000_000
"""Extracts of that many bytes are worked on in files: in memory they take ten times their size."""
_BLOCKS: Final = re.compile(rb"Block (\d+)/(\d+)")
_TILES: Final = re.compile(rb"writing tile (\d+) of (\d+)")
_LAST_WORDS: Final = 400
_READING, _DRAWING, _PACKING = "reading the extract", "drawing tiles", "packing"

Progress = Callable[[str, int, int], None]
"""Hears what is done now, how much of it, and how much it is in all."""


class NotAnExtract(CallerError):
    """This is no OpenStreetMap extract."""

    code = "not-an-extract"
    cure = "Give a file in PBF format (name.osm.pbf), as download sites for OpenStreetMap extracts offer it."


class EmptyRegion(CallerError):
    """There is nothing to draw in this extract."""

    code = "empty-region"
    cure = "Take an extract that holds roads, water or places, and whose header states its bounding box."


class RegionNameUnfit(CallerError):
    """A region can't have this name."""

    code = "region-name-unfit"
    cure = "Use --name with small letters, digits and dashes, 40 at most."


class TilemakerMissing(EngineError):
    """The program that draws map tiles is not installed."""

    code = "tilemaker-missing"
    cure = "Install Debian's package with `apt-get install tilemaker`, or run tools/system-packages."


class TilemakerFailed(EngineError):
    """Map tiles could not be drawn."""

    code = "tilemaker-failed"
    cure = "Check that the extract is whole (download it again) and that memory and disk have room for ten times its size."


def region_name(extract: Path) -> str:
    """The name that a region has after its file: ``andorra-250119.osm.pbf`` is of andorra. Raises ``RegionNameUnfit``."""
    stem = extract.name.lower().removesuffix(".pbf").removesuffix(".osm")
    name = re.sub(r"-(latest|\d{6,8})$", "", stem).replace("_", "-")
    return fit_name(name)


def fit_name(name: str) -> str:
    """`name`, if a region can have it. Raises ``RegionNameUnfit``."""
    if NAME.fullmatch(name) is None:
        raise RegionNameUnfit(f"It was {name!r}.")
    return name


def import_region(home: Path, extract: Path, name: str, clock: Clock, on_progress: Progress) -> Region:
    """Make the region in `extract` the one in force.

    Raises ``NotAnExtract``, ``EmptyRegion``, ``RegionNameUnfit``, ``TilemakerMissing``, ``TilemakerFailed``.
    """
    fit_name(name)
    require_extract(extract)
    program = shutil.which(PROGRAM)
    if program is None:
        raise TilemakerMissing
    folder = ensure_dir(maps_folder(home))
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as scratch:
        drawn, packed = Path(scratch) / "drawn.mbtiles", Path(scratch) / "packed.pmtiles"
        _draw(program, extract, drawn, on_progress)
        bbox = _pack(drawn, packed, name, on_progress)
        region = Region(name, bbox, ATTRIBUTION, clock.now(), packed.stat().st_size)
        put_in_force(home, region, packed)
    return region


def require_extract(extract: Path) -> None:
    """Raise ``NotAnExtract`` unless the file begins as an extract does: a length of 4 bytes, then a block named OSMHeader."""
    try:
        with extract.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise NotAnExtract(f"{extract}: {error.strerror}.") from error
    if b"OSMHeader" not in head[4:24]:
        raise NotAnExtract(f"{extract.name} does not begin as one.")


def _draw(program: str, extract: Path, drawn: Path, on_progress: Progress) -> None:
    own = files(__package__)
    with as_file(own / "config.json") as config, as_file(own / "process.lua") as process:
        arguments = [program, "--input", extract, "--output", drawn, "--config", config, "--process", process]
        if extract.stat().st_size >= _ON_DISK_FROM:
            arguments += ["--store", drawn.with_name("store")]
        words = [str(argument) for argument in arguments]
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
            try:
                last = _follow(child, on_progress)
            except BaseException:
                child.kill()
                raise
    if child.returncode != 0 or not drawn.exists():
        raise TilemakerFailed(f"It said: {last}", log="its output")


def _follow(child: "subprocess.Popen[bytes]", on_progress: Progress) -> str:
    """Read what the child says until it ends; gives its last words. Its progress comes in lines that overwrite one another."""
    last = b""
    read = 0
    for line in _lines(child.stdout) if child.stdout else ():
        if found := _BLOCKS.search(line):
            read = max(read, int(found[1]))  # its threads don't take turns
            on_progress(_READING, read, int(found[2]))
        elif found := _TILES.search(line):
            on_progress(_DRAWING, int(found[1]), int(found[2]))
        elif line.strip():
            last = line.strip()
    return last[-_LAST_WORDS:].decode("utf-8", "replace")


def _lines(output: IO[bytes]) -> Iterator[bytes]:
    """Lines that end with a line feed or a carriage return, as they come."""
    held = b""
    while chunk := output.read1(4096):  # type: ignore[attr-defined]  # a pipe is a BufferedReader
        *whole, held = re.split(rb"[\r\n]", held + chunk)
        yield from whole
    yield held


def _pack(drawn: Path, packed: Path, name: str, on_progress: Progress) -> tuple[float, float, float, float]:
    """Copy the tiles into a PMTiles archive (version 3) in its own order; gives the bounding box."""
    with closing(sqlite3.connect(f"file:{drawn}?mode=ro", uri=True)) as database:
        said: dict[str, str] = dict(database.execute("SELECT name, value FROM metadata"))
        rows = database.execute("SELECT zoom_level, tile_column, tile_row FROM tiles")
        ids = sorted(zxy_to_tileid(z, x, (1 << z) - 1 - row) for z, x, row in rows)
        if not ids:
            raise EmptyRegion
        bbox = _bbox(said)
        with write(str(packed)) as writer:
            for done, tile_id in enumerate(ids):
                z, x, y = tileid_to_zxy(tile_id)
                query = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
                writer.write_tile(tile_id, database.execute(query, (z, x, (1 << z) - 1 - y)).fetchone()[0])
                on_progress(_PACKING, done + 1, len(ids))
            writer.finalize(_header(bbox), _metadata(said, name))
    return bbox


def _bbox(said: Mapping[str, str]) -> tuple[float, float, float, float]:
    west, south, east, north = (float(part) for part in said["bounds"].split(","))
    return west, south, east, north


def _header(bbox: tuple[float, float, float, float]) -> dict[str, Any]:
    """The header's fields that the writer does not know by itself; degrees times 10 million."""
    west, south, east, north = (round(degrees * 1e7) for degrees in bbox)
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
        "center_zoom": 9,
    }


def _metadata(said: Mapping[str, str], name: str) -> dict[str, Any]:
    layers = json.loads(said.get("json", "{}")).get("vector_layers", [])
    return {"name": name, "description": said.get("description", ""), "attribution": ATTRIBUTION, "vector_layers": layers}
