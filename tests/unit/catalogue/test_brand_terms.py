"""What a brand asks for beyond the declarations: more before a command runs, never less."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from openmarque.brands.entitlements import held, opened_by, products_of, with_product
from openmarque.brands.pack import BrandPack, BrandPackInvalid, CommandTerms, load_pack
from openmarque.catalogue.brand_terms import pack_problems, unsold, with_terms
from openmarque.catalogue.decide import standing
from openmarque.catalogue.declarations import Authority, LegalBasis
from openmarque.catalogue.facts import Facts
from openmarque.catalogue.policy import CompiledPolicy, compile_policy
from openmarque.catalogue.register import Catalogue
from openmarque.governance.platform import installed_catalogue
from openmarque.kit.clock import from_ms
from openmarque.kit.ids import new_uuid
from tests.lamps import LAMP
from tests.unit.catalogue.test_capabilities import build

PACK = load_pack()


def pack(**commands: CommandTerms) -> BrandPack:
    return msgspec.structs.replace(PACK, commands=commands)


def authority_with(terms: CommandTerms, declared: Authority) -> Authority:
    lamp = replace(LAMP, commands=(replace(LAMP.commands[0], authority=declared),))
    return with_terms(lamp, pack(glow=terms)).commands[0].authority


@pytest.mark.req("AUT-10a")
@pytest.mark.parametrize(
    ("terms", "declared", "counts"),
    [
        (CommandTerms(), Authority.PLATFORM, Authority.PLATFORM),
        (CommandTerms(code=True), Authority.PLATFORM, Authority.DIGITAL_KEY_AND_CODE),
        (CommandTerms(code=True), Authority.DIGITAL_KEY, Authority.DIGITAL_KEY_AND_CODE),
        (CommandTerms("digital_key"), Authority.PLATFORM, Authority.DIGITAL_KEY),
        (CommandTerms("digital_key"), Authority.DIGITAL_KEY_AND_CODE, Authority.DIGITAL_KEY_AND_CODE),
        (CommandTerms("local"), Authority.DIGITAL_KEY, Authority.LOCAL),
        (CommandTerms(code=False), Authority.DIGITAL_KEY, Authority.DIGITAL_KEY),
        # Never less, whatever the pack says and whoever forgot to check it.
        (CommandTerms("platform", code=False), Authority.DIGITAL_KEY_AND_CODE, Authority.DIGITAL_KEY_AND_CODE),
        (CommandTerms("digital_key"), Authority.LOCAL, Authority.LOCAL),
    ],
)
def test_a_brand_raises_what_a_command_asks_for_and_never_lowers_it(
    terms: CommandTerms, declared: Authority, counts: Authority
):
    assert authority_with(terms, declared) is counts


@pytest.mark.req("AUT-10a")
@pytest.mark.parametrize(
    ("commands", "complaint"),
    [
        ({"fly": CommandTerms(code=True)}, "commands.fly: no installed service has this command"),
        ({"unlock": CommandTerms(code=False)}, "commands.unlock.code: false is less"),
        ({"unlock": CommandTerms("platform")}, "commands.unlock.authority: 'platform' is less"),
        ({"lock": CommandTerms("platform")}, "commands.lock.authority: 'platform' is less"),
    ],
)
def test_a_pack_that_asks_for_less_or_names_an_unknown_command_is_refused_with_the_key(commands: Any, complaint: str):
    with pytest.raises(BrandPackInvalid, match=complaint):
        installed_catalogue(pack(**commands))


def test_a_pack_that_asks_for_more_is_taken():
    catalogue = installed_catalogue(pack(lock=CommandTerms(code=True), refresh=CommandTerms("digital_key")))
    asked = {name: spec.authority for name, (_, spec) in catalogue.commands().items()}
    assert asked["lock"] is Authority.DIGITAL_KEY_AND_CODE
    assert asked["refresh"] is Authority.DIGITAL_KEY
    assert list(pack_problems(PACK, Catalogue(()).declarations.values())), "the sample names a command: unlock"


@pytest.mark.req("AUT-10a")
def test_the_policy_tells_the_car_what_the_brand_asks_for():
    facts = Facts(from_ms(1), new_uuid())
    raised = with_terms(LAMP, pack(glow=CommandTerms(code=True)))
    policy = CompiledPolicy(compile_policy(build(raised).service_declarations(), facts))
    assert policy.authority("lamp", "glow") is Authority.DIGITAL_KEY_AND_CODE
    assert policy.authority("lamp", "fly") is policy.authority("torch", "glow") is Authority.PLATFORM
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(policy.policy), type=type(policy.policy))
    assert read == policy.policy
    assert standing(LAMP, facts).authorities == {"glow": Authority.DIGITAL_KEY, "blink": Authority.PLATFORM}


@pytest.mark.parametrize(
    ("declarations", "complaint"),
    [
        (("status", "sunroof"), "products.car.declarations: 'sunroof' is of no installed service"),
        (("status", "contract"), "products.car.declarations: 'contract' is of no installed service"),
        (("alarm",), "products.car.declarations: 'alarm' is a legal duty"),
    ],
)
def test_a_product_that_holds_what_nobody_can_buy_is_refused_with_the_key(declarations: tuple[str, ...], complaint: str):
    duty = replace(LAMP, name="alarm", basis=LegalBasis.LEGAL_DUTY, commands=(), notices=(), documents=())
    known = [*installed_catalogue().declarations.values(), duty]
    car = msgspec.structs.replace(PACK.products["car"], declarations=declarations)
    problems = list(pack_problems(msgspec.structs.replace(PACK, products={**PACK.products, "car": car}), known))
    assert any(complaint in problem for problem in problems), problems


def test_a_service_that_no_product_holds_is_told():
    known = [*installed_catalogue().declarations.values(), LAMP, replace(LAMP, name="duty", basis=LegalBasis.LEGAL_DUTY)]
    assert list(unsold(PACK, known)) == ["lamp"]
    assert list(unsold(with_product(PACK, "connect", "lamps", ["lamp"]), known)) == []


@pytest.mark.req("SVC-2c")
def test_a_contract_opens_what_its_products_hold_in_the_pack_in_force():
    assert products_of(PACK, "connect") == ("car", "journeys")
    assert products_of(PACK, "gold") == ()
    assert opened_by(PACK, ["journeys", "boat"]) == {"trips", "trip_places"}
    assert held(PACK, "connect", None) == ("car", "journeys")
    assert held(PACK, "connect", ["car"]) == ("car",)
