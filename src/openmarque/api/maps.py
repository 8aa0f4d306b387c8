"""The map that the app draws on: which region there is, and its tiles. Public: a map of a region is no personal data.

The archive is read by the browser in ranges (RFC 9110 §14). One range a request is served; a list of ranges, which no map viewer asks
for, gets the whole as the RFC allows, so that nobody makes us assemble thousands of pieces. Which file is read is never taken from the
address: the address must name the region in force.
"""

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from openmarque.engines.tiles.regions import Region, archive, present_region
from openmarque.http.bodies import Body
from openmarque.http.conditional import answer, matches
from openmarque.kit.errors import CallerError

_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_CHUNK: Final = 256 * 1024
_TYPE: Final = "application/vnd.pmtiles"
_KEPT: Final = "public, max-age=300"
"""A viewer sees by the entity tag that the map was replaced, and begins anew."""
_PARTIAL: Final = 206
_NOT_MODIFIED: Final = 304


class NoSuchMap(CallerError):
    """There is no such map here."""

    code = "map-not-found"
    cure = "Take the address from /api/v1/maps; the operator imports a region with `openmarque map import`."
    http_status = 404


class RangeNotSatisfiable(CallerError):
    """The map has no such bytes."""

    code = "range-not-satisfiable"
    cure = "Ask for bytes below its size of {size}."
    http_status = 416


class RegionBody(Body):
    """The region that the app can draw."""

    name: str = Field(examples=["andorra"])
    url: str = Field(description="Address of its PMTiles archive, to be read in ranges.", examples=["/maps/andorra.pmtiles"])
    bbox: tuple[float, float, float, float] = Field(description="West, south, east, north in degrees.")
    attribution: str = Field(description="To be shown wherever the map is.", examples=["© OpenStreetMap contributors"])
    imported_at: datetime
    size_bytes: int


class MapsBody(Body):
    """What maps there are."""

    region: RegionBody | None = Field(description="Null until the operator has imported one; the app then draws a plain world.")


def router() -> APIRouter:
    """What the app asks first."""
    routes = APIRouter(tags=["maps"])

    @routes.get("/maps", response_model=MapsBody, summary="Which map there is")
    def read_maps(request: Request) -> Response:
        """The region that was imported last. Nobody needs to be signed in: it says nothing of any car or owner."""
        region = present_region(_home(request))
        return answer(request, MapsBody(region=_body(region) if region else None))

    return routes


def files() -> APIRouter:
    """The archive itself, outside the API's own addresses."""
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/maps/{name}.pmtiles", methods=["GET", "HEAD"])
    def read_archive(
        request: Request,
        name: str,
        wanted: Annotated[str, Header(alias="Range")] = "",
        if_range: Annotated[str, Header()] = "",
        if_none_match: Annotated[str, Header()] = "",
    ) -> Response:
        home = _home(request)
        region = present_region(home)
        if region is None or region.name != name:
            raise NoSuchMap
        return _served(archive(home, region.name), wanted, if_range, if_none_match, with_body=request.method == "GET")

    return routes


def _home(request: Request) -> Path:
    home = request.app.state.parts.settings.home
    assert isinstance(home, Path)
    return home


def _body(region: Region) -> RegionBody:
    return RegionBody(
        name=region.name,
        url=f"/maps/{region.name}.pmtiles",
        bbox=region.bbox,
        attribution=region.attribution,
        imported_at=region.imported_at,
        size_bytes=region.size_bytes,
    )


def _served(path: Path, wanted: str, if_range: str, if_none_match: str, *, with_body: bool) -> Response:
    """The archive, or the part of it that is wanted."""
    try:
        stat = path.stat()
    except OSError:
        raise NoSuchMap from None
    tag = _tag(stat)
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Cache-Control": _KEPT}
    if matches(if_none_match, tag):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    part = _part(wanted, stat.st_size) if not if_range or if_range == tag else None
    first, length = part or (0, stat.st_size)
    headers["Content-Length"] = str(length)
    if part:
        headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{stat.st_size}"
    status = _PARTIAL if part else 200
    if not with_body:
        return Response(status_code=status, headers=headers, media_type=_TYPE)
    return StreamingResponse(_pieces(path, tag, first, length), status_code=status, headers=headers, media_type=_TYPE)


def _tag(stat: os.stat_result) -> str:
    return f'"{stat.st_size:x}-{stat.st_mtime_ns:x}"'


def _part(wanted: str, size: int) -> tuple[int, int] | None:
    """First byte and number of bytes; None for the whole. Raises ``RangeNotSatisfiable``."""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or (not found[1] and not found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        first = size - length
    else:
        first = int(found[1])
        last = min(int(found[2]), size - 1) if found[2] else size - 1
        if found[2] and int(found[2]) < first:
            return None  # not a range at all (RFC 9110 §14.1.2): as if it were not there
        length = last - first + 1
    if length <= 0 or first >= size:
        raise RangeNotSatisfiable(size=size)
    return first, length


def _pieces(path: Path, tag: str, first: int, length: int) -> Iterator[bytes]:
    """The bytes, read in a worker thread piece by piece.

    The file is opened here, so that nothing stays open for a client that went away. One that was replaced since the headers were
    made sends nothing: an answer shorter than it says is an error to every client, a mixture of two maps would not be.
    """
    with path.open("rb") as file:
        if _tag(os.fstat(file.fileno())) != tag:
            return
        file.seek(first)
        while length > 0 and (piece := file.read(min(_CHUNK, length))):
            yield piece
            length -= len(piece)
