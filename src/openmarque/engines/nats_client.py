"""nats-py's client, which holds a ``tls://`` address to its word."""

import asyncio
from contextlib import suppress
from typing import Final

import nats.errors
from nats.aio.client import Client

_TLS: Final = "tls"
_CLOSE_S: Final = 1.0


class BrokerClient(Client):
    """Says nothing of itself, and sends nothing, to a server that an address with ``tls://`` reached without TLS.

    nats-py (2.16) speaks TLS when the server asks for it, whatever the address says: who stands between could leave the asking out.
    """

    async def give_up(self) -> None:
        """Close what a failed connection left. Bounded: after a failed TLS handshake nats-py waits for an end that does not come."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self.close()

    def _connect_command(self) -> bytes:
        """The first thing said on each new connection, also after a reconnect: credentials are in it."""
        server = self._current_server
        if server is not None and server.uri.scheme == _TLS and not self._server_info.get("tls_required"):
            raise nats.errors.SecureConnWantedError
        return super()._connect_command()
