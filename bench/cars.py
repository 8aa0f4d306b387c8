"""Many cars in one process: real mutual TLS and MQTT connections on one ``epoll`` loop, with as little Python for each message as can be.

Theory of operation: each car is a non-blocking TLS socket that goes through connect, TLS, MQTT CONNECT, SUBSCRIBE and, if wanted, the
handshake. A `Pace` then says what to send: it is told of each acknowledgement. Nothing is skipped that a car of ours has to
do for the figure in question: every acknowledgement is decrypted, decoded and compared with what was sent.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Never, Protocol

from bench.frames import (
    CONNACK,
    PINGREQ,
    PINGRESP,
    PUBLISH,
    SUBACK,
    connect_packet,
    hello_packet,
    next_packet,
    subscribe_packet,
)

_READ: Final = 480
"""Bytes asked for at once: more than any acknowledgement of one message, and few enough for Python's own small blocks of memory."""
_RECORD: Final = 16384
"""The most that a TLS record holds (RFC 8446 §5.1)."""
_ACK_TOPIC_END: Final = b"own/ack"
_ACK_BODY: Final = 47
"""Where the body of a short ``v/{32 digits}/down/ack`` begins: two bytes of header, two of length, 43 of topic."""
_TICK_S: Final = 0.05
"""Longest sleep of the loop while connecting."""

OFFLINE, TLS, CONNECTING, SUBSCRIBING, GREETING, LIVE, LOST = range(7)


class Car:
    """One connection and where its protocol stands."""

    __slots__ = (
        "acked",
        "certificate",
        "client_id",
        "epoch",
        "pending",
        "read",
        "received",
        "resent",
        "sent_at",
        "seq",
        "socket",
        "state",
        "write",
    )

    def __init__(self, client_id: str, certificate: Path, epoch: int) -> None:
        """A car that is not connected; `certificate` is a PEM file with key and chain."""
        self.client_id = client_id
        self.certificate = certificate
        self.epoch = epoch
        self.socket: ssl.SSLSocket | None = None
        self.read: Callable[[int], bytes] = _closed
        self.write: Callable[[bytes | bytearray], int] = _closed
        """Those of the TLS object below the socket, whose own methods ask each time, in two more calls, whether it is open."""
        self.state = OFFLINE
        self.pending = b""
        """What the socket did not take yet."""
        self.received = b""
        """The beginning of a packet whose end has not come yet."""
        self.seq = 0
        self.acked = 0
        self.sent_at = 0.0
        self.resent = 0


def _closed(_: object) -> Never:
    raise OSError("not connected")


class Pace(Protocol):
    """Decides what cars send."""

    rest_s: float
    """Longest time between two ticks."""

    def begin(self, fleet: "Fleet") -> None:
        """Send the first messages."""
        ...

    def answered(self, fleet: "Fleet", car: Car, payload: bytes, now: float) -> None:
        """An acknowledgement came for `car` at `now` (``time.perf_counter``)."""
        ...

    def tick(self, fleet: "Fleet", now: float) -> None:
        """Some time has passed; called at least every `rest_s`."""
        ...


@dataclass(frozen=True)
class Broker:
    """Where cars connect, and the certificate (PEM file) below which the broker's own must be."""

    host: str
    port: int
    anchor: Path


class Fleet:
    """Cars on one loop."""

    def __init__(self, broker: Broker, cars: Sequence[Car]) -> None:
        """Nobody is connected yet."""
        self._broker = broker
        self._anchor = broker.anchor.read_text("ascii")
        self.cars = list(cars)
        self._by_fd: dict[int, Car] = {}
        self._poll = select.epoll()
        self._pace: Pace | None = None
        self._waiting: list[Car] = []
        self._under_way = 0
        self._say_hello = False
        self.pongs = 0

    def connect(self, *, at_once: int, hello: bool, timeout_s: float) -> int:
        """Connect every car that is not, `at_once` at a time; gives how many are live at the end."""
        self._waiting = [car for car in reversed(self.cars) if car.state in (OFFLINE, LOST)]
        self._say_hello = hello
        deadline = time.perf_counter() + timeout_s
        while (self._waiting or self._under_way) and time.perf_counter() < deadline:
            while self._waiting and self._under_way < at_once:
                self._open(self._waiting.pop())
            self._turn(_TICK_S)
        return self.live()

    def live(self) -> int:
        """Cars whose connection stands."""
        return sum(car.state == LIVE for car in self.cars)

    def ping(self, timeout_s: float) -> int:
        """Ask the broker for a sign of life on every connection; gives how many answered."""
        self.pongs = 0
        for count, car in enumerate(self.live_cars(), 1):
            self.send(car, PINGREQ)
            if count % 500 == 0:
                self._turn(0)
        deadline = time.perf_counter() + timeout_s
        while self.pongs < self.live() and time.perf_counter() < deadline:
            self._turn(_TICK_S)
        return self.pongs

    def live_cars(self) -> Iterable[Car]:
        """The cars whose connection stands."""
        return (car for car in self.cars if car.state == LIVE)

    def run(self, pace: Pace, seconds: float) -> None:
        """Let `pace` drive the cars for `seconds`. It may go on in a next call (`begin` is called once for each pace)."""
        if pace is not self._pace:
            self._pace = pace
            pace.begin(self)
        end = time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            pace.tick(self, now)
            self._turn(min(pace.rest_s, end - now))

    def send(self, car: Car, data: bytes | bytearray) -> None:
        """Encrypt and send; what the socket has no room for waits in the car."""
        if car.pending:
            car.pending += data
            return
        try:
            sent = car.write(data)
        except ssl.SSLWantWriteError:
            sent = 0
        except OSError:
            self._lose(car)
            return
        if sent < len(data):
            assert car.socket is not None
            car.pending = bytes(data[sent:])
            self._poll.modify(car.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def close(self) -> None:
        """Cut every connection."""
        for car in self.cars:
            if car.socket is not None:
                car.socket.close()
        self._poll.close()

    def _open(self, car: Car) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(cadata=self._anchor)
        context.load_cert_chain(car.certificate)
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.connect((self._broker.host, self._broker.port))
        plain.setblocking(False)
        car.socket = context.wrap_socket(plain, server_hostname=self._broker.host, do_handshake_on_connect=False)
        car.state = TLS
        self._under_way += 1
        self._by_fd[car.socket.fileno()] = car
        self._poll.register(car.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _turn(self, timeout_s: float) -> None:
        """One round of the loop."""
        cars, receive, readable = self._by_fd, self._receive, select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR
        for fd, event in self._poll.poll(timeout_s, 1024):
            car = cars.get(fd)
            if car is None:
                continue
            if event == select.EPOLLIN and car.state == LIVE:
                receive(car)
                continue
            if car.state == TLS:
                self._shake_hands(car)
                continue
            if event & select.EPOLLOUT:
                self._flush(car)
            if event & readable:
                self._receive(car)

    def _shake_hands(self, car: Car) -> None:
        assert car.socket is not None
        try:
            car.socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            # Waiting for room to write would wake the loop at once, again and again.
            self._poll.modify(car.socket.fileno(), select.EPOLLIN)
            return
        except OSError:
            self._lose(car)
            return
        self._poll.modify(car.socket.fileno(), select.EPOLLIN)
        inner: Any = car.socket._sslobj  # type: ignore[attr-defined]  # noqa: SLF001
        car.read, car.write = inner.read, inner.write
        car.state = CONNECTING
        self.send(car, connect_packet(car.client_id))

    def _flush(self, car: Car) -> None:
        assert car.socket is not None
        waiting, car.pending = car.pending, b""
        self._poll.modify(car.socket.fileno(), select.EPOLLIN)
        if waiting:
            self.send(car, waiting)

    def _receive(self, car: Car) -> None:
        try:
            data = car.read(_READ)
        except ssl.SSLWantReadError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose(car)
            return
        if self._pace is not None and not car.received and data[1] == len(data) - 2 and data.startswith(_ACK_TOPIC_END, 40):
            # One whole short packet that is an acknowledgement: nearly always, and then without the general way below.
            self._pace.answered(self, car, data[_ACK_BODY:], time.perf_counter())
            return
        if len(data) == _READ:
            data += self._rest_of_record(car)
        if car.received:
            data = car.received + data
        start = 0
        while start < len(data):
            packet = next_packet(data, start)
            if packet is None:
                break
            kind, body, start = packet
            self._take(car, kind, data, body, start)
        car.received = data[start:]

    @staticmethod
    def _rest_of_record(car: Car) -> bytes:
        """What OpenSSL has decrypted already: ``epoll`` knows only of what it has not."""
        assert car.socket is not None
        rest = b""
        while car.socket.pending():
            rest += car.read(_RECORD)
        return rest

    def _take(self, car: Car, kind: int, data: bytes, body: int, end: int) -> None:
        if kind == PUBLISH:
            topic_end = body + 2 + int.from_bytes(data[body : body + 2], "big")
            if self._pace is not None and data.endswith(b"/ack", body, topic_end):
                self._pace.answered(self, car, data[topic_end:end], time.perf_counter())
            elif car.state == GREETING and data.endswith(b"/welcome", body, topic_end):
                self._arrived(car)
        elif kind == CONNACK:
            if data[body + 1] != 0:
                self._lose(car)
                return
            car.state = SUBSCRIBING
            self.send(car, subscribe_packet(car.client_id))
        elif kind == SUBACK:
            if not self._say_hello:
                self._arrived(car)
                return
            car.state = GREETING
            self.send(car, hello_packet(car.client_id, car.epoch))
        elif kind == PINGRESP:
            self.pongs += 1

    def _arrived(self, car: Car) -> None:
        car.state = LIVE
        self._under_way -= 1

    def _lose(self, car: Car) -> None:
        """The connection ended or never came to be."""
        assert car.socket is not None
        if car.state not in (LIVE, LOST):
            self._under_way -= 1
        car.state = LOST
        car.read = car.write = _closed
        self._by_fd.pop(car.socket.fileno(), None)
        car.socket.close()
