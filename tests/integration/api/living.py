"""A car that lives: the real agent on the real broker, whose locks do what they are told; and a phone that signs commands."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from openmarque.app import Platform
from openmarque.car.agent import CarAgent
from openmarque.car.identity import BundleContents, read_bundle, write_bundle
from openmarque.car.model import Actuation, LinkState
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.catalogue.register import Catalogue
from openmarque.domains.garage.service import NewVehicle
from openmarque.kit.clock import SystemClock
from openmarque.kit.csr import certificate_request, key_pem, new_car_key
from openmarque.kit.ids import TenureId, VehicleId, wire
from openmarque.link.pki_keys import Purpose
from openmarque.protocol import signals as vss
from openmarque.protocol import signing
from openmarque.protocol.commands import CommandPayload, b64url, sign_as_phone, write_payload
from openmarque.protocol.digital_keys import digital_key_mac
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import Value
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from tests.cars import CATALOGUE
from tests.integration.api.conftest import Owner

_numbers = count(1)
PARKED: dict[str, Value] = {
    vss.SPEED: 0.0,
    vss.IGNITION: "OFF",
    **dict.fromkeys(vss.DOORS_LOCKED, True),
    **dict.fromkeys(vss.DOORS_OPEN, False),
}


@dataclass
class LivingCar:
    """A provisioned car of an owner, and its agent while it runs."""

    platform: Platform
    folder: Path
    vehicle_id: VehicleId
    tenure_id: TenureId
    sensed: dict[str, Value] = field(default_factory=lambda: dict(PARKED))
    acted: list[Actuation] = field(default_factory=list)
    obedient: bool = True
    """Whether the locks do what they are told."""
    agent: CarAgent | None = None
    catalogue: Catalogue = CATALOGUE
    """What is installed in the car."""

    @property
    def name(self) -> str:
        return wire(self.vehicle_id)

    @property
    def address(self) -> str:
        return f"/api/v1/vehicles/{self.name}"

    def actuate(self, action: Actuation) -> None:
        self.acted.append(action)
        if not self.obedient:
            return
        if action.command in ("lock", "unlock"):
            self.sensed |= dict.fromkeys(vss.DOORS_LOCKED, action.command == "lock")
        asyncio.get_running_loop().call_soon(self.senses)

    def senses(self) -> None:
        assert self.agent is not None
        self.agent.act(lambda core, now: core.sensed(now, self.sensed))

    @asynccontextmanager
    async def running(self, level: Level = Level.POSITION) -> AsyncIterator["LivingCar"]:
        """The agent, connected and greeted, with its level known to the platform; it is cut off at the end."""
        store = SqliteCarStore(read_bundle(self.folder).store_path)
        self.agent = CarAgent(
            read_bundle(self.folder),
            store,
            self.catalogue,
            SystemClock(),
            spread=lambda: 0,
            actuators=dict.fromkeys(self.catalogue.commands(), self.actuate),
        )
        task = asyncio.create_task(self.agent.run())
        try:
            async with asyncio.timeout(20):
                await self.agent.until(lambda core: core.link_state is LinkState.OPEN)
                if self.agent.core.level is not level:
                    self.agent.act(lambda core, now: core.set_level(now, level, "test"))
                self.senses()
                await self.level_is_known(level)
            yield self
        finally:
            # A cancellation that meets the client's own waiting may be lost there (Python 3.11): asked for until it is heard.
            while not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=1)
            store.close()
            self.agent = None

    async def level_is_known(self, level: Level) -> None:
        """Wait until the platform has heard of `level`."""
        query = "SELECT level FROM car_policy WHERE vehicle_id = %s"
        while True:
            async with self.platform.database.begin() as tx:
                ((known,),) = await postgres(tx).rows(PLATFORM, query, (self.vehicle_id,))
            if known == level:
                return
            await asyncio.sleep(0.02)

    async def until(self, is_so: Callable[[], bool], within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while True:
                if is_so():
                    return
                await asyncio.sleep(0.01)


async def new_car(platform: Platform, owner: Owner, folder: Path) -> LivingCar:
    """A car of `owner` with an active trial; it has not connected yet."""
    key, now = new_car_key(), platform.clock.now()
    async with platform.database.begin() as tx:
        vehicle_id = await platform.garage.register(tx, NewVehicle(f"UU1LXVE0000{next(_numbers):06d}", "brise"), now)
        certificate = await platform.garage.certify(tx, vehicle_id, certificate_request(key, vehicle_id))
        tenure_id = await platform.garage.start_tenure(tx, vehicle_id, owner.account_id, now)
        await platform.contracts.activate_trial(tx, tenure_id, vehicle_id, "connect", now)
    write_bundle(
        folder,
        BundleContents(
            vehicle_id=vehicle_id,
            host=platform.endpoint.mqtt_host,
            mqtt_port=platform.endpoint.mqtt_port,
            policy_keys=_public(platform, Purpose.POLICY),
            command_keys=_public(platform, Purpose.COMMAND),
            key_pem=key_pem(key),
            chain_pem=certificate.chain_pem,
            broker_ca_pem=platform.authority.root_file.read_bytes(),
            app_url="http://127.0.0.1",
        ),
    )
    return LivingCar(platform, folder, vehicle_id, tenure_id)


def _public(platform: Platform, purpose: Purpose) -> dict[str, bytes]:
    return {name: signing.public_bytes(key) for name, key in platform.keys.verifying(purpose).items()}


@dataclass
class Phone:
    """A phone with a key of its own that counts its commands."""

    client: httpx.AsyncClient
    owner: Owner
    car: LivingCar
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    counter: int = 0

    @property
    def spki(self) -> bytes:
        return signing.public_bytes(self.key.public_key())

    @property
    def key_id(self) -> str:
        return signing.key_id(self.key.public_key())

    async def offered(self, secret: bytes, label: str = "Camille's phone") -> httpx.Response:
        mac = digital_key_mac(secret, self.car.vehicle_id, self.spki)
        body = {"public_key": b64url(self.spki), "label": label, "mac": b64url(mac)}
        return await self.client.post(f"{self.car.address}/digital-keys", json=body, headers=self.owner.headers)

    async def added(self) -> "Phone":
        """Add this phone in the car, with the secret on its screen."""
        agent = self.car.agent
        assert agent is not None
        await self.car.until(lambda: agent.core.can_add_phone)
        agent.act(lambda core, now: core.show_ticket(now))
        ticket = agent.core.ticket(agent.now())
        assert ticket is not None
        response = await self.offered(ticket.secret)
        assert response.status_code == 202, response.text
        await self.stands("active")
        return self

    async def stands(self, state: str) -> dict[str, Any]:
        """Wait until the platform says that this phone is in `state`."""
        async with asyncio.timeout(10):
            while True:
                listed = (await self.client.get(f"{self.car.address}/digital-keys", headers=self.owner.headers)).json()["items"]
                found = [phone for phone in listed if phone["key_id"] == self.key_id]
                if (found[0]["state"] if found else "gone") == state:
                    return found[0] if found else {}
                await asyncio.sleep(0.02)

    async def challenge(self) -> str:
        response = await self.client.post(f"{self.car.address}/challenges", headers=self.owner.headers)
        assert response.status_code == 201, response.text
        answered: str = response.json()["challenge"]
        return answered

    def signed(
        self, command: str, challenge: str, arguments: Mapping[str, bool | int | str] | None = None, **changes: Any
    ) -> dict[str, str]:
        """A signed command, as the app sends it."""
        self.counter += 1
        members: dict[str, Any] = {
            "command_id": uuid4().hex,
            "vehicle_id": self.car.name,
            "command": command,
            "arguments": arguments or {},
            "key_id": self.key_id,
            "counter": self.counter,
            "challenge": challenge,
            "valid_ms": 5_000,
            **changes,
        }
        payload = write_payload(CommandPayload(**members))
        return {"payload": b64url(payload), "signature": b64url(sign_as_phone(self.key, payload))}

    async def remote_commands(self, command: str, key: str | None = None, **body: Any) -> httpx.Response:
        """Remote command `command`, with a fresh challenge unless `body` holds something signed."""
        if "payload" not in body:
            body |= self.signed(command, await self.challenge(), body.get("arguments"))
        headers = {**self.owner.headers, "Idempotency-Key": key or uuid4().hex}
        return await self.client.post(f"{self.car.address}/remote-commands", json={"command": command, **body}, headers=headers)

    async def outcome(self, command_id: str, within_s: float = 10.0) -> dict[str, Any]:
        """The command once it is over."""
        async with asyncio.timeout(within_s):
            while True:
                response = await self.client.get(f"{self.car.address}/remote-commands/{command_id}", headers=self.owner.headers)
                remote_command: dict[str, Any] = response.json()
                if remote_command["state"] in ("done", "refused", "failed", "expired"):
                    return remote_command
                await asyncio.sleep(0.02)
