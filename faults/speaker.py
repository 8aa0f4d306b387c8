"""A car that says whatever it is told to: raw MQTT over TLS, and a numbered lane for those who want to be honest."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import msgspec

from faults import mqtt
from faults.cars import Car
from faults.mqtt import Kind, Packet
from openmarque.car.keyring import FileKeyring
from openmarque.kit.clock import SystemClock, to_ms
from openmarque.protocol import signing
from openmarque.protocol.envelope import Ack, Envelope, Lane, Trust, encode, pack, read_ack
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import LEVEL_CHANGED, Hello, LevelChanged, Welcome

_TIMEOUT_S = 8.0


class Speaker:
    """One MQTT connection. `got` holds every packet received; `closed` is set when the other side is gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak on an open connection; `open` makes one."""
        self._writer = writer
        self._news = asyncio.Condition()
        self._identifier = 0
        self.got: list[Packet] = []
        self.closed = False
        self._reading = asyncio.create_task(self._read(reader))

    @classmethod
    async def open(cls, port: int, tls: ssl.SSLContext, first: bytes) -> Self:
        """Connect by TLS and send `first` (a CONNECT, for those who are polite)."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname="localhost")
        speaker = cls(reader, writer)
        await speaker.send(first)
        return speaker

    async def send(self, data: bytes) -> None:
        """Send bytes; a connection that is gone takes them silently, as the network does."""
        with suppress(OSError):
            self._writer.write(data)
            await self._writer.drain()

    async def first(self, kind: Kind, start: int = 0) -> Packet | None:
        """The first packet of `kind` after the first `start` ones; None when the connection ends before."""
        found: list[Packet] = []

        def is_there() -> bool:
            found.extend(packet for packet in self.got[start:] if packet.kind is kind)
            return bool(found) or self.closed

        async with self._news:
            await asyncio.wait_for(self._news.wait_for(is_there), _TIMEOUT_S)
        return found[0] if found else None

    async def subscribe(self, *filters: str) -> list[int]:
        """What the broker grants for each filter: a QoS, or 0x80 for a refusal; empty when it hangs up."""
        self._identifier += 1
        start = len(self.got)
        await self.send(mqtt.subscribe(self._identifier, filters))
        answer = await self.first(Kind.SUBACK, start)
        return list(answer.body[2:]) if answer else []

    async def alive(self) -> bool:
        """Whether the broker still answers on this connection."""
        start = len(self.got)
        await self.send(mqtt.PINGREQ)
        return await self.first(Kind.PINGRESP, start) is not None

    async def end(self, timeout_s: float = _TIMEOUT_S) -> None:
        """Wait until the other side hangs up; ``TimeoutError`` when it doesn't."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: self.closed), timeout_s)

    async def close(self) -> None:
        """Hang up."""
        self._reading.cancel()
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    def heard(self, prefix: str = "") -> list[Packet]:
        """The messages received on topics that begin with `prefix`."""
        return [packet for packet in self.got if packet.kind is Kind.PUBLISH and packet.topic.startswith(prefix)]

    async def _read(self, reader: asyncio.StreamReader) -> None:
        buffer = bytearray()
        with suppress(OSError):
            while data := await reader.read(65536):
                buffer += data
                async with self._news:
                    self.got += mqtt.take_packets(buffer)
                    self._news.notify_all()
        async with self._news:
            self.closed = True
            self._news.notify_all()


class TalkingCar:
    """A car that is connected, greeted and numbered, and says what it is told: the core's care is not in it."""

    def __init__(self, car: Car, speaker: Speaker) -> None:
        """`open` makes one."""
        self.car = car
        self.speaker = speaker
        self.epoch = 0
        self.marks: dict[str, int] = {}

    @classmethod
    async def open(cls, car: Car, port: int) -> Self:
        """Connect, listen, say Hello, take over epoch and watermarks from the Welcome."""
        speaker = await Speaker.open(port, car.tls(), mqtt.connect(car.name))
        assert await speaker.first(Kind.CONNACK) is not None, "the gate refused an honest car"
        assert await speaker.subscribe(car.down) == [0]
        talking = cls(car, speaker)
        welcome = await talking.greet()
        talking.epoch, talking.marks = welcome.epoch, dict(welcome.watermarks)
        return talking

    async def greet(self, epoch: int | None = None, **facts: Any) -> Welcome:
        """Say Hello (as a car without memory unless told otherwise) and give the Welcome."""
        start = len(self.speaker.got)
        await self.say("hello", encode(Hello(protocol=(2,), epoch=self.epoch if epoch is None else epoch, first={}, **facts)))
        async with asyncio.timeout(_TIMEOUT_S):
            while True:
                for packet in self.speaker.got[start:]:
                    if packet.kind is Kind.PUBLISH and packet.topic.endswith("/down/welcome"):
                        return msgspec.msgpack.decode(packet.payload, type=Welcome)
                await asyncio.sleep(0.01)

    async def say(self, channel: str, payload: bytes) -> None:
        """Publish on ``v/{own id}/up/{channel}``."""
        await self.speaker.send(mqtt.publish(self.car.up(channel), payload))

    def frame(
        self,
        lane: Lane,
        kind: str,
        body: msgspec.Struct | msgspec.Raw,
        *,
        level: Level = Level.POSITION,
        seq: int | None = None,
        car_time: int | None = None,
        trust: Trust = Trust.SYNCED,
        epoch: int | None = None,
    ) -> bytes:
        """An envelope with the next number of its lane, or exactly as told."""
        if seq is None:
            seq = self.marks[lane] = self.marks.get(lane, 0) + 1
        raw = body if isinstance(body, msgspec.Raw) else pack(body)
        now = to_ms(SystemClock().now())
        return encode(Envelope(epoch or self.epoch, lane, seq, now if car_time is None else car_time, trust, level, kind, raw))

    async def tell(self, lane: Lane, frame: bytes) -> Ack:
        """Publish a frame on its lane, and give the acknowledgement that comes next on that lane."""
        return (await self.tell_all(lane, [frame]))[0]

    async def tell_all(self, lane: Lane, frames: Sequence[bytes]) -> list[Ack]:
        """Publish frames in one go, and give the acknowledgements until one answers the last of them or the lane is silent."""
        start = len(self.speaker.got)
        await self.speaker.send(b"".join(mqtt.publish(self.car.up(lane), frame) for frame in frames))
        seq = msgspec.msgpack.decode(frames[-1], type=Envelope).seq
        async with asyncio.timeout(_TIMEOUT_S):
            while True:
                acks = [ack for ack in self.acks(start) if ack.lane is lane]
                if any(answer.seq == seq for ack in acks for answer in ack.answers):
                    return acks
                await asyncio.sleep(0.005)

    async def set_level(self, level: Level, counter: int = 1) -> Ack:
        """Say, as the car's own key signs it, that the people in the car chose `level`."""
        return await self.tell(Lane.EVENT, self.frame(Lane.EVENT, LEVEL_CHANGED, self.level_statement(level, counter)))

    def level_statement(self, level: Level, counter: int) -> LevelChanged:
        """A level change, signed by the key of the car's certificate."""
        keys, now = FileKeyring(self.car.bundle), to_ms(SystemClock().now())
        signature = keys.sign(signing.level_statement(self.car.vehicle_id, level, counter, now, "head unit"))
        return LevelChanged(level, counter, now, "head unit", keys.key_id, signature)

    def acks(self, start: int = 0) -> list[Ack]:
        """Every acknowledgement received after the first `start` packets."""
        packets = (p for p in self.speaker.got[start:] if p.kind is Kind.PUBLISH and p.topic.endswith("/down/ack"))
        return [read_ack(packet.payload) for packet in packets]

    async def close(self) -> None:
        """Hang up."""
        await self.speaker.close()
