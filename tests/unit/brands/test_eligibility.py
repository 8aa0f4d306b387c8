"""What a VIN says by itself: every reason for a no, every eligible car of the sample pack, and packs that contradict themselves."""

import re
import tomllib
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.brands.eligibility import Eligible, Ineligible, Reason, eligibility, model_of, sample_vin, why_not
from openmarque.brands.pack import BrandPack, BrandPackInvalid, CommandTerms, Model, Plan, Product, load_pack
from openmarque.brands.vehicle_vin import YEAR_CODES, Feature, matches, overlap, year_code, year_of
from openmarque.kit.texts import LANGUAGES, texts
from openmarque.kit.vin import normalise_vin
from openmarque.protocol.levels import Level

PACK = load_pack()
CONNECTED = sorted(name for name, model in PACK.models.items() if "telematics" in model.capabilities)
CHARACTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


def with_place(vin: str, place: int, character: str) -> str:
    return vin[: place - 1] + character + vin[place:]


@pytest.mark.req("ENR-1a")
@given(st.sampled_from(CONNECTED), st.integers(1, 999_999), st.sampled_from(PACK.countries))
def test_every_sample_vin_of_a_connected_model_is_eligible_where_the_model_is_served(model_id, serial, country):
    vin = sample_vin(PACK, model_id, serial)
    assert normalise_vin(vin) == vin
    answer = eligibility(vin, PACK, country)
    if PACK.models[model_id].countries and country not in PACK.models[model_id].countries:
        assert isinstance(answer, Ineligible)
        assert answer.reason is Reason.COUNTRY_NOT_SERVED
    else:
        assert isinstance(answer, Eligible)
        assert answer.model_id == model_id
        assert answer.equipment["telematics"] == "built_in"


@given(st.sampled_from(CONNECTED), st.sets(st.integers(1, 999_999), min_size=2, max_size=20))
def test_sample_vins_of_different_serials_are_different(model_id, serials):
    assert len({sample_vin(PACK, model_id, serial) for serial in serials}) == len(serials)


@pytest.mark.req("ENR-1e")
@given(st.text(alphabet=CHARACTERS + " -ioqIOQé\0{}", max_size=20) | st.text(alphabet=CHARACTERS, min_size=17, max_size=17))
def test_whatever_is_typed_there_is_an_answer_with_text_and_cure_in_every_language(typed):
    answer = eligibility(typed, PACK, "FR")
    if isinstance(answer, Ineligible):
        for language in LANGUAGES:
            message, cure = why_not(answer, language)
            assert message
            assert cure
            assert not re.search(r"[{}]", message + cure)


@given(st.integers(0, 29), st.integers(1980, 2100))
def test_a_year_code_means_the_first_such_year_from_the_models_first(index, first_year):
    vin = with_place("VF1AABVY0A0000001"[:17], 10, YEAR_CODES[index])
    year = year_of(vin, first_year)
    assert year is not None
    assert first_year <= year < first_year + 30
    assert year_code(year) == YEAR_CODES[index]


BRISE = sample_vin(PACK, "brise", 42)


@pytest.mark.req("ENR-1d", "ENR-1e")
@pytest.mark.parametrize(
    ("vin", "country", "reason"),
    [
        ("VF1", "FR", Reason.VIN_INVALID),
        (BRISE[:-1] + "O", "FR", Reason.VIN_INVALID),
        ("UU1TEST0000000042", "FR", Reason.OTHER_BRAND),
        (with_place(BRISE, 6, "Z"), "FR", Reason.UNKNOWN_MODEL),
        (with_place(BRISE, 10, "0"), "FR", Reason.YEAR_UNKNOWN),
        (with_place(BRISE, 10, "U"), "FR", Reason.YEAR_UNKNOWN),
        (with_place(BRISE, 10, year_code(2020)), "FR", Reason.BUILT_TOO_EARLY),
        (with_place(BRISE, 8, "N"), "FR", Reason.NO_TELEMATICS),
        (with_place(BRISE, 8, "7"), "FR", Reason.NO_TELEMATICS),
        (with_place(sample_vin(PACK, "cime", 1), 7, "R"), "FR", Reason.EQUIPMENT_MISSING),
        (sample_vin(PACK, "radio", 1), "FR", Reason.NO_TELEMATICS),
        (BRISE, "US", Reason.COUNTRY_NOT_SERVED),
        (BRISE, None, Reason.COUNTRY_UNKNOWN),
        (sample_vin(PACK, "puce", 1), "DE", Reason.COUNTRY_NOT_SERVED),
    ],
)
def test_the_answer_names_the_reason_when_it_is_no(vin, country, reason):
    answer = eligibility(vin, PACK, country)
    assert isinstance(answer, Ineligible)
    assert answer.reason is reason


def test_the_texts_tell_the_facts():
    early = eligibility(with_place(BRISE, 10, year_code(2020)), PACK, "FR")
    assert isinstance(early, Ineligible)
    assert why_not(early, "fr")[0] == (
        "Cette Brise électrique est de l'année-modèle 2020\u00a0; les services connectés commencent en 2021."
    )
    radio = eligibility(with_place(sample_vin(PACK, "cime", 1), 7, "R"), PACK, "FR")
    assert isinstance(radio, Ineligible)
    assert "a head unit with navigation" in why_not(radio, "en")[0]


def test_a_country_is_told_by_its_name_and_one_without_a_name_by_its_code():
    british = eligibility(BRISE, PACK, "GB")
    assert isinstance(british, Ineligible)
    assert "(United Kingdom)" in why_not(british, "en")[0]
    assert "(Royaume-Uni)" in why_not(british, "fr")[0]
    american = eligibility(BRISE, PACK, "US")
    assert isinstance(american, Ineligible)
    assert "(US)" in why_not(american, "fr")[0]
    assert all(texts("en").has(f"country.{country}") for country in PACK.countries)


def test_a_vin_is_read_as_people_type_it():
    typed = f" {BRISE[:5].lower()}-{BRISE[5:]} "
    assert isinstance(eligibility(typed, PACK, "FR"), Eligible)


@given(st.text(alphabet=CHARACTERS, min_size=17, max_size=17))
def test_no_vin_is_of_two_models(vin):
    fitting = [n for n, m in PACK.models.items() if any(matches(p, vin) for p in m.vin)]
    assert len(fitting) <= 1
    assert model_of(vin, PACK) == (fitting[0] if fitting else None)


@given(st.data())
def test_two_patterns_overlap_exactly_when_some_vin_is_of_both(data):
    pattern = st.text(alphabet="AB?", min_size=0, max_size=4).map(lambda middle: f"VF1{middle}*")
    one, other = data.draw(pattern), data.draw(pattern)
    tails = [f"{a}{b}{c}{d}" for a in "AB" for b in "AB" for c in "AB" for d in "AB"]
    vins = [f"VF1{tail}".ljust(17, "A") for tail in tails]
    assert overlap(one, other) is any(matches(one, vin) and matches(other, vin) for vin in vins)


# Packs that contradict themselves


def pack_with(change: Callable[[dict[str, Any]], None]) -> BrandPack:
    text = files("openmarque.brands").joinpath("sample", "brand.toml").read_text("utf-8")
    data = tomllib.loads(text)
    change(data)
    return msgspec.convert(data, BrandPack)


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for name in way:
            data = data[name]
        data[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("models.cime.vin", ["VF1AAB?Y*"], "can be of brise"),
        ("models.brise.vin", ["VF1AIB*"], "models"),
        ("models.brise.vin", ["V*"], "models"),
        ("models.brise.built_from", 2049, "built_from"),
        ("models.brise.built_from", 2018, "built_from"),
        ("models.brise.needs", {"telematics": ["satellite"]}, "needs.telematics"),
        ("models.brise.needs", {"wings": ["two"]}, "needs.wings"),
        ("models.brise.equipment.telematics.position", 10, "position"),
        ("models.brise.equipment.telematics.codes", {"YY": "built_in"}, "codes"),
        ("models.brise.countries", ["France"], "countries"),
        ("pairing.plan", "gold", "gold"),
        pytest.param("plans.connect.trial_months", 11, "plans[...].trial_months", marks=pytest.mark.req("SVC-2a")),
        ("plans.connect.products", [], "plans[...].products"),
        ("plans.connect.products", ["car", "boat"], "plans.connect.products: 'boat' is no product"),
        ("products.car.declarations", [], "products[...].declarations"),
        ("products.car.owner", "x", "unknown field"),
        ("commands.unlock.authority", "nobody", "commands"),
        ("commands.unlock.code", "yes", "commands"),
        ("pairing.valid_days", 3650, "valid_days"),
        ("countries", ["fr"], "countries"),
        ("levels", ["data", "position"], "the levels to choose from are private and"),
        ("levels", ["private"], "the levels to choose from are private and"),
        ("levels", ["private", "position", "data"], "from private upwards"),
        ("levels", ["private", "data", "data"], "from private upwards"),
        ("levels", ["private", "everything"], "levels[1]"),
    ],
)
def test_a_pack_that_contradicts_itself_is_refused_naming_the_place(path, value, told):
    with pytest.raises(msgspec.ValidationError, match=re.escape(told)):
        pack_with(_set(path, value))


@pytest.mark.req("PRV-1e")
def test_a_brand_may_know_two_privacy_levels():
    assert pack_with(_set("levels", ["private", "position"])).privacy_levels() == (Level.PRIVATE, Level.POSITION)
    assert pack_with(lambda data: data.pop("levels")).privacy_levels() == tuple(Level)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('plan = "connect"', 'plan = "gold"', "gold"),
        (', de = "Connect"', "", r"name is missing in de.*plans"),
    ],
)
def test_a_pack_on_disk_that_is_wrong_says_so_with_a_cure(tmp_path, old, new, what):
    text = files("openmarque.brands").joinpath("sample", "brand.toml").read_text("utf-8")
    (tmp_path / "brand.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(BrandPackInvalid, match=what):
        load_pack(tmp_path)


def test_the_sample_pack_shows_every_key():
    """Whoever copies it sees what there is: each key of a model, a feature and a pack stands in it at least once."""
    text = files("openmarque.brands").joinpath("sample", "brand.toml").read_text("utf-8")
    data = tomllib.loads(text)
    assert data.keys() == set(BrandPack.__struct_fields__)
    assert set().union(*data["models"].values()) == set(Model.__struct_fields__)
    features = [feature for model in data["models"].values() for feature in model.get("equipment", {}).values()]
    assert set().union(*features) == set(Feature.__struct_fields__)
    assert set().union(*data["plans"].values()) == set(Plan.__struct_fields__)
    assert set().union(*data["products"].values()) == set(Product.__struct_fields__)
    assert set().union(*data["commands"].values()) == set(CommandTerms.__struct_fields__)


def test_a_sample_vin_needs_a_serial_that_fits_and_a_model_that_is_there():
    for serial in (0, 1_000_000):
        with pytest.raises(ValueError, match="serial"):
            sample_vin(PACK, "brise", serial)
    with pytest.raises(KeyError):
        sample_vin(PACK, "zeppelin", 1)
