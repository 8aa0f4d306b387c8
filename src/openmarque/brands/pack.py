"""The brand pack: what differs between brands, as data. Read once, checked as a whole; never an ``if brand ==`` in code.

A pack is a folder with ``brand.toml``. The sample pack in ``brands/sample`` is an invented brand that shows every key.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from openmarque.brands.vehicle_vin import Feature, Pattern, Year, overlap, spelt_out
from openmarque.kit.errors import CallerError
from openmarque.kit.texts import LANGUAGES
from openmarque.protocol.levels import Level, offered

FILE: Final = "brand.toml"
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Identifier = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Days = Annotated[int, msgspec.Meta(ge=1, le=3652)]
Country = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")]


class BrandPackInvalid(CallerError):
    """This brand pack can't be used."""

    code = "brand-pack-invalid"
    cure = "Correct brand.toml; the sample pack in the package shows every key."


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model of car: its powertrain (as in VSS ``Vehicle.Powertrain.Type``) and the capabilities that services ask for.

    `top_speed_kmh` bounds how far a position can jump; `battery_kwh` is the usable capacity of the traction battery.

    Which cars of it an owner can add (REQ ENR-1) is read from the VIN alone: `vin` are the patterns of this model, `first_year` the first
    model year in which they were used (the code of the year comes again after 30), `built_from` the first one that can be
    connected. `equipment` says what the places of the VIN stand for, `needs` what of it the services ask for; `countries` narrows
    the brand's countries for this model.
    """

    name: Name
    powertrain: Annotated[str, msgspec.Meta(pattern=r"^(COMBUSTION|HYBRID|ELECTRIC)$")]
    capabilities: tuple[Identifier, ...]
    top_speed_kmh: Annotated[float, msgspec.Meta(gt=0, le=500)]
    vin: tuple[Pattern, ...]
    first_year: Year
    built_from: Year
    battery_kwh: Annotated[float, msgspec.Meta(gt=0, le=500)] | None = None
    equipment: Mapping[Identifier, Feature] = {}
    needs: Mapping[Identifier, tuple[Identifier, ...]] = {}
    countries: tuple[Country, ...] = ()

    def __post_init__(self) -> None:
        """Refuse years and needs that don't fit together."""
        if not self.first_year <= self.built_from < self.first_year + 30:
            raise ValueError("built_from is not among the 30 years from first_year on")
        for feature, values in self.needs.items():
            known = self.equipment[feature].codes.values() if feature in self.equipment else ()
            if not values or not set(values) <= set(known):
                raise ValueError(f"needs.{feature} asks for what equipment.{feature} does not know")


def _named(name: Mapping[str, str]) -> None:
    """Raise ``ValueError`` for a name that is missing in some language."""
    if missing := [language for language in LANGUAGES if language not in name]:
        raise ValueError(f"name is missing in {', '.join(missing)}")


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What owners can have together: its name in every language, and the declarations of services that it opens, by name."""

    name: Mapping[str, Name]
    declarations: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        """Refuse a product that some owner would read no name of."""
        _named(self.name)


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan: its name in every language, its products, and the length of its free trial in months (REQ SVC-2: 12 or more).

    Each car gets each plan's trial once in its life, whoever owns it.
    """

    name: Mapping[str, Name]
    products: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1)]
    trial_months: Annotated[int, msgspec.Meta(ge=12, le=120)]

    def __post_init__(self) -> None:
        """Refuse a plan that some owner would read no name of."""
        _named(self.name)


class LegalEntity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who contracts and answers for the data in a country."""

    name: Name
    country: Country


class AccountTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How people sign in: by mail address, and by a user name of their choice where the brand has them (REQ ACC-2)."""

    user_names: bool = False


class PairingTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a pairing code is good for: the plan whose trial begins with it, and how long it is valid (REQ ENR-2: a year)."""

    plan: Identifier
    valid_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 365


class SafetyCodeTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that an owner types before the car opens: its length, of which alphabet, and for how many seconds it counts (REQ RC-7)."""

    length: Annotated[int, msgspec.Meta(ge=4, le=8)] = 4
    alphabet: Literal["digits"] = "digits"
    fresh_s: Annotated[int, msgspec.Meta(ge=15, le=120)] = 120


class CommandTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the brand asks for before a command runs, beyond what its declaration asks for; it can't ask for less. REQ AUT-10.

    `authority` is who has to sign at least, `code` whether the safety code has to be typed (which a phone then signs for).
    """

    authority: Literal["platform", "digital_key", "local"] | None = None
    code: bool | None = None


class BrandPack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One brand. `version` is pinned on contracts; identifiers are stable for ever. `countries` are those that it serves.

    `levels` are the privacy levels that its cars let choose: all three, or private and one more (REQ PRV-1).
    """

    brand_id: Identifier
    name: Name
    version: Name
    countries: tuple[Country, ...]
    legal_entities: Mapping[Identifier, LegalEntity]
    models: Mapping[Identifier, Model]
    products: Mapping[Identifier, Product]
    plans: Mapping[Identifier, Plan]
    pairing: PairingTerms
    levels: tuple[Literal["private", "data", "position"], ...] = ("private", "data", "position")
    safety_code: SafetyCodeTerms = SafetyCodeTerms()
    commands: Mapping[Identifier, CommandTerms] = {}
    accounts: AccountTerms = AccountTerms()
    retention: Mapping[str, Days] = {}
    """Days for which an item is kept whose declaration leaves that to the brand, by "declaration.item"; a missing one closes what
    needs it (REQ GDP-12)."""

    def __post_init__(self) -> None:
        """Refuse a VIN that could be of two models, a plan or product that there is not, and levels that are no choice."""
        if self.levels != tuple(level.name.lower() for level in self.privacy_levels()):
            raise ValueError("levels are named once each, from private upwards")
        for name, plan in self.plans.items():
            unknown = [product for product in plan.products if product not in self.products]
            if unknown:
                raise ValueError(f"plans.{name}.products: {unknown[0]!r} is no product")
        if self.pairing.plan not in self.plans:
            raise ValueError(f"pairing.plan {self.pairing.plan!r} is no plan")
        patterns = [(name, pattern) for name, model in self.models.items() for pattern in model.vin]
        for i, (name, pattern) in enumerate(patterns):
            for other, second in patterns[i + 1 :]:
                if overlap(pattern, second):
                    raise ValueError(f"a VIN can be of {name} ({pattern}) and of {other} ({second})")

    def privacy_levels(self) -> tuple[Level, ...]:
        """The privacy levels that the people in its cars choose from, strictest first."""
        return offered([Level[name.upper()] for name in self.levels])

    def makers(self) -> frozenset[str]:
        """The first three characters of the brand's VINs."""
        return frozenset(spelt_out(pattern)[:3] for model in self.models.values() for pattern in model.vin)


def load_pack(folder: Path | None = None) -> BrandPack:
    """The pack in `folder`, or the sample pack. Raises ``BrandPackInvalid`` naming the key that is wrong."""
    source = files(__package__).joinpath("sample", FILE) if folder is None else folder / FILE
    try:
        text = source.read_text(encoding="utf-8")
    except OSError as error:
        raise BrandPackInvalid(f"{source} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BrandPackInvalid(f"{source} can't be read: it is not UTF-8.") from error
    try:
        return msgspec.convert(tomllib.loads(text), BrandPack)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BrandPackInvalid(f"{FILE}: {error}.") from error
