"""Services that ask to be woken, in the deterministic world: through crashes, sleep, resets and clocks that jump each is woken once, in time."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from openmarque.simulator.world.exploration import explore
from openmarque.simulator.world.world import START
from tests.acceptance.planted_wakes import ROUGH, WAKES_PLANTED, with_alarm_and_pulse
from tools.planted import MOST_SEEDS, replay

CLOCKS_CHANGE = {
    "clocks go back in Paris": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    "clocks go forward in Paris": datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
}


def lived(seeds: int, start: datetime = START) -> Counter[str]:
    """What became of the wakes in so many worlds."""
    result = explore(seeds, steps=1_200, installed=with_alarm_and_pulse(), faults=ROUGH, start=start)
    for failure in result.failures:
        pytest.fail("\n".join([*failure.lines(), f"{failure.invariant}: {failure.detail}", f"seed {failure.seed}"]))
    return result.asked


@pytest.mark.timeout(7200)
def test_a_service_is_woken_once_and_in_time_whatever_goes_wrong(budget):
    wakes = lived(budget.of(8, 2_000))
    assert wakes["wakes_run"] > 200
    assert wakes["wakes_too_late"], "clocks went forward over what was asked for"
    assert wakes["wakes_already_run"], "clocks went back over what was run"


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("start", CLOCKS_CHANGE.values(), ids=CLOCKS_CHANGE)
def test_a_local_time_is_run_once_also_when_clocks_change(budget, start):
    assert lived(budget.of(3, 500), start)["wakes_run"] > 50


@pytest.mark.parametrize("fault", WAKES_PLANTED, ids=lambda fault: fault.name)
def test_a_kernel_that_breaks_a_promise_of_waking_is_found(fault, budget):
    found = replay(fault, search=budget.large)
    assert found is not None, f"{MOST_SEEDS} worlds did not notice one that {fault.name}"
    assert found.invariant in fault.reported_as
