"""A nats-py client that takes and gives messages in bulk. Connecting, credentials, reconnecting and requests stay nats-py's.

Theory of operation: nats-py matches each message with regular expressions, reads its headers (the MQTT gateway adds some that we
don't need), makes an object, puts it into a queue and calls a coroutine. Here the parser cuts messages for a *sink* straight out of
the bytes received and hands them over as one list; whatever else the server says goes on to nats-py's own parser, always as whole
lines. Publishing joins a batch into one write. What it brings is in ``docs/decisions/0010-hot-path.md``; ``tests/contract`` holds
both ways to the same behaviour, so a nats-py that changed underneath is noticed.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.protocol.parser import Parser

from openmarque.engines.nats_client import BrokerClient

_END: Final = b"\r\n"
_MSG: Final = b"MSG "
_HMSG: Final = b"HMSG "
_LONGEST: Final = 8 * 1024 * 1024
"""Bytes that can't be half a message (``max_payload`` is far below): the server speaks another protocol."""


class Message(NamedTuple):
    """One message: where it was published, its bytes, and the subject for an answer (empty if none is wanted)."""

    subject: str
    payload: bytes
    reply: str = ""


_message = partial(tuple.__new__, Message)
"""``Message._make`` without its frame in Python."""

Sink = Callable[[list[Message]], None]
"""Takes what arrived together for one subscription, in order."""


class BulkParser(Parser):
    """nats-py's parser with a way around it for subscriptions that have a sink."""

    def __init__(self, client: "BulkClient") -> None:
        """Parse for `client`."""
        super().__init__(client)
        self.sinks: dict[bytes, Sink] = {}
        """By subscription id as the server writes it."""

    def reset(self) -> None:
        """Forget what was half received; nats-py calls it for each new connection."""
        super().reset()
        self._rest = b""
        self._lives = getattr(self, "_lives", 0) + 1

    async def parse(self, data: bytes = b"") -> None:
        """Take `data` as received."""
        data = self._rest + data if self._rest else data
        life, at = self._lives, 0
        taken: dict[bytes, list[Message]] = {}
        while (end := data.find(_END, at)) >= 0:
            with_headers = data.startswith(_HMSG, at)
            if not with_headers and not data.startswith(_MSG, at):
                await super().parse(data[at : end + 2])
                at = end + 2
                continue
            words = data[at:end].split(b" ")
            stop = end + 2 + int(words[-1])
            if stop + 2 > len(data):
                break
            sid = words[2]
            if sid in self.sinks:
                start = end + 2 + int(words[-2]) if with_headers else end + 2
                reply = words[3].decode() if len(words) == 5 + with_headers else ""
                message = _message((words[1].decode(), data[start:stop], reply))
                if sid in taken:
                    taken[sid].append(message)
                else:
                    taken[sid] = [message]
            else:
                await super().parse(data[at : stop + 2])
            at = stop + 2
        for sid, messages in taken.items():
            self.sinks[sid](messages)
        if life == self._lives:
            self._rest = data[at:]
            if len(self._rest) > _LONGEST:
                raise nats.errors.ProtocolError("nats: no end of message")


class BulkClient(BrokerClient):
    """nats-py's client with bulk subscriptions and publications."""

    def __init__(self) -> None:
        """Not connected yet; see ``Client.connect``."""
        super().__init__()
        self._ps: BulkParser = BulkParser(self)

    async def subscribe_bulk(self, subject: str, queue: str, sink: Sink) -> Subscription:
        """Like ``subscribe``, but `sink` gets what arrives, many messages in one call. End it with `drain_bulk`."""
        # Known before the server is told, so that no message finds it missing; `subscribe` takes the next number at once.
        self._ps.sinks[b"%d" % (self._sid + 1)] = sink
        return await self.subscribe(subject, queue=queue, cb=_never)

    async def drain_bulk(self, subscription: Subscription) -> None:
        """End a bulk subscription once everything sent to it has reached its sink."""
        sids = [sid for sid, known in self._subs.items() if known is subscription]
        try:
            drain: Callable[[], Awaitable[None]] = subscription.drain
            await drain()
        finally:
            for sid in sids:
                self._ps.sinks.pop(b"%d" % sid, None)

    async def publish_bulk(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish `messages` in order by one write. Raises as ``publish``, for all of them."""
        if self.is_closed:
            raise nats.errors.ConnectionClosedError
        if self.is_draining_pubs:
            raise nats.errors.ConnectionDrainingError
        data = b"".join([b"PUB %b %d\r\n%b\r\n" % (subject.encode(), len(payload), payload) for subject, payload in messages])
        if not self.is_connected and self._pending_data_size + len(data) > self._max_pending_size:
            raise nats.errors.OutboundBufferLimitError
        if any(len(payload) > self.max_payload for _, payload in messages):
            raise nats.errors.MaxPayloadError
        await self._send_command(data)
        await self._flush_pending()


async def _never(message: Msg) -> None:
    raise AssertionError(f"a message for a sink went the long way: {message.subject}")
