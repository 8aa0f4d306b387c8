"""What this process counts, in Prometheus' text form. Labels are routes and statuses, never ids."""

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.types import Scope

from openmarque.http.live import LiveHub
from openmarque.link.broker import Broker, ConnectionState

_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds; a status read takes about 5 ms here, the pool gives up after 5 s."""
_NO_ROUTE: Final = "(none)"


class Metrics:
    """One process's figures, in a registry of their own."""

    media_type: Final = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        """Count from zero."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        labels = ("method", "route", "status")
        self._requests = Counter("openmarque_http_requests", "Requests answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "openmarque_http_request_seconds", "Time to the end of an answer, event streams aside.", ("route",), buckets=_BUCKETS,
            registry=self._registry,
        )  # fmt: skip
        self._streams = Gauge("openmarque_event_streams", "Event streams open now.", registry=self._registry)
        self._broker = Gauge("openmarque_broker_connected", "1 while connected to the broker.", registry=self._registry)

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answer. A method or path that no route has is not told apart: both are the caller's choice."""
        path = _template(scope)
        method = str(scope["method"]) if path != _NO_ROUTE else _NO_ROUTE
        self._requests.labels(method, path, str(status)).inc()
        if not path.endswith("/events"):
            self._seconds.labels(path).observe(seconds)

    def watch(self, hub: LiveHub, broker: Broker) -> None:
        """Read these two at each exposition."""
        self._streams.set_function(hub.streams)
        self._broker.set_function(lambda: float(broker.state is ConnectionState.CONNECTED))

    def exposition(self) -> bytes:
        """All figures as text."""
        return generate_latest(self._registry)


def _template(scope: Scope) -> str:
    """The path of the route that answered, its parameters by name; a route included below a prefix knows only its own end of it."""
    own = str(getattr(scope.get("route"), "path", ""))
    if not own:
        return _NO_ROUTE
    if own.endswith(":path}"):  # takes any number of segments: none of them may get into a label
        return own
    segments = str(scope["path"]).split("/")
    return "/".join(segments[: len(segments) - own.count("/")]) + own
