"""The map region of a home: one PMTiles archive under ``maps``, and what it is. The newest import is the one in force."""

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = "maps"
_REGION_JSON: Final = "region.json"
NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""Of a region: it stands in an address."""
ATTRIBUTION: Final = "© OpenStreetMap contributors"
"""What the ODbL asks for wherever the map is shown (https://www.openstreetmap.org/copyright)."""


class Region(msgspec.Struct, frozen=True):
    """A region. `bbox` is west, south, east, north in degrees."""

    name: str
    bbox: tuple[float, float, float, float]
    attribution: str
    imported_at: datetime
    size_bytes: int


def maps_folder(home: Path) -> Path:
    """Where a home keeps its maps."""
    return home / FOLDER


def archive(home: Path, name: str) -> Path:
    """The archive of the region `name`."""
    return maps_folder(home) / f"{name}.pmtiles"


def present_region(home: Path) -> Region | None:
    """The region in force; None before the first import, and when its archive is gone."""
    try:
        region = msgspec.json.decode((maps_folder(home) / _REGION_JSON).read_bytes(), type=Region)
    except (OSError, msgspec.MsgspecError):
        return None
    is_whole = NAME.fullmatch(region.name) is not None and archive(home, region.name).is_file()
    return region if is_whole else None


def put_in_force(home: Path, region: Region, made: Path) -> None:
    """Make `region` the one in force, with the archive `made` (on the same disk); whoever reads sees the old one or the new one."""
    before = present_region(home)
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(archive(home, region.name))
    beside = maps_folder(home) / f".{_REGION_JSON}.new"
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(region)) + b"\n")
    beside.replace(maps_folder(home) / _REGION_JSON)
    if before is not None and before.name != region.name:
        archive(home, before.name).unlink(missing_ok=True)
