"""The deterministic world: nothing that is promised breaks under faults, and what is broken on purpose is found."""

import json
import os
import subprocess
import sys

import pytest
from typer import Typer
from typer.testing import CliRunner

from openmarque.cli.world import register
from openmarque.simulator.world.exploration import explore
from openmarque.simulator.world.world import DEFAULT_STEPS
from tests.acceptance.planted import PLANTED
from tests.acceptance.planted_documents import DOCUMENTS_PLANTED
from tests.world_probe import with_probe
from tools.planted import MOST_SEEDS, replay

ALL_KINDS = {
    *("frame_lost", "frame_repeated", "frame_late", "batch_delayed"),
    *("car_crash_before_commit", "car_crash_after_commit", "car_reset", "clock_jump", "coverage_lost"),
    *("worker_crash", "worker_restart", "transaction_given_up", "database_outage"),
    *("contract_began", "contract_ended", "switched_on", "switched_off", "policy_recompiled", "tenure_changed"),
    *("greeting_forged", "levels_changed"),
    *("command_replayed", "command_kept_back", "command_of_former_owner", "clock_set_back"),
}


@pytest.mark.req("LNK-3a", "LNK-3b", "LNK-3c", "LNK-3d", "PRV-5a", "PRV-6d", "RC-6c", "RC-6d", "RC-6e")
@pytest.mark.timeout(7200)
def test_no_promise_breaks_whatever_goes_wrong(budget):
    result = explore(budget.of(30, 20_000))
    for failure in result.failures:
        pytest.fail("\n".join([*failure.lines(), f"{failure.invariant}: {failure.detail}", failure.command]))
    assert set(result.faults) >= ALL_KINDS, "every kind of fault was injected"
    assert result.asked["trips"] > result.seeds / 2, "a question that is asked of nothing proves nothing"
    assert result.asked["places"] > result.seeds / 10
    assert result.asked["values"] > result.seeds


def test_no_promise_breaks_for_a_service_that_does_all_that_a_service_can(budget):
    result = explore(budget.of(8, 4_000), installed=with_probe())
    for failure in result.failures:
        pytest.fail("\n".join([*failure.lines(), f"{failure.invariant}: {failure.detail}", f"seed {failure.seed}"]))
    assert result.asked["runs"] > result.seeds, "a promise about wakes proves nothing where nobody is woken"
    assert result.asked["documents"] > result.seeds
    assert result.faults["command_unsound"] > result.seeds


@pytest.mark.parametrize("fault", [*PLANTED.values(), *DOCUMENTS_PLANTED], ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(fault, budget):
    found = replay(fault, search=budget.large)
    assert found is not None, f"{MOST_SEEDS} worlds did not notice one that {fault.name}"
    assert found.invariant in fault.reported_as


def test_the_same_seed_gives_the_same_world_in_every_process():
    program = "from openmarque.simulator.world.exploration import explore; print(explore(3, 5, steps=800).digests)"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "77")
    }
    here = explore(3, 5, steps=800).digests
    assert outputs == {f"{here}\n"}
    assert len(set(here.values())) == 3, "another seed gives another world"


def command() -> Typer:
    app = Typer()
    register(app)
    app.command("other")(lambda: None)  # one command alone would be no sub-command
    return app


def test_the_command_tells_steps_and_faults():
    ran = CliRunner().invoke(command(), ["world", "--seeds", "2", "--steps", "500", "--json"])
    document = json.loads(ran.stdout)
    assert (ran.exit_code, document["seeds"], document["failures"]) == (0, 2, [])
    assert document["steps"] > 1000
    assert "No invariant broke." in CliRunner().invoke(command(), ["world", "--seeds", "1", "--steps", "200"]).stdout


def test_the_command_names_the_seed_of_a_failure_and_how_to_see_it_again(monkeypatch):
    fault = PLANTED["acknowledges before the commit"]
    failing = explore(1, fault.seed, parts=fault.parts).failures[0]
    monkeypatch.setattr("openmarque.simulator.world.world.Parts", lambda: fault.parts)
    ran = CliRunner().invoke(command(), ["world", "--seeds", "1", "--first-seed", str(failing.seed), "--json"])
    found = json.loads(ran.stdout)["failures"][0]
    assert (ran.exit_code, found["seed"], found["invariant"]) == (1, failing.seed, failing.invariant)
    assert found["command"] == f"openmarque world --seeds 1 --first-seed {failing.seed} --steps {DEFAULT_STEPS}"
    assert found["last"] == failing.lines()
    told = CliRunner().invoke(command(), ["world", "--seeds", "1", "--first-seed", str(failing.seed)])
    assert failing.command in told.stdout.replace("\n", " ")
