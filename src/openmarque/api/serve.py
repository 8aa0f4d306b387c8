"""Serves the API as a process: granian inside our own event loop, so that the platform is wired in that same loop.

granian calls its embedded server experimental; what we ask of it (start, serve, stop) is held by ``tests/integration/test_api_serve.py``.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from openmarque.api.app import Parts, create_app
from openmarque.engines.errors import PortBusy
from openmarque.engines.process import Ports, is_free, port_holder
from openmarque.http.address import PORT_NAME
from openmarque.kit.clock import Clock, SystemClock
from openmarque.kit.collector import FEW, spare_collector
from openmarque.kit.log import configure_log
from openmarque.kit.settings import Settings
from openmarque.kit.stopping import until_stopped
from openmarque.storage.base import import_tables

_GRACE_S: Final = 5.0
"""What a request may still take once the process is asked to end; the supervisor waits for 10."""
_POLL_S: Final = 0.02

OpenPlatform = Callable[[Settings, Clock], AbstractAsyncContextManager[Parts]]
"""``openmarque.app.bootstrap``, handed in because it stands above this module."""


def run_api(settings: Settings, open_platform: OpenPlatform, ready: Callable[[], None]) -> None:
    """Serve until stopped (``kit.stopping``); calls `ready` once connections are taken. Raises ``PortBusy``."""
    configure_log()
    uvloop.run(serve(settings, open_platform, ready))


async def serve(settings: Settings, open_platform: OpenPlatform, ready: Callable[[], None]) -> None:
    """As ``run_api``, in the running event loop."""
    port = web_port(settings)
    import_tables()
    stop = asyncio.create_task(until_stopped())
    async with open_platform(settings, SystemClock()) as platform:
        app = create_app(platform)
        # Any: the package types its constructor and not its methods.
        server: Any = Server(
            app, address=settings.host, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
        )
        server.workers_kill_timeout = int(_GRACE_S)
        serving = asyncio.create_task(server.serve())
        try:
            await _until_listening(settings.host, port, serving)
            ready()
            spare_collector(FEW)
            await _first_of(stop, serving)
        finally:
            # Streams would hold the server open: they end first.
            app.state.hub.close()
            server.stop()
            with suppress(TimeoutError):
                await asyncio.wait_for(serving, 2 * _GRACE_S)


def web_port(settings: Settings) -> int:
    """The port to listen on: the one set, else a free one that this home keeps. Raises ``PortBusy``."""
    if not settings.port:
        return Ports(settings.run_dir).settle(PORT_NAME, 0, settings.host, held_by_us=False)
    if not is_free(settings.host, settings.port):
        holder = port_holder(settings.port)
        detail = f"Port {settings.port} of {settings.host} is held by {holder}."
        raise PortBusy(detail, holder=holder, setting="OPENMARQUE_PORT", port=settings.port)
    return settings.port


async def _until_listening(host: str, port: int, serving: "asyncio.Task[None]") -> None:
    while True:
        if serving.done():
            serving.result()
            raise RuntimeError("the web server ended before it listened")
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_POLL_S)
        else:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            return


async def _first_of(stop: "asyncio.Task[None]", serving: "asyncio.Task[None]") -> None:
    """Return at `stop`; raise when the server ends by itself."""
    await asyncio.wait({stop, serving}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if serving.done():
        serving.result()
        raise RuntimeError("the web server ended by itself")
