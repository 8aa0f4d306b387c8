"""Commands, notices and settings documents of a declaration: what can't be signed, shown or sent is refused with its place."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
import pytest

from openmarque.catalogue.decide import Ask, Kind, Permit, decide
from openmarque.catalogue.declarations import (
    LIFE_OF_TENURE,
    MONTHS_12,
    YEARS_10,
    CommandSpec,
    Declaration,
    DocumentScope,
    DocumentSpec,
    Item,
    NoticeSpec,
    Service,
)
from openmarque.catalogue.facts import ContractFact, Facts
from openmarque.catalogue.refusals import Reason, Refusal
from openmarque.catalogue.register import Catalogue, CatalogueInvalid
from openmarque.kit.clock import from_ms
from openmarque.kit.ids import new_uuid
from openmarque.protocol.commands import ARGUMENT_TEXT
from openmarque.protocol.levels import Level
from tests.lamps import LAMP, Settings

GLOW = LAMP.commands[0]


def arguments(*fields: Any, frozen: bool = True, forbid_unknown_fields: bool = True, **config: Any) -> CommandSpec:
    """The command with other arguments."""
    made = msgspec.defstruct("Other", fields, frozen=frozen, forbid_unknown_fields=forbid_unknown_fields, **config)
    return replace(GLOW, arguments=made)


def build(*declarations: Declaration) -> Catalogue:
    return Catalogue([Service(d.name, f"example.{d.name}", (d,)) for d in declarations])


def test_what_a_service_declares_is_found_by_its_name():
    catalogue = build(LAMP)
    lamp = catalogue.declarations["lamp"]
    assert catalogue.commands() == {"glow": (lamp, GLOW), "blink": (lamp, LAMP.commands[1])}
    assert set(catalogue.notices()) == {"bulb_broken", "lamp_stolen"}
    assert catalogue.documents() == {"lamp_evenings": (lamp, LAMP.documents[0])}


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (replace(GLOW, name="Glow!"), "lamp: command 'Glow!' is not named by"),
        (replace(GLOW, reasons=("bulb broken",)), "gives the reason 'bulb broken', which is no code"),
        (replace(GLOW, reasons=("x" * 41,)), "which is no code"),
        (replace(GLOW, begins_within_s=0), "times that do not grow"),
        (replace(GLOW, begins_within_s=16), "times that do not grow"),
        (replace(GLOW, lifetime_s=15), "times that do not grow"),
        (replace(GLOW, lifetime_s=301), "times that do not grow"),
        (replace(GLOW, arguments=dict), "must be a msgspec.Struct"),  # type: ignore[arg-type]
        (arguments(frozen=False), "must be frozen"),
        (arguments(forbid_unknown_fields=False), "must refuse what it does not know"),
        (arguments(array_like=True), "must be spelt as it is named"),
        (arguments(tag=True), "must be spelt as it is named"),
        (arguments(("n", int)), "argument 'n', which is a whole number without both limits"),
        (arguments(("n", Annotated[int, msgspec.Meta(ge=0)])), "without both limits"),
        (arguments(("n", Annotated[int, msgspec.Meta(ge=0, le=2**53)])), "without both limits"),
        (arguments(("t", str)), "argument 't', which is a text without limits"),
        (arguments(("t", Annotated[str, msgspec.Meta(max_length=65, pattern=ARGUMENT_TEXT)])), "text without limits"),
        (arguments(("t", Annotated[str, msgspec.Meta(max_length=8)])), "text without limits"),
        (arguments(("x", float)), "argument 'x', which the signed payload can't spell"),
        (arguments(("x", list[int])), "can't spell"),
        (arguments(("x", bool | None, None)), "can't spell"),
        (arguments(("x", Literal["é"])), "can't spell"),
        (arguments(("x", Literal[1, 2])), "can't spell"),
        (arguments(("Loud", bool)), "argument 'Loud', which is not named by"),
        (arguments(("n", Annotated[int, msgspec.Meta(ge=1, le=5)], 9)), "a default that its own limits refuse"),
        (arguments(*((f"a{i}", bool) for i in range(17))), "more than 16 arguments"),
    ],
)
def test_a_command_that_could_not_be_signed_or_shown_is_refused_with_its_place(command: CommandSpec, complaint: str):
    with pytest.raises(CatalogueInvalid, match=complaint):
        build(replace(LAMP, commands=(command,)))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"notices": (NoticeSpec("Bulb"),)}, "notice 'Bulb' is not named by"),
        ({"notices": (NoticeSpec("bulb", channels=("mail",)),)}, "does not stand in the centre"),
        ({"notices": (NoticeSpec("bulb", arguments=("car",)),)}, "has an argument 'car', which every notice has"),
        ({"notices": (NoticeSpec("bulb", retention=LIFE_OF_TENURE),)}, "must be kept for a number of days, 365 at most"),
        ({"notices": (NoticeSpec("bulb", retention=YEARS_10),)}, "must be kept for a number of days, 365 at most"),
        ({"notices": (NoticeSpec("bulb", arguments=("the side",)),)}, "argument 'the side', which is no name"),
        ({"documents": (DocumentSpec("evenings!", Settings),)}, "settings document 'evenings!' is not named by"),
        ({"documents": (DocumentSpec("evenings\n", Settings),)}, r"settings document 'evenings\\n' is not named by"),
        ({"documents": (DocumentSpec("evenings", Settings, schema=0),)}, "schema below 1"),
        ({"documents": (DocumentSpec("evenings", Settings, max_bytes=0),)}, "may have 0 bytes"),
        ({"documents": (DocumentSpec("evenings", Settings, max_bytes=12_289),)}, "may have 12289 bytes"),
        ({"documents": (DocumentSpec("evenings", Settings, schema=10_001),)}, "schema above 10000"),
        ({"documents": (DocumentSpec("evenings", Settings, set_by=frozenset()),)}, "set by nobody"),
        ({"documents": (DocumentSpec("evenings", Settings),)}, "is carried by 0 items"),
        ({"documents": ()}, "carries the settings document 'lamp_evenings', which it does not list"),
        ({"items": (Item("evenings", MONTHS_12, carried=("document:lamp_evenings",)),)}, "kept until tenure_ended"),
        ({"items": (Item("evenings", None, carried=("document:lamp_evenings",)),)}, "kept until tenure_ended"),
        (
            {"documents": (DocumentSpec("lamp_evenings", Settings, scope=DocumentScope.VEHICLE),)},
            "belongs to the vehicle, so its item is kept until overwritten",
        ),
    ],
)
def test_a_notice_or_settings_document_that_could_not_be_told_or_sent_is_refused(change: dict[str, Any], complaint: str):
    with pytest.raises(CatalogueInvalid, match=complaint):
        build(replace(LAMP, **change))


@pytest.mark.parametrize("what", ["command", "notice", "settings document"])
def test_two_services_may_not_use_one_name(what: str):
    alone: dict[str, Callable[[Declaration], Declaration]] = {
        "command": lambda d: replace(d, notices=(), documents=()),
        "notice": lambda d: replace(d, commands=(), documents=()),
        "settings document": lambda d: replace(d, commands=(), notices=()),
    }
    with pytest.raises(CatalogueInvalid, match=f"two {what}s are called"):
        build(LAMP, alone[what](replace(LAMP, name="torch")))


def test_in_private_mode_no_command_setting_or_notice_passes_but_a_security_notice():
    contract = ContractFact(frozenset({"lamp"}), active=True, starts_at=from_ms(0), ends_at=from_ms(10))
    facts = Facts(from_ms(1), new_uuid(), new_uuid(), contracts=(contract,), level=Level.PRIVATE)
    for kind, name in ((Kind.COMMAND, "glow"), (Kind.DOCUMENT, "lamp_evenings"), (Kind.NOTICE, "bulb_broken")):
        closed = decide(LAMP, facts, Ask("lamp", kind, name))
        assert isinstance(closed, Refusal)
        assert closed.reason is Reason.LEVEL_TOO_LOW
        assert isinstance(decide(LAMP, replace(facts, level=Level.DATA), Ask("lamp", kind, name)), Permit)
    assert isinstance(decide(LAMP, facts, Ask("lamp", Kind.NOTICE, "lamp_stolen")), Permit)
    unknown = decide(LAMP, facts, Ask("lamp", Kind.NOTICE, "invented"))
    assert isinstance(unknown, Refusal)
    assert unknown.reason is Reason.UNDECLARED
