"""The life of a contract is its table, and nothing else. REQ SVC-3."""

from itertools import product

import pytest

from openmarque.domains.contracts.rules import CONTRACT_LIFE, SERVING, ContractStepImpossible, State, Step


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_a_step_is_possible_exactly_where_the_table_has_it(state: State, step: Step) -> None:
    to = [way.to for way in CONTRACT_LIFE.transitions if (way.state, way.event) == (state, step)]
    if to:
        assert [CONTRACT_LIFE.after(state, step)] == to
    else:
        with pytest.raises(ContractStepImpossible, match=str(state)) as refused:
            CONTRACT_LIFE.after(state, step)
        assert all(str(event) in refused.value.remedy for event in CONTRACT_LIFE.possible(state))


@pytest.mark.req("SVC-3a")
def test_a_contract_can_come_to_stand_in_each_of_seven_ways_and_in_no_other() -> None:
    named = {"ordered", "activating", "active", "suspended", "expired", "withdrawn", "terminated"}
    assert {str(state) for state in State} == named
    assert {str(state) for state in CONTRACT_LIFE.reached(CONTRACT_LIFE.initial)} == named


def test_an_ended_contract_never_serves_again() -> None:
    assert CONTRACT_LIFE.final == {State.EXPIRED, State.WITHDRAWN, State.TERMINATED}
    assert not [state for state in CONTRACT_LIFE.final if not SERVING.isdisjoint(CONTRACT_LIFE.reached((state,)))]
