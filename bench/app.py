"""An owner's app, as little of one as measures: HTTP/1.1 on kept connections, an event stream, a phone's digital key that signs commands."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import UUID, uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from bench.processes import BenchFailed
from openmarque.protocol import signing
from openmarque.protocol.commands import CommandPayload, b64url, from_b64url, sign_as_phone, write_payload
from openmarque.protocol.digital_keys import digital_key_mac

_WAIT_S: Final = 20.0
"""The time within which an owner has to hear the outcome of a remote command (RC-4)."""


class Connection:
    """One kept connection; a request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        """Sign in with `token`."""
        self._reader = reader
        self._writer = writer
        self._token = token

    @classmethod
    async def open(cls, port: int, token: str) -> Self:
        """Connect to the API on this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port), token)

    async def request(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON body of the answer."""
        if self._reader.at_eof():
            # The server closes what was idle for some seconds, and an app opens it anew.
            self._reader, self._writer = await asyncio.open_connection(*self._writer.get_extra_info("peername"))
        content = b"" if body is None else msgspec.json.encode(body)
        self._send(method, path, content, headers)
        status, answered = await self._head()
        length = int(answered.get("content-length", "0"))
        data = await self._reader.readexactly(length) if length else b""
        return status, msgspec.json.decode(data) if data else None

    async def stream(self, path: str) -> None:
        """Ask for an event stream, and read on with `event`."""
        self._send("GET", path, b"", {})
        status, _ = await self._head()
        if status != 200:
            raise BenchFailed(f"the event stream answered {status}")

    async def event(self) -> tuple[str, Any]:
        """Name and data of the next event; comments and the sizes of chunks are passed over."""
        name = ""
        while line := await self._reader.readline():
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                return name, msgspec.json.decode(line[6:])
        raise BenchFailed("the event stream ended")

    def close(self) -> None:
        """Cut the connection."""
        self._writer.close()

    def _send(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> None:
        fields = {
            "Host": "localhost",
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + content)

    async def _head(self) -> tuple[int, dict[str, str]]:
        status = int((await self._reader.readline()).split()[1])
        answered: dict[str, str] = {}
        while line := (await self._reader.readline()).strip():
            name, _, value = line.decode("latin-1").partition(":")
            answered[name.lower()] = value.strip()
        return status, answered


@dataclass
class App:
    """The app of one owner of one car."""

    vehicle_id: UUID
    calls: Connection
    events: Connection
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    counter: int = 0
    challenge: str = ""

    @classmethod
    async def open(cls, port: int, token: str, vehicle_id: UUID) -> Self:
        """An app that watches its car."""
        app = cls(vehicle_id, await Connection.open(port, token), await Connection.open(port, token))
        await app.events.stream(f"{app.address}/events")
        while (await app.events.event())[0] != "snapshot":
            pass
        return app

    @property
    def address(self) -> str:
        """Path of the car."""
        return f"/api/v1/vehicles/{self.vehicle_id.hex}"

    async def add_phone(self, secret: str) -> None:
        """Add this app's key to the car whose screen shows `secret`."""
        spki = signing.public_bytes(self.key.public_key())
        mac = digital_key_mac(from_b64url(secret), self.vehicle_id, spki)
        offer = {"public_key": b64url(spki), "label": "bench", "mac": b64url(mac)}
        await self._expect(202, "POST", f"{self.address}/digital-keys", offer)
        async with asyncio.timeout(_WAIT_S):
            while True:
                listed = await self._expect(200, "GET", f"{self.address}/digital-keys")
                if listed["items"][0]["state"] == "active":
                    break
                await asyncio.sleep(0.02)

    async def ask_challenge(self) -> None:
        """Take a challenge, as an app does when it shows its buttons. The car takes commands on it for some minutes."""
        self.challenge = (await self._expect(201, "POST", f"{self.address}/challenges"))["challenge"]

    async def lock(self) -> float:
        """Lock the car; seconds from the request until the stream says that it is done."""
        self.counter += 1
        command_id = uuid4().hex
        payload = write_payload(
            CommandPayload(
                command_id=command_id,
                vehicle_id=self.vehicle_id.hex,
                command="lock",
                key_id=signing.key_id(self.key.public_key()),
                counter=self.counter,
                challenge=self.challenge,
                valid_ms=280_000,
            )
        )
        body = {"command": "lock", "payload": b64url(payload), "signature": b64url(sign_as_phone(self.key, payload))}
        began = time.perf_counter()
        answered = asyncio.create_task(
            self._expect(202, "POST", f"{self.address}/remote-commands", body, Idempotency_Key=command_id)
        )
        async with asyncio.timeout(_WAIT_S):
            state = ""
            while state != "done":
                name, data = await self.events.event()
                # A reading of everything that falls in between tells it in its snapshot.
                told = data["remote_commands"] if name == "snapshot" else data if name == "remote_commands" else {}
                state = told[command_id]["state"] if command_id in told else ""
                if state in {"refused", "failed", "expired"}:
                    raise BenchFailed(f"a remote command was {state}: {told[command_id]['reason']}")
        took = time.perf_counter() - began
        await answered
        return took

    def close(self) -> None:
        """Cut both connections."""
        self.calls.close()
        self.events.close()

    async def _expect(self, wanted: int, method: str, path: str, body: object = None, **headers: str) -> Any:
        status, answer = await self.calls.request(method, path, body, **headers)
        if status != wanted:
            raise BenchFailed(f"{method} {path.rpartition('/')[2]} answered {status}: {answer}")
        return answer
