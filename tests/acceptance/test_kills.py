"""Kill -9 at named points: nothing acknowledged is lost, nothing is kept twice, and the end is that of an undisturbed run.

`faults/` holds the machinery; here are the seeds. `make prove` runs a hundred. An observer outside (it decrypts the link) saw each
acknowledgement; what it saw is compared with the database.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from faults.evidence import State, broken_promises, differences
from faults.ground import KillableGround, killable_ground_up
from faults.mqtt import Kind, Packet
from faults.plan import CAR_POINTS, PARTS, WORKER_POINTS, Plan, plan_of
from faults.proxy import Proxy, Seen
from faults.run import Report, run
from openmarque.catalogue.records import values_of
from openmarque.protocol.envelope import Ack, Answer, Disposition, Envelope, Lane, Trust, encode, pack
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import POLICY_ACCEPTED, PolicyAccepted
from openmarque.storage.base import import_tables
from openmarque.storage.events import event_specs
from tests.conftest import BUDGET
from tests.samples import sample, service_samples

SEEDS = range(BUDGET.of(4, 100))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[KillableGround]:
    async with killable_ground_up() as running:
        yield running


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return []


@pytest.mark.req("LNK-3a", "LNK-3b")
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("seed", SEEDS)
async def test_no_kill_loses_or_doubles_what_was_acknowledged(ground: KillableGround, reports: list[Report], seed: int) -> None:
    report = await run(ground, seed)
    reports.append(report)
    assert not report.problems, f"{report}\nSee it again with: {report.command}"
    assert report.acknowledgements > 10


@pytest.mark.asyncio(loop_scope="module")
async def test_a_worker_that_acknowledges_before_it_commits_is_found_out(ground: KillableGround) -> None:
    report = await run(ground, 0, Plan(worker=("lie:5",)))
    assert any("worker lie" in kill for kill in report.kills)
    assert any("acknowledged" in problem for problem in report.problems), report


def test_every_named_point_was_hit(reports: list[Report]) -> None:
    if len(reports) < len(SEEDS):
        pytest.skip("not all seeds were run")
    hit = {kill.partition(":")[0] for report in reports for kill in report.kills}
    assert hit >= {*(f"worker {point}" for point in WORKER_POINTS), *(f"car {point}" for point in CAR_POINTS), *PARTS}


def test_four_seeds_in_a_row_reach_every_point() -> None:
    plans = [plan_of(seed) for seed in range(4)]
    assert {fuse.partition(":")[0] for plan in plans for fuse in plan.worker} == set(WORKER_POINTS)
    assert {fuse.partition(":")[0] for plan in plans for fuse in plan.car} == set(CAR_POINTS)
    assert {strike.part for plan in plans for strike in plan.strikes} == set(PARTS)


# The evidence itself can fail

import_tables()
SPECS = event_specs()
SPEC = min((spec for spec in SPECS.values() if spec.message), key=lambda spec: spec.table)
"""A kind of event that a car tells; any would do."""
BODY = service_samples().get(SPEC.message) or sample(SPEC.body)
_body: Any = SPEC.body
ROW = values_of(_body)(BODY)
EVENT = Envelope(1, Lane.EVENT, 1, 0, Trust.SYNCED, Level.DATA, SPEC.message, pack(BODY))
POLICY = Envelope(1, Lane.EVENT, 1, 0, Trust.SYNCED, Level.PRIVATE, POLICY_ACCEPTED, pack(PolicyAccepted(7, "")))
KEPT = State({table: [ROW] if table == SPEC.table else [] for table in SPECS}, (1, 1, 0, 0), (3, True), [], [], {}, 0, 7)


def seen(*messages: Envelope | Ack) -> Proxy:
    """An observer that saw these pass."""
    proxy = Proxy.__new__(Proxy)
    proxy.log = []
    for message in messages:
        up = isinstance(message, Envelope)
        topic = f"v/x/{'up/event' if up else 'down/ack'}".encode()
        body = len(topic).to_bytes(2, "big") + topic + encode(message)
        proxy.log.append(Seen(up, Packet(Kind.PUBLISH, 0, body)))
    return proxy


STORED = Ack(1, Lane.EVENT, 1, (Answer(1, Disposition.STORED),))


def test_evidence_that_is_whole_says_nothing() -> None:
    assert list(broken_promises(seen(EVENT, STORED), KEPT)) == []
    assert list(broken_promises(seen(POLICY, STORED), KEPT)) == []


@pytest.mark.parametrize(
    ("log", "state", "complaint"),
    [
        ((EVENT, STORED), {"events": KEPT.events | {SPEC.table: []}}, "acknowledged as stored and is not there"),
        ((POLICY, STORED), {"accepted": 6}, "acknowledged as stored and is not there"),
        ((EVENT, STORED), {"events": KEPT.events | {SPEC.table: [ROW, ROW]}}, "kept 2 times"),
        ((EVENT, STORED), {"link": (1, 0, 0, 0)}, "acknowledged up to 1, kept is 0"),
        ((EVENT,), {"link": (1, 0, 0, 0)}, "up to 1, and 0 is settled"),
        ((EVENT, STORED, Ack(1, Lane.EVENT, 0)), {}, "went back"),
        ((STORED,), {}, "answered and never sent"),
        (
            (EVENT, Envelope(1, Lane.EVENT, 1, 9, Trust.SYNCED, Level.DATA, SPEC.message, pack(BODY))),
            {},
            "with another content",
        ),
    ],
)
def test_evidence_of_a_broken_promise_is_found(log, state, complaint) -> None:
    found = list(broken_promises(seen(*log), replace(KEPT, **state)))
    assert any(complaint in problem for problem in found)


def test_another_final_state_is_found() -> None:
    assert list(differences(KEPT, KEPT)) == []
    assert len(list(differences(KEPT, replace(KEPT, refusals=[("bad_figures", SPEC.message, 2)])))) == 1
