"""What the demo keeps in a home: its owner with secrets made up once, and the owner's cars. Made at the first start, found at the next."""

import asyncio
import secrets
import shutil
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from openmarque.app import Platform
from openmarque.brands.eligibility import sample_vin
from openmarque.car.bundle_files import CAR_JSON
from openmarque.car.identity import BundleUnusable, read_bundle
from openmarque.cli.operating import DEMO_PLAN, provision, renew_addresses
from openmarque.domains.commands.rules import is_fit_code
from openmarque.domains.garage.service import NewVehicle
from openmarque.engines.process import write_private
from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.ids import AccountId, TenureId, VehicleId, parse_wire, wire
from openmarque.simulator.fleet.demo_fleet import CarSpec
from openmarque.simulator.fleet.past import LONGEST
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM

FOLDER: Final = "demo"
_OWNER_JSON: Final = "owner.json"
_NAME: Final = ("Camille", "Exemple")
_DOMAIN: Final = "@demo.example"
_EMAIL: Final = f"camille.{{number:04d}}{_DOMAIN}"
"""``example`` belongs to nobody (RFC 2606), so nothing is ever delivered there."""
_WORDS: Final = 4
_SYLLABLES: Final = ("ba", "co", "du", "fe", "gi", "lo", "ma", "ni", "po", "ra", "se", "ta", "vu", "zi", "ke", "mu")
_SYLLABLES_A_WORD: Final = 3
"""A password of 4 words of 3 syllables out of 16 has 48 bits: behind limited tries and argon2id nobody guesses it, and it can be typed."""
_OWNED_SINCE: Final = timedelta(days=1) + LONGEST
"""The owner has the cars for longer than their past drives reach back: a trip belongs to who had the car then."""
_MOST_SERIALS: Final = 999_999


class NotADemoHome(OpenMarqueError):
    """This home has no demo owner, and nobody else's account is opened from the command line."""

    code = "not-a-demo-home"
    cure = "Sign in as the owner, or start a demo with `openmarque up --demo` in a home of its own."


class Secrets(msgspec.Struct, frozen=True):
    """What the demo owner knows, in ``demo/owner.json`` (0600). `account_id` as 32 hex digits."""

    account_id: str
    email: str
    password: str
    safety_code: str

    def __repr__(self) -> str:
        """Whose they are, and none of them."""
        return f"Secrets of {self.email}"


@dataclass(frozen=True, slots=True)
class DemoCar:
    """A car of the demo owner."""

    vehicle_id: VehicleId
    tenure_id: TenureId
    name: str | None
    folder: Path
    model: str

    @property
    def called(self) -> str:
        """What people call it: its model, behind the owner's name for it if it has one."""
        return self.model if self.name is None else f"{self.name} ({self.model})"


async def demo_owner(platform: Platform) -> Secrets:
    """The demo owner of this home, made with new secrets when there is none that can still sign in."""
    path = platform.settings.home / FOLDER / _OWNER_JSON
    kept = await asyncio.to_thread(_read, path)
    if kept is not None and await _is_known(platform, kept):
        return kept
    made = await _new_owner(platform)
    await asyncio.to_thread(write_private, path, msgspec.json.encode(made).decode())
    return made


async def known_demo_owner(platform: Platform) -> Secrets:
    """The demo owner of this home; raises ``NotADemoHome`` where `openmarque up --demo` never made one."""
    kept = await asyncio.to_thread(_read, platform.settings.home / FOLDER / _OWNER_JSON)
    if kept is None or not await _is_known(platform, kept):
        raise NotADemoHome
    return kept


def account_of(owner: Secrets) -> AccountId:
    """The owner's account."""
    return AccountId(parse_wire(owner.account_id))


async def demo_cars(platform: Platform, owner: Secrets, parts: Sequence[CarSpec]) -> list[DemoCar]:
    """The owner's cars, one for each of `parts`: those of an earlier start, and new ones with VINs of their models."""
    folders = [platform.settings.home / FOLDER / f"car-{number}" for number in range(1, len(parts) + 1)]
    return [await demo_car(platform, owner, folder, part.model, part.name) for folder, part in zip(folders, parts, strict=True)]


async def demo_car(platform: Platform, owner: Secrets, folder: Path, model: str, name: str | None = None) -> DemoCar:
    """The owner's car whose bundle is in `folder`; a new one is called `name`."""
    found = await _kept_car(platform, owner, folder)
    if found is None:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        found = await _new_car(platform, owner, folder, model, name)
    else:
        await asyncio.to_thread(renew_addresses, platform, folder)
    return DemoCar(*found, folder, platform.pack.models[model].name)


def made_up_code(length: int, choose: Callable[[str], str] = secrets.choice) -> str:
    """A safety code of `length` digits, each drawn by `choose`; drawn again while it is one that nobody may choose, as 1 in 400 of four digits are."""
    while not is_fit_code(code := "".join(choose(string.digits) for _ in range(length)), length):
        pass
    return code


def _read(path: Path) -> Secrets | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Secrets)
    except (OSError, msgspec.MsgspecError):
        return None


async def _is_known(platform: Platform, owner: Secrets) -> bool:
    """Whether the database still has this account (it may have been made anew), and it is a demo owner's: no file opens anybody else's."""
    query = "SELECT c.email FROM account_credential c JOIN account a USING (account_id) WHERE account_id = %s AND a.closed_at IS NULL"
    async with platform.database.begin() as tx:
        rows = await postgres(tx).rows(PLATFORM, query, (account_of(owner),))
    return bool(rows) and rows[0][0] == owner.email and owner.email.endswith(_DOMAIN)


async def _new_owner(platform: Platform) -> Secrets:
    email = _EMAIL.format(number=secrets.randbelow(10_000))
    password = "-".join("".join(secrets.choice(_SYLLABLES) for _ in range(_SYLLABLES_A_WORD)) for _ in range(_WORDS))
    now = platform.clock.now()
    code = made_up_code(platform.pack.safety_code.length)
    async with platform.database.begin() as tx:
        account_id = await platform.accounts.create(tx, "fr", "Europe/Paris", now - _OWNED_SINCE, name=_NAME)
        await platform.accounts.create_with_password(tx, account_id, email, password, now)
    chosen = await platform.commands.codes.hashed(account_id, code, now)
    async with platform.database.begin() as tx:
        await platform.commands.codes.choose(tx, chosen)
    return Secrets(wire(account_id), email, password, code)


_Found = tuple[VehicleId, TenureId, str | None]
"""A car, the owner's tenure, and what the owner calls it."""


async def _kept_car(platform: Platform, owner: Secrets, folder: Path) -> _Found | None:
    """The car of a bundle, when it is still the owner's."""
    if not await asyncio.to_thread((folder / CAR_JSON).exists):
        return None
    try:
        bundle = await asyncio.to_thread(read_bundle, folder)
    except BundleUnusable:
        return None
    query = "SELECT tenure_id, name FROM tenure WHERE vehicle_id = %s AND account_id = %s AND ended_at IS NULL"
    async with platform.database.begin() as tx:
        rows = await postgres(tx).rows(PLATFORM, query, (bundle.vehicle_id, account_of(owner)))
    return (VehicleId(bundle.vehicle_id), TenureId(rows[0][0]), rows[0][1]) if rows else None


async def _new_car(platform: Platform, owner: Secrets, folder: Path, model: str, name: str | None) -> _Found:
    vin = sample_vin(platform.pack, model, 1 + secrets.randbelow(_MOST_SERIALS))
    vehicle_id = await provision(platform, NewVehicle(vin, model), folder)
    now = platform.clock.now()
    async with platform.database.begin() as tx:
        tenure_id = await platform.garage.start_tenure(tx, vehicle_id, account_of(owner), now - _OWNED_SINCE)
        await platform.garage.rename(tx, tenure_id, name)
        await platform.contracts.activate_trial(tx, tenure_id, vehicle_id, DEMO_PLAN, now - _OWNED_SINCE)
        await platform.compiler.recompile(tx, [vehicle_id], now)
    return vehicle_id, tenure_id, name
