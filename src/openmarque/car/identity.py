"""The provisioning bundle: what a car is given once, in a folder, and the keys that it then keeps there. No cloud in here.

Files (mode 0600, folder 0700): ``car.json`` (names, addresses, the platform's public keys; no secret), ``car-key.pem`` (private key, PKCS#8), ``car-chain.pem``
(the car's certificate and the intermediate's), ``broker-ca.pem`` (who may be the broker). While a renewal is under way: ``next-key.pem``,
and ``next-chain.pem`` once the platform has answered. The VIN is in the certificate alone (a serialNumber among its alternative names).

The bundle stays whole through a power failure at any moment: each file is written beside its place and renamed into it. A new
certificate is used for the next connection and replaces the old one when the platform has welcomed it.
"""

import base64
import binascii
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import msgspec

from openmarque.car.bundle_files import (
    BROKER_CA,
    CAR_JSON,
    CHAIN,
    KEY,
    NEXT_CHAIN,
    NEXT_KEY,
    STORE,
    finish_renewal,
    read_private,
    write_whole,
)
from openmarque.car.chains import leaf_of, names_in
from openmarque.car.model import CarProfile
from openmarque.car.records import VEHICLE
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.car.store import StoreInUse, StoreUnusable
from openmarque.kit.errors import CallerError
from openmarque.kit.ids import parse_wire, wire
from openmarque.protocol import signing
from openmarque.protocol.levels import EVERY_LEVEL, Level, offered
from openmarque.protocol.sensing import Equipment


class CarFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """``car.json``. `vehicle_id` as 32 hex digits; `policy_keys` and `command_keys` are base64 SubjectPublicKeyInfo (DER) by key id."""

    vehicle_id: str
    host: str
    mqtt_port: int
    policy_keys: dict[str, str]
    ceiling: Level = Level.POSITION
    capabilities: tuple[str, ...] = ()
    software: str = ""
    top_speed_kmh: float = Equipment().top_speed_kmh
    battery_kwh: float | None = None
    command_keys: dict[str, str] = {}
    app_url: str = ""
    levels: tuple[Level, ...] = EVERY_LEVEL


@dataclass(frozen=True, kw_only=True)
class BundleContents:
    """What the platform gives a car. `policy_keys` and `command_keys` are SubjectPublicKeyInfo (DER) by key id; keys and certificates PEM.

    `app_url` is where the owner's app is: the car makes the links for phones with it, so it comes with the bundle and not over the link.
    """

    vehicle_id: UUID
    host: str
    mqtt_port: int
    policy_keys: Mapping[str, bytes]
    key_pem: bytes = field(repr=False)
    chain_pem: bytes = field(repr=False)
    broker_ca_pem: bytes = field(repr=False)
    ceiling: Level = Level.POSITION
    capabilities: Collection[str] = ()
    software: str = ""
    top_speed_kmh: float = Equipment().top_speed_kmh
    battery_kwh: float | None = None
    command_keys: Mapping[str, bytes] = field(default_factory=dict)
    app_url: str = ""
    levels: Collection[Level] = EVERY_LEVEL


class BundleUnusable(CallerError):
    """This folder is no provisioning bundle of a car."""

    code = "bundle-unusable"
    cure = "Make one with `openmarque car provision`, or give the folder that it wrote."


class FolderUnwritable(CallerError):
    """A car's bundle can't be written to this folder."""

    code = "bundle-folder-unwritable"
    cure = "Give a folder that you may write to, or one that can be made, and see that there is free space; then give the same command again."


class FolderOfAnotherCar(CallerError):
    """This folder is another car's."""

    code = "bundle-folder-of-another-car"
    cure = "Give another folder, or move what is in {folder} away first. A car keeps its folder; --again is for that same car."


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read and checked: the key belongs to the certificate, and the certificate names this car."""

    folder: Path
    facts: CarFacts
    vehicle_id: UUID
    vin: str = field(repr=False)

    @property
    def store_path(self) -> Path:
        """Where the car's memory is."""
        return self.folder / STORE

    @property
    def broker_ca(self) -> Path:
        """The certificates of those who may be the broker."""
        return self.folder / BROKER_CA

    def profile(self) -> CarProfile:
        """What the core needs to know of the car.

        Raises ``BundleUnusable`` for a key of the platform that is none, and for levels that are no choice.
        """
        try:
            levels = offered(self.facts.levels)
        except ValueError as error:
            raise BundleUnusable(f"{CAR_JSON}: {error}.") from error
        if self.facts.ceiling not in levels:
            raise BundleUnusable(f"{CAR_JSON}: the ceiling is none of the levels to choose from.")
        return CarProfile(
            vehicle_id=self.vehicle_id,
            policy_keys=_public_keys(self.facts.policy_keys),
            command_keys=_public_keys(self.facts.command_keys),
            ceiling=self.facts.ceiling,
            software=self.facts.software,
            equipment=Equipment(self.facts.top_speed_kmh, self.facts.battery_kwh),
            levels=levels,
        )


def _public_keys(written: Mapping[str, str]) -> dict[str, signing.PublicKey]:
    try:
        return {key_id: signing.load_public(base64.b64decode(spki)) for key_id, spki in written.items()}
    except (ValueError, binascii.Error) as error:
        raise BundleUnusable(f"A key of the platform in {CAR_JSON} can't be read.") from error


def _written(keys: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(key).decode("ascii") for name, key in keys.items()}


def prepare_folder(folder: Path, vehicle_id: UUID) -> None:
    """Make `folder` if it isn't there, and be sure that it takes a bundle of this car.

    Raises ``FolderUnwritable``, and ``FolderOfAnotherCar`` when a bundle or a memory in it is another car's or can't be judged: a
    private key that is replaced is lost for good.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
        _refuse_another_cars(folder, vehicle_id)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise FolderUnwritable(_fault(folder, error)) from error


def _refuse_another_cars(folder: Path, vehicle_id: UUID) -> None:
    """Raise ``FolderOfAnotherCar`` unless what is in `folder` is this car's. Without ``car.json``, written last, there is no bundle."""
    is_its_own = False
    if (folder / CAR_JSON).exists():
        try:
            named = msgspec.json.decode((folder / CAR_JSON).read_bytes(), type=CarFacts).vehicle_id
        except msgspec.DecodeError as error:
            raise FolderOfAnotherCar(f"Its {CAR_JSON} can't be read, so whose it is can't be told.", folder=folder) from error
        if named != wire(vehicle_id):
            raise FolderOfAnotherCar("It holds the bundle, and so the private key, of another car.", folder=folder)
        is_its_own = True
    if not (folder / STORE).exists():
        return
    try:
        store = SqliteCarStore(folder / STORE)
        try:
            remembered = store.read(VEHICLE, UUID)
        finally:
            store.close()
    except StoreInUse as error:
        if not is_its_own:
            raise FolderOfAnotherCar("Another process runs a car in it.", folder=folder) from error
    except StoreUnusable as error:
        raise FolderOfAnotherCar(f"Its {STORE} is no memory that this program can read.", folder=folder) from error
    else:
        if remembered not in (None, vehicle_id):
            raise FolderOfAnotherCar(f"Its {STORE} is the memory of another car.", folder=folder)


def _fault(folder: Path, error: Exception) -> str:
    return f"{str(folder)!r}: {getattr(error, 'strerror', None) or error}."


def write_bundle(folder: Path, contents: BundleContents) -> None:
    """Write a bundle; an earlier one of the same car in the folder is replaced, the car's memory (``car.sqlite3``) is left alone.

    Raises ``FolderUnwritable``, ``FolderOfAnotherCar`` (see ``prepare_folder``).
    """
    prepare_folder(folder, contents.vehicle_id)
    facts = CarFacts(
        vehicle_id=wire(contents.vehicle_id),
        host=contents.host,
        mqtt_port=contents.mqtt_port,
        policy_keys=_written(contents.policy_keys),
        command_keys=_written(contents.command_keys),
        app_url=contents.app_url,
        ceiling=contents.ceiling,
        capabilities=tuple(sorted(contents.capabilities)),
        software=contents.software,
        top_speed_kmh=contents.top_speed_kmh,
        battery_kwh=contents.battery_kwh,
        levels=offered(contents.levels),
    )
    text = msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n"
    files = {KEY: contents.key_pem, CHAIN: contents.chain_pem, BROKER_CA: contents.broker_ca_pem, CAR_JSON: text}
    try:
        for name in (NEXT_CHAIN, NEXT_KEY):
            (folder / name).unlink(missing_ok=True)
        for name, content in files.items():
            write_whole(folder / name, content)
    except OSError as error:
        raise FolderUnwritable(_fault(folder, error)) from error


def write_platform(
    folder: Path,
    *,
    host: str,
    mqtt_port: int,
    policy_keys: Mapping[str, bytes],
    command_keys: Mapping[str, bytes],
    app_url: str,
) -> None:
    """Change what a bundle says of the platform: where it is, and the keys it signs with (SubjectPublicKeyInfo). All else stays."""
    facts = msgspec.structs.replace(
        read_bundle(folder).facts,
        host=host,
        mqtt_port=mqtt_port,
        policy_keys=_written(policy_keys),
        command_keys=_written(command_keys),
        app_url=app_url,
    )
    write_whole(folder / CAR_JSON, msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n")


def read_bundle(folder: Path) -> Bundle:
    """The bundle in `folder`. Raises ``BundleUnusable`` with what is missing or does not fit together."""
    try:
        finish_renewal(folder)
        facts = msgspec.json.decode((folder / CAR_JSON).read_bytes(), type=CarFacts)
        vehicle_id = parse_wire(facts.vehicle_id)
        if not (folder / BROKER_CA).is_file():
            raise BundleUnusable(f"{BROKER_CA} is missing.")
        certificate = leaf_of((folder / CHAIN).read_bytes())
        private = read_private(folder / KEY)
    except OSError as error:
        raise BundleUnusable(f"{Path(error.filename or folder).name}: {error.strerror}.") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise BundleUnusable(f"It can't be read ({error}).") from error
    if private.public_key() != certificate.public_key():
        raise BundleUnusable(f"{KEY} is not the key of {CHAIN}.")
    name, vin = names_in(certificate)
    if name != facts.vehicle_id:
        raise BundleUnusable(f"{CHAIN} names another car than {CAR_JSON}.")
    return Bundle(folder, facts, vehicle_id, vin)
