"""nats-py's client, which holds a ``tls://`` address to its word.

Theory of operation: a NATS server greets before TLS begins, and whoever stands between can change that greeting. So nothing in it may weaken
what the address asks for: not whether there is TLS, and not which servers are asked next. With ``tls://`` only the servers that the settings
name are ever entered; without it the servers of a cluster name each other, as NATS means it.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

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

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:  # noqa: FBT001, FBT002 - nats-py's own signature
        """What a server says of itself; the other servers that it names are left out where the address demands TLS."""
        server = self._current_server
        if server is not None and server.uri.scheme == _TLS:
            info = {name: value for name, value in info.items() if name != "connect_urls"}
        await super()._process_info(info, initial_connection)

    def _connect_command(self) -> bytes:
        """The first thing said on each new connection, also after a reconnect: credentials are in it."""
        server = self._current_server
        if server is not None and server.uri.scheme == _TLS and not self._server_info.get("tls_required"):
            raise nats.errors.SecureConnWantedError
        return super()._connect_command()
