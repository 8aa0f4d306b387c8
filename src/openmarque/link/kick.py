"""Cutting a car's live connection, and hearing of every connection and disconnection; both through the broker's system account.

Theory of operation: revocation takes two steps, in this order: the snapshot is written, so that the gate refuses the car; then its
connections are found by MQTT client id and kicked. A connection that the gate granted just before may appear just after the search,
so the search is repeated until it comes back empty once the gate's longest answer time has passed.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import nats.errors
import structlog
from nats.aio.msg import Msg

from openmarque.engines.nats import NatsLogin
from openmarque.engines.nats_client import BrokerClient
from openmarque.kit.ids import VehicleId, parse_wire, wire
from openmarque.link.broker import connect_client

_ANSWERS_S: Final = 0.25
"""How long servers of a cluster may take to answer a search; one on the same machine answers in a millisecond."""
_SETTLE_S: Final = 1.0
"""A granted connection is registered well within this time of the gate's answer."""
_log = structlog.get_logger("openmarque.link.kick")


class _Server(msgspec.Struct):
    id: str


class _Connection(msgspec.Struct):
    cid: int
    mqtt_client: str = ""


class _Page(msgspec.Struct):
    connections: list[_Connection] = []


class _Found(msgspec.Struct):
    server: _Server
    data: _Page


class _Who(msgspec.Struct):
    id: int = 0
    client_id: str = ""
    client_type: str = ""
    name: str = ""


class _Event(msgspec.Struct):
    client: _Who
    timestamp: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ConnectionEvent:
    """A car connected, or its connection ended (REQ LNK-5)."""

    vehicle_id: VehicleId
    connected: bool
    at: str
    """RFC 3339, the broker's clock."""
    connection: int
    reason: str = ""
    """Why it ended, in the broker's words (``Client Closed``, ``Kicked``, ``Duplicate Client ID``, …); empty for a connection."""


class SystemAccount:
    """The broker's system account. Make it with `open_system`."""

    def __init__(self, client: BrokerClient, account: str) -> None:
        """Watch over the cars in `account`."""
        self._client = client
        self._account = account

    async def cut(self, vehicle_id: VehicleId, *, settle_s: float = _SETTLE_S) -> int:
        """End every connection of this car, and return how many there were; returns after none was found for `settle_s` seconds.

        The caller has already seen to it that the gate refuses the car; otherwise it is back at once.
        """
        kicked: set[tuple[str, int]] = set()
        quiet_since = time.monotonic()
        while True:
            for server, connection in await self._connections(vehicle_id):
                if (server, connection) not in kicked:
                    quiet_since = time.monotonic()
                kicked.add((server, connection))
                await self._kick(server, connection)
            if time.monotonic() - quiet_since >= settle_s:
                break
            await asyncio.sleep(0.05)
        if kicked:
            _log.info("connection_cut", vehicle_id=wire(vehicle_id), connections=len(kicked))
        return len(kicked)

    async def connections(self, vehicle_id: VehicleId) -> int:
        """How many live connections this car has."""
        return len(await self._connections(vehicle_id))

    async def watch(self, on_event: Callable[[ConnectionEvent], None]) -> None:
        """Call `on_event` (which must not block) for each connection and disconnection of a car from now on."""

        def handler(connected: bool) -> Callable[[Msg], Any]:  # noqa: FBT001 - two cases of one callback
            async def take(msg: Msg) -> None:
                event = _read(msg.data, connected=connected)
                if event:
                    on_event(event)

            return take

        await self._client.subscribe(f"$SYS.ACCOUNT.{self._account}.CONNECT", cb=handler(True))
        await self._client.subscribe(f"$SYS.ACCOUNT.{self._account}.DISCONNECT", cb=handler(False))
        await self._client.flush()

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()

    async def _kick(self, server: str, connection: int) -> None:
        # A request, not a publish: the server acts only on what it can answer. An answer with an error means that it is gone already.
        with suppress(nats.errors.Error, TimeoutError):
            await self._client.request(f"$SYS.REQ.SERVER.{server}.KICK", msgspec.json.encode({"cid": connection}), timeout=1)

    async def _connections(self, vehicle_id: VehicleId) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        inbox = self._client.new_inbox()
        answers = await self._client.subscribe(inbox)
        request = msgspec.json.encode({"mqtt_client": wire(vehicle_id), "acc": self._account})
        await self._client.publish("$SYS.REQ.SERVER.PING.CONNZ", request, reply=inbox)
        servers = max(1, len(self._client.servers))
        try:
            async with asyncio.timeout(_ANSWERS_S):
                for _ in range(servers):
                    answer = msgspec.json.decode((await answers.next_msg(_ANSWERS_S)).data, type=_Found)
                    found += [(answer.server.id, c.cid) for c in answer.data.connections if c.mqtt_client == wire(vehicle_id)]
        except TimeoutError:
            pass
        finally:
            await answers.unsubscribe()
        return found


def _read(data: bytes, *, connected: bool) -> ConnectionEvent | None:
    try:
        event = msgspec.json.decode(data, type=_Event)
        vehicle_id = VehicleId(parse_wire(event.client.client_id))
    except (msgspec.MsgspecError, ValueError):
        return None
    return ConnectionEvent(vehicle_id, connected, event.timestamp, event.client.id, "" if connected else event.reason)


async def open_system(login: NatsLogin, account: str) -> SystemAccount:
    """Enter the system account. Raises ``BrokerDown``."""
    return SystemAccount(await connect_client(login, name="system"), account)
