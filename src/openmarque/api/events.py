"""The event stream of a car: ``GET /vehicles/{vehicle_id}/events``."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from openmarque.http.edge import OF_A_CAR, VehiclePath, edge_of
from openmarque.http.errors import TooManyStreams
from openmarque.http.events import MAX_STREAMS, Asker, StreamPart, let_in, stream
from openmarque.http.problems import problems
from openmarque.http.sessions import Credentials
from openmarque.link.broker import BrokerDown

_EXAMPLE: Final = """retry: 3000

id: 5f1d7a84db00d2fce00b31a7fc73224f
event: snapshot
data: {"status":{"Vehicle.Speed":{"value":42.0,"unit":"km/h","car_time":"2026-11-22T08:00:00Z","received_at":"2026-11-22T08:00:01Z"}}}

id: c20ad4d76fe97759aa27a0c99bff6710
event: status
data: {"Vehicle.Speed":{"value":43.5,"unit":"km/h","car_time":"2026-11-22T08:00:02Z","received_at":"2026-11-22T08:00:03Z"}}

"""
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events, until one of the two sides ends it.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


def router(parts: Sequence[StreamPart]) -> APIRouter:
    """The route that streams `parts`."""
    routes = APIRouter(tags=["live"])

    @routes.get(
        "/vehicles/{vehicle_id}/events",
        response_class=StreamingResponse,
        responses={**_STREAM, **OF_A_CAR, **problems(TooManyStreams, BrokerDown)},
        summary="Live changes of a car",
    )
    async def watch_vehicle(
        request: Request,
        credentials: Credentials,
        vehicle_id: VehiclePath,
        last_event_id: Annotated[str, Header(description="Id of the last event that you have.")] = "",
    ) -> StreamingResponse:
        """Server-sent events: `snapshot` holds every part of the car's state, then each change comes as an event named after its part.

        An event's id names the state that you have with it. Come back with `Last-Event-ID`, and the snapshot is sent only if
        something has changed meanwhile. `end` says that the stream is over for good (`code` as in a problem), or for a restart,
        or because the broker is away (`shutdown`, `broker-down`): come back then.
        """
        edge, asker = edge_of(request), Asker(credentials, vehicle_id)
        visit = await let_in(edge, asker)
        if edge.hub.streams(visit.account_id) >= MAX_STREAMS:
            raise TooManyStreams(limit=MAX_STREAMS)
        if not edge.hub.connected:
            raise BrokerDown
        events = stream(edge, asker, parts, last_event_id, visit)
        return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return routes
