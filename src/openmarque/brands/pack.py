"""The brand pack: what differs between brands, as data. Read once, checked as a whole; never an ``if brand ==`` in code.

A pack is a folder with ``brand.toml``. The sample pack in ``brands/sample`` is an invented brand that shows every key.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import msgspec

from openmarque.kit.errors import CallerError

FILE: Final = "brand.toml"
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Identifier = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Country = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")]


class BrandPackInvalid(CallerError):
    """This brand pack can't be used."""

    code = "brand-pack-invalid"
    cure = "Correct brand.toml; the sample pack in the package shows every key."


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model of car: its powertrain (as in VSS ``Vehicle.Powertrain.Type``) and the capabilities that services ask for.

    `top_speed_kmh` bounds how far a position can jump; `battery_kwh` is the usable capacity of the traction battery.
    """

    name: Name
    powertrain: Annotated[str, msgspec.Meta(pattern=r"^(COMBUSTION|HYBRID|ELECTRIC)$")]
    capabilities: tuple[Identifier, ...]
    top_speed_kmh: Annotated[float, msgspec.Meta(gt=0, le=500)]
    battery_kwh: Annotated[float, msgspec.Meta(gt=0, le=500)] | None = None


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan: its name by language, and the length of its free trial in months (REQ SVC-2: 12 or more)."""

    name: Mapping[str, Name]
    trial_months: Annotated[int, msgspec.Meta(ge=12, le=120)]


class LegalEntity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who contracts and answers for the data in a country."""

    name: Name
    country: Country


class BrandPack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One brand. `version` is pinned on contracts; identifiers are stable for ever."""

    brand_id: Identifier
    name: Name
    version: Name
    legal_entities: Mapping[Identifier, LegalEntity]
    models: Mapping[Identifier, Model]
    plans: Mapping[Identifier, Plan]


def load_pack(folder: Path | None = None) -> BrandPack:
    """The pack in `folder`, or the sample pack. Raises ``BrandPackInvalid`` naming the key that is wrong."""
    source = files(__package__).joinpath("sample", FILE) if folder is None else folder / FILE
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BrandPackInvalid(f"{source} can't be read ({type(error).__name__}).") from error
    try:
        return msgspec.convert(tomllib.loads(text), BrandPack)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BrandPackInvalid(f"{FILE}: {error}.") from error
