"""Messages come out of the broker's stream of bytes whole and in order, however it is cut."""

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from openmarque.link.nats_bulk import BulkClient, Message

payloads = st.lists(st.binary(max_size=80), max_size=12)


def frame(number: int, payload: bytes) -> bytes:
    """A message as the server writes it: in turn plain, with an answer wanted, with headers, with both."""
    subject, headers = f"v.{number}.up.status".encode(), b"NATS/1.0\r\nNmqtt-Pub:0\r\n\r\n"
    reply = b" _INBOX.x" if number % 2 else b""
    if number % 4 < 2:
        return b"MSG %b 7%b %d\r\n%b\r\n" % (subject, reply, len(payload), payload)
    total = len(headers) + len(payload)
    return b"HMSG %b 7%b %d %d\r\n%b%b\r\n" % (subject, reply, len(headers), total, headers, payload)


async def received(pieces: list[bytes]) -> list[Message]:
    got: list[Message] = []
    client = BulkClient()
    client._ps.sinks[b"7"] = got.extend
    for piece in pieces:
        await client._ps.parse(piece)
    return got


@given(payloads, st.lists(st.integers(0, 1500), max_size=6))
def test_messages_arrive_whole_and_in_order_however_the_stream_is_cut(bodies, cuts):
    stream = b"".join(frame(number, body) + (b"+OK\r\n" if number % 3 == 0 else b"") for number, body in enumerate(bodies))
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    got = asyncio.run(received(pieces))
    assert got == [
        Message(f"v.{number}.up.status", body, "_INBOX.x" if number % 2 else "") for number, body in enumerate(bodies)
    ]


async def test_half_a_message_of_a_broken_connection_is_forgotten():
    got: list[Message] = []
    client = BulkClient()
    client._ps.sinks[b"7"] = got.extend
    await client._ps.parse(frame(0, b"lost")[:-3])
    client._ps.reset()
    await client._ps.parse(frame(4, b"next"))
    assert [message.payload for message in got] == [b"next"]
