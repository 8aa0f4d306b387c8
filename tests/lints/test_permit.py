"""Only decide() makes a permit."""

import pytest

from tests.lints.planting import refusals
from tools.lints import permit

IMPORT = "from openmarque.catalogue.decide import Permit\n"


@pytest.mark.parametrize(
    "forgery",
    [
        "Permit(service='trips')",
        "Permit.__new__(Permit)",
        "object.__new__(Permit)",
        "class Forged(Permit): ...",
        "make = Permit",
        "msgspec.convert({}, Permit)",
        "msgspec.msgpack.Decoder(list[Permit])",
        "decision = decide.Permit()",
        "cast(Permit, None)",
        "getattr(decide, 'Permit')()",
        "dataclasses.replace(permit, level=3)",
        "msgspec.structs.replace(self.permit, level=3)",
        "msgspec.structs.force_setattr(the_permit, 'level', 3)",
        "copy.replace(facts['permit'], level=3)",
        "object.__setattr__(permit, 'level', 3)",
        "permit.__replace__(level=3)",
        "type(permit)()",
        "partial(Permit, service='trips')",
    ],
)
def test_a_forged_permit_is_refused(forgery):
    assert refusals(permit, IMPORT + forgery) == [2]


@pytest.mark.parametrize("importing", ["from openmarque.catalogue.decide import Permit as P", "from a import decide as P"])
def test_an_import_under_another_name_hides_nothing(importing):
    call = "P()" if "Permit" in importing else "P.Permit()"
    assert refusals(permit, f"{importing}\n{call}") == [2]


@pytest.mark.parametrize("deciding", ["decide", "policy"])
def test_the_deciding_modules_make_permits(deciding):
    assert refusals(permit, IMPORT + "Permit()", at=f"src/openmarque/catalogue/{deciding}.py") == []


def test_the_rest_of_the_catalogue_makes_none():
    assert refusals(permit, IMPORT + "Permit()", at="src/openmarque/catalogue/facts.py") == [2]


@pytest.mark.parametrize(
    "innocent",
    [
        "def store(permit: Permit, others: list[Permit]) -> Permit | None: ...",
        "granted: dict[str, Permit] = {}",
        "Decision = Permit | Refusal",
        "if isinstance(decision, Permit): pass",
        "match decision:\n    case Permit(service=service): pass",
        "dataclasses.replace(trip, end=now)",
        "type(trip)()",
        "ParkingPermit()",
        "object.__setattr__(trip, 'end', now)",
    ],
)
def test_speaking_of_permits_is_free(innocent):
    assert refusals(permit, IMPORT + innocent) == []
