"""A subscriber that only counts: ``python -m bench.counting``. Prints the count at each line it reads; ends with its input.

It searches the bytes received for the beginnings of messages and looks at nothing else, so that the broker is what is measured.
"""

import base64
import json
import select
import socket
import sys
from typing import Final
from urllib.parse import urlsplit

import nkeys

from openmarque.engines.nats import NatsLogin, read_endpoint
from openmarque.kit.settings import load_settings
from openmarque.link.subjects import UPLINK

_MARK: Final = b"MSG v."
"""Every message on the uplink begins with ``MSG v.`` or ``HMSG v.``; no payload of ours holds it."""


def _connect(login: NatsLogin) -> socket.socket:
    address = urlsplit(login.url)
    connection = socket.create_connection((address.hostname or "127.0.0.1", address.port or 4222))
    info = json.loads(connection.recv(65536).partition(b"INFO ")[2].partition(b"\r\n")[0])
    assert login.seed is not None
    key = nkeys.from_seed(bytearray(login.seed.encode("ascii")))
    signature = base64.urlsafe_b64encode(bytes(key.sign(info["nonce"].encode("ascii")))).rstrip(b"=").decode("ascii")
    options = {"nkey": bytes(key.public_key).decode("ascii"), "sig": signature, "verbose": False, "pedantic": False,
               "lang": "bench", "version": "1", "protocol": 1, "headers": True}  # fmt: skip
    connection.sendall(b"CONNECT " + json.dumps(options).encode() + f"\r\nSUB {UPLINK.every} 1\r\nPING\r\n".encode())
    return connection


def main() -> None:
    """Count until the input ends."""
    connection = _connect(read_endpoint(load_settings()).worker)
    count, tail = 0, b""
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([connection, sys.stdin], [], [])
        if connection in readable:
            data = tail + connection.recv(1 << 20)
            if len(data) == len(tail):
                raise SystemExit("the broker closed the connection")
            if b"PING\r\n" in data:
                connection.sendall(b"PONG\r\n")
            count += data.count(_MARK)
            # A mark may be cut in two: its first bytes wait for the rest. One that is whole was counted.
            tail = next((data[-n:] for n in range(len(_MARK) - 1, 0, -1) if data[-n:] == _MARK[:n]), b"")
        if sys.stdin in readable:
            if not sys.stdin.readline():
                return
            print(count, flush=True)


if __name__ == "__main__":
    main()
