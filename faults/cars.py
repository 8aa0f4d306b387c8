"""A car made for a run: its bundle on disk, and whose it is."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from openmarque.car.bundle_files import CHAIN, KEY
from openmarque.car.identity import Bundle
from openmarque.kit.ids import TenureId, VehicleId, wire


@dataclass(frozen=True)
class Car:
    """A provisioned car. `tenure_id` is None while nobody has it."""

    bundle: Bundle
    tenure_id: TenureId | None

    @property
    def vehicle_id(self) -> VehicleId:
        """Its id."""
        return VehicleId(self.bundle.vehicle_id)

    @property
    def name(self) -> str:
        """Its name in topics, and its MQTT client id."""
        return wire(self.bundle.vehicle_id)

    def up(self, channel: str) -> str:
        """The topic on which it speaks."""
        return f"v/{self.name}/up/{channel}"

    @property
    def down(self) -> str:
        """The topic filter on which it listens."""
        return f"v/{self.name}/down/#"

    def tls(self) -> ssl.SSLContext:
        """Mutual TLS 1.3 as this car."""
        return client_tls(self.bundle.broker_ca, self.bundle.folder / CHAIN, self.bundle.folder / KEY)


def client_tls(trust: Path, chain: Path, key: Path) -> ssl.SSLContext:
    """Mutual TLS 1.3 with these PEM files."""
    context = ssl.create_default_context(cafile=str(trust))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(chain, key)
    return context
