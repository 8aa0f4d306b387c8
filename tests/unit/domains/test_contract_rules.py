"""The life of a contract is its table, and nothing else. REQ SVC-3."""

from itertools import product

import pytest

from openmarque.domains.contracts.rules import SERVING, TRANSITIONS, State, Step, StepImpossible, after


@pytest.mark.req("SVC-3")
@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_a_step_is_possible_exactly_where_the_table_has_it(state: State, step: Step) -> None:
    if (state, step) in TRANSITIONS:
        assert after(state, step) is TRANSITIONS[state, step]
    else:
        with pytest.raises(StepImpossible, match=str(state)):
            after(state, step)


def test_an_ended_contract_never_serves_again() -> None:
    ended = {State.EXPIRED, State.WITHDRAWN, State.TERMINATED}
    assert not ended & {state for state, _ in TRANSITIONS}
    assert not ended & SERVING
