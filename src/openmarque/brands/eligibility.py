"""Whether a car can be connected: a pure rule on its VIN, the brand pack and the owner's country. REQ ENR-1, decision 0015.

It never asks whether such a car exists, so its answer tells nothing but what anybody with the pack could read from the VIN.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from openmarque.brands.pack import BrandPack, Model
from openmarque.brands.vehicle_vin import YEAR_CODES, YEAR_PLACE, matches, spelt_out, year_code, year_of
from openmarque.kit.texts import Told, texts
from openmarque.kit.vin import InvalidVin, check_digit, normalise_vin

TELEMATICS: Final = "telematics"
"""The capability, and the piece of equipment, without which no car is connected."""
_CHECK_PLACE: Final = 9
_SERIAL_DIGITS: Final = 6


class Reason(StrEnum):
    """Why a car can't be connected, strongest first: the first that applies is the one given."""

    VIN_INVALID = "vin_invalid"
    OTHER_BRAND = "other_brand"
    UNKNOWN_MODEL = "unknown_model"
    YEAR_UNKNOWN = "year_unknown"
    BUILT_TOO_EARLY = "built_too_early"
    NO_TELEMATICS = "no_telematics"
    EQUIPMENT_MISSING = "equipment_missing"
    COUNTRY_UNKNOWN = "country_unknown"
    COUNTRY_NOT_SERVED = "country_not_served"


@dataclass(frozen=True, slots=True)
class Eligible:
    """The car can be connected. `equipment` is what its VIN says of each feature that the pack knows ("" for an unknown code)."""

    model_id: str
    model_year: int
    equipment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ineligible:
    """It can't, for `reason`; `facts` fill its text. `model_id` is None where the VIN is of no model of the brand."""

    reason: Reason
    model_id: str | None = None
    facts: Mapping[str, str | int] = field(default_factory=dict)


def why_not(answer: Ineligible, language: str) -> Told:
    """Why the car can't be connected and what to do about it, in `language`: the texts ``eligibility.…`` of this folder.

    A country, or a feature of a pack, that has no name there is told by its code.
    """
    said = texts(language)
    facts = dict(answer.facts)
    for fact in ("equipment", "country"):
        if fact in facts:
            facts[fact] = said.text_or(f"{fact}.{facts[fact]}", str(facts[fact]).replace("_", " "))
    return said.told(f"eligibility.{answer.reason}", **facts)


def eligibility(vin: str, pack: BrandPack, country: str | None) -> Eligible | Ineligible:
    """Whether the car with this VIN can be connected for an owner in `country` (ISO 3166-1 alpha-2; None: not told yet)."""
    try:
        vin = normalise_vin(vin)
    except InvalidVin as error:
        return Ineligible(Reason.VIN_INVALID, facts={"detail": error.detail})
    if vin[:3] not in pack.makers():
        return Ineligible(Reason.OTHER_BRAND, facts={"brand": pack.name})
    model_id = model_of(vin, pack)
    if model_id is None:
        return Ineligible(Reason.UNKNOWN_MODEL, facts={"brand": pack.name})
    model = pack.models[model_id]
    year = year_of(vin, model.first_year)
    if year is None:
        return Ineligible(Reason.YEAR_UNKNOWN, model_id, {"model": model.name})
    refused = _by_build(model, year, vin) or _by_country(model, pack, country)
    if refused is not None:
        return Ineligible(refused[0], model_id, {"model": model.name, **refused[1]})
    return Eligible(model_id, year, {name: feature.read(vin) for name, feature in model.equipment.items()})


def model_of(vin: str, pack: BrandPack) -> str | None:
    """The model whose pattern this VIN (in normal form) is of; the pack holds no two patterns that one VIN fits."""
    fitting = (name for name, model in pack.models.items() if any(matches(pattern, vin) for pattern in model.vin))
    return next(fitting, None)


def _by_build(model: Model, year: int, vin: str) -> tuple[Reason, dict[str, str | int]] | None:
    if year < model.built_from:
        return Reason.BUILT_TOO_EARLY, {"year": year, "from_year": model.built_from}
    missing = [name for name, values in sorted(model.needs.items()) if model.equipment[name].read(vin) not in values]
    if TELEMATICS not in model.capabilities or TELEMATICS in missing:
        return Reason.NO_TELEMATICS, {}
    if missing:
        return Reason.EQUIPMENT_MISSING, {"equipment": missing[0]}
    return None


def _by_country(model: Model, pack: BrandPack, country: str | None) -> tuple[Reason, dict[str, str | int]] | None:
    if not country:
        return Reason.COUNTRY_UNKNOWN, {}
    if country not in pack.countries or (model.countries and country not in model.countries):
        return Reason.COUNTRY_NOT_SERVED, {"country": country}
    return None


def sample_vin(pack: BrandPack, model_id: str, serial: int) -> str:
    """A VIN of this model that is eligible wherever the model is served, with `serial` (1 to 999999) at its end; for demos and tests.

    Raises ``KeyError`` for a model that the pack has not, ``ValueError`` for a serial number that doesn't fit, or a model whose
    patterns leave no place for one.
    """
    model = pack.models[model_id]
    digits = f"{serial:0{_SERIAL_DIGITS}d}"
    if len(digits) != _SERIAL_DIGITS or serial < 1:
        raise ValueError("a serial number has at most six digits")
    wanted = dict(enumerate(digits, start=12)) | {YEAR_PLACE: year_code(model.built_from)}
    for name, values in model.needs.items():
        feature = model.equipment[name]
        wanted[feature.position] = next(code for code, value in feature.codes.items() if value in values)
    characters = [
        wanted.get(place, "A") if given == "?" else given for place, given in enumerate(spelt_out(model.vin[0]), start=1)
    ]
    if spelt_out(model.vin[0])[_CHECK_PLACE - 1] == "?":
        characters[_CHECK_PLACE - 1] = check_digit("".join(characters))
    vin = "".join(characters)
    if not vin.endswith(digits) or vin[YEAR_PLACE - 1] not in YEAR_CODES:
        raise ValueError(f"no sample VIN can be made for {model_id}")
    return vin
