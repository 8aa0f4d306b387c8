"""A life cycle is its table: what follows what, who may cause it, by when, and which tables contradict themselves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest

from openmarque.kit.lifecycle import (
    Actor,
    Change,
    Guard,
    Lifecycle,
    LifecycleInvalid,
    Limit,
    StepImpossible,
    StepNotYours,
    Transition,
    explore,
)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Debit(StrEnum):
    DUE = "due"
    SENT = "sent"
    PAID = "paid"
    UNPAID = "unpaid"


class Bank(StrEnum):
    SENDS = "sends"
    PAYS = "pays"
    RETURNS = "returns"


class Tries(StrEnum):
    """Not an event of a debit."""

    MADE = "made"


FEW = Guard[int]("fewer than three returns", lambda returns: returns < 3)
WAYS: tuple[Transition[Debit, Bank, int], ...] = (
    Transition(Debit.DUE, Bank.SENDS, Debit.SENT),
    Transition(Debit.SENT, Bank.PAYS, Debit.PAID, tells=("invoice_paid",)),
    Transition(Debit.SENT, Bank.RETURNS, Debit.DUE, FEW),
    Transition(Debit.SENT, Bank.RETURNS, Debit.UNPAID, tells=("payment_failed",)),
)
CAUSES = {
    Bank.SENDS: frozenset({Actor.TIME}),
    Bank.PAYS: frozenset({Actor.PARTNER}),
    Bank.RETURNS: frozenset({Actor.PARTNER, Actor.STAFF}),
}
LIFE = Lifecycle[Debit, Bank, int](
    "debit",
    initial=(Debit.DUE,),
    final=frozenset({Debit.PAID, Debit.UNPAID}),
    transitions=WAYS,
    causes=CAUSES,
    stale=frozenset({(Debit.PAID, Bank.PAYS)}),
    limits={Debit.DUE: Limit(Bank.SENDS, timedelta(days=1)), Debit.SENT: Limit(Bank.PAYS)},
)


def test_the_first_guard_that_holds_decides_where_an_event_leads():
    assert LIFE.after(Debit.SENT, Bank.RETURNS, 2) is Debit.DUE
    assert LIFE.after(Debit.SENT, Bank.RETURNS, 3) is Debit.UNPAID
    with pytest.raises(ValueError, match="none were given"):
        LIFE.after(Debit.SENT, Bank.RETURNS)


def test_a_change_says_who_caused_it_and_what_tells_of_it():
    assert LIFE.change(Debit.SENT, Bank.PAYS, Actor.PARTNER) == Change(
        Debit.SENT, Bank.PAYS, Debit.PAID, Actor.PARTNER, ("invoice_paid",)
    )
    assert LIFE.change(Debit.PAID, Bank.PAYS, Actor.PARTNER) is None, "what is known already changes nothing"
    assert LIFE.after(Debit.PAID, Bank.PAYS) is Debit.PAID


def test_who_may_not_cause_an_event_is_refused_with_those_who_may():
    with pytest.raises(StepNotYours) as refused:
        LIFE.change(Debit.SENT, Bank.RETURNS, Actor.OWNER, 1)
    assert (refused.value.http_status, refused.value.remedy) == (403, "It can be taken by: partner, staff.")


def test_what_the_table_does_not_hold_is_refused_with_what_is_possible():
    with pytest.raises(StepImpossible, match=r"It is sent; sends is not possible from there\.") as refused:
        LIFE.after(Debit.SENT, Bank.SENDS)
    assert refused.value.remedy.endswith("Possible now: pays, returns.")
    with pytest.raises(StepImpossible) as over:
        LIFE.after(Debit.UNPAID, Bank.PAYS)
    assert over.value.remedy.endswith("Possible now: nothing.")


def test_a_guard_that_does_not_hold_is_named():
    life = replace(LIFE, transitions=(*WAYS[:3], Transition(Debit.DUE, Bank.RETURNS, Debit.UNPAID)))
    with pytest.raises(StepImpossible, match=r"It is sent; returns needs: fewer than three returns\."):
        life.after(Debit.SENT, Bank.RETURNS, 3)


def test_a_state_ends_by_time_as_the_table_or_the_row_says():
    assert LIFE.due_at(Debit.DUE, NOW, timedelta(days=9)) == NOW + timedelta(days=1)
    assert LIFE.due_at(Debit.SENT, NOW, timedelta(days=9)) == NOW + timedelta(days=9)
    assert LIFE.due_at(Debit.PAID, NOW) is None
    with pytest.raises(ValueError, match="neither in the table nor in the row"):
        LIFE.due_at(Debit.SENT, NOW)


def test_the_drawing_shows_beginnings_ends_guards_and_limits():
    assert LIFE.diagram().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> due",
        "    due --> sent: sends after 1 day, 0:00:00",
        "    sent --> paid: pays",
        "    sent --> due: returns [fewer than three returns]",
        "    sent --> unpaid: returns",
        "    paid --> [*]",
        "    unpaid --> [*]",
    ]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"transitions": (*WAYS, Transition(Debit.DUE, Bank.SENDS, Debit.PAID))}, "sends from due leads to two states"),
        ({"transitions": (*WAYS, Transition(Debit.PAID, Bank.RETURNS, Debit.DUE))}, "paid is final, and returns leaves it"),
        ({"transitions": WAYS[:3]}, "nothing leads to unpaid"),
        ({"transitions": (*WAYS[:2], WAYS[3]), "initial": (Debit.SENT,)}, "nothing leads to due"),
        ({"final": frozenset({Debit.PAID})}, "no end is reached from unpaid, which is not final"),
        ({"final": frozenset()}, "nothing leaves paid, which is not final"),
        ({"initial": ()}, "it begins nowhere"),
        ({"stale": frozenset({(Debit.DUE, Bank.SENDS)})}, "sends from due is stale and leads on"),
        ({"causes": CAUSES | {Tries.MADE: frozenset({Actor.TIME})}}, "made happens nowhere"),
        (
            {"causes": {Bank.SENDS: frozenset({Actor.TIME}), Bank.PAYS: frozenset()}},
            "nobody causes pays; nobody causes returns",
        ),
        ({"limits": {Debit.PAID: Limit(Bank.SENDS)}}, "the limit of paid is sends, which leads nowhere from there"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_with_the_place(wrong, says):
    with pytest.raises(LifecycleInvalid) as refused:
        replace(LIFE, **wrong)
    assert says in refused.value.detail
    assert "the table of debit" in refused.value.remedy


def test_exploring_takes_every_way_or_names_the_one_that_is_never_taken():
    assert explore(LIFE, (0, 3)) == set(WAYS)
    with pytest.raises(LifecycleInvalid) as refused:
        explore(LIFE, (0, 1, 2))
    assert "returns from sent to unpaid is never taken" in refused.value.detail


def test_one_state_leads_to_another_over_others_and_never_back_from_an_end():
    assert LIFE.leads(Debit.DUE, Debit.UNPAID)
    assert LIFE.leads(Debit.DUE, Debit.DUE), "a debit that came back is due again"
    assert not LIFE.leads(Debit.PAID, Debit.PAID)
