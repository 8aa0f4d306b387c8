"""The catalogue as a whole: contradictions and omissions stop everything, each named."""

import re
from dataclasses import replace

import pytest

from openmarque.catalogue.declarations import OVERWRITTEN as KEPT
from openmarque.catalogue.declarations import Declaration, Item, LegalBasis, Processor, Retention, Service, Until
from openmarque.catalogue.register import Catalogue, CatalogueInvalid, installed_services
from openmarque.protocol import signals as vss
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType, Tombstone

GOOD = Declaration(
    name="lamp",
    version=1,
    basis=LegalBasis.CONTRACT,
    items=(Item("lamps", KEPT, signals=(vss.PARKING_LIGHTS,)),),
)


def build(*declarations: Declaration, types: tuple[MessageType, ...] = ()) -> Catalogue:
    return Catalogue([Service("lamp", "example.lamp", declarations, types)])


def test_the_installed_services_make_a_valid_catalogue() -> None:
    catalogue = Catalogue(installed_services())
    assert {"status", "car_finder", "trips", "trip_places"} <= set(catalogue.declarations)
    assert vss.LATITUDE in catalogue.declared_signals()


@pytest.mark.req("GDP-1b")
@pytest.mark.parametrize(
    ("declaration", "complaint"),
    [
        (replace(GOOD, items=(Item("lamps", KEPT, signals=("Vehicle.Invented",)),)), "no known signal"),
        (replace(GOOD, items=(Item("lamps", KEPT),)), "names no signal and no field"),
        (replace(GOOD, items=(*GOOD.items, *GOOD.items)), "two items are called 'lamps'"),
        (replace(GOOD, messages=("lamp_lit",)), "lamp_lit"),
    ],
)
def test_a_declaration_that_leaves_something_out_is_refused(declaration: Declaration, complaint: str) -> None:
    if declaration.messages:
        lonely = MessageType("lamp_out", Lane.EVENT, Tombstone, Level.DATA, "a lamp went out", "lamp")
        with pytest.raises(CatalogueInvalid, match="no declaration lists it"):
            build(declaration, types=(lonely,))
        return
    with pytest.raises(CatalogueInvalid, match=complaint):
        build(declaration)


@pytest.mark.req("GDP-8b")
def test_a_processor_outside_the_eea_needs_a_recorded_guarantee() -> None:
    abroad = Processor("Pushes Inc.", "push messages", "US")
    with pytest.raises(CatalogueInvalid, match="outside EU and EEA"):
        build(replace(GOOD, processors=(abroad,)))
    guaranteed = replace(abroad, guarantee="adequacy decision (EU) 2023/1795")
    assert (
        build(replace(GOOD, processors=(guaranteed, replace(abroad, country="IS")))).declarations["lamp"].processors[0].country
        == "US"
    )


@pytest.mark.req("GDP-1c")
def test_each_service_says_on_which_of_four_legal_bases_it_stands() -> None:
    assert {str(basis) for basis in LegalBasis} == {"consent", "contract", "legal_duty", "legitimate_interest"}
    declared = Catalogue(installed_services()).declarations.values()
    assert {one.basis for one in declared} <= set(LegalBasis)
    with pytest.raises(TypeError, match="basis"):
        Declaration(name="lamp", version=1, items=GOOD.items)  # type: ignore[call-arg]


@pytest.mark.req("GDP-8a")
def test_each_processor_of_a_service_says_its_country() -> None:
    processors = [one for declared in Catalogue(installed_services()).declarations.values() for one in declared.processors]
    assert processors
    assert [one.name for one in processors if re.fullmatch("[A-Z]{2}", one.country) is None] == []
    with pytest.raises(CatalogueInvalid, match="outside EU and EEA"):
        build(replace(GOOD, processors=(Processor("Pushes Inc.", "push messages", ""),)))


def test_two_declarations_of_one_name_are_refused() -> None:
    with pytest.raises(CatalogueInvalid, match="two declarations are called 'lamp'"):
        build(GOOD, GOOD)


def test_a_retention_states_days_exactly_where_they_mean_something() -> None:
    assert Retention(Until.AGE, 30).days == 30
    with pytest.raises(ValueError, match="needs a number"):
        Retention(Until.AGE)
    with pytest.raises(ValueError, match="takes no number"):
        Retention(Until.OVERWRITTEN, 30)
