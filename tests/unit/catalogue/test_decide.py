"""The engine: what each fact opens and closes, and that the compiled policy gives the very same answers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from openmarque.catalogue.decide import Ask, Kind, Permit, decide, moment_of
from openmarque.catalogue.declarations import OVERWRITTEN, Declaration, Item, LegalBasis
from openmarque.catalogue.facts import ContractFact, Facts
from openmarque.catalogue.policy import CompiledPolicy, Policy, PolicyRejected, compile_policy, open_policy, sign_policy
from openmarque.catalogue.refusals import Reason, Refusal
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.clock import to_ms
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import STATUS, STATUS_WITH_PLACE
from openmarque.protocol.signing import PublicKey, key_id

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CAR = UUID(int=7)
TENURE = UUID(int=8)
DAY = timedelta(days=1)
EVERYTHING = frozenset({"status", "car_finder", "trips", "trip_places", "lock", "alarm", "breakdown_call"})
TRIAL = ContractFact(EVERYTHING, active=True, starts_at=NOW - DAY, ends_at=NOW + 365 * DAY)
OPEN = Facts(
    now=NOW,
    vehicle_id=CAR,
    tenure_id=TENURE,
    policy_version=3,
    capabilities=frozenset({"telematics"}),
    contracts=(TRIAL,),
    level=Level.POSITION,
)
CATALOGUE = Catalogue(installed_services())
SPEED = Ask("status", Kind.SIGNAL, vss.SPEED)
PLACE = Ask("car_finder", Kind.SIGNAL, vss.LATITUDE)

ECALL = Declaration(
    name="ecall",
    version=1,
    basis=LegalBasis.LEGAL_DUTY,
    items=(Item("position", OVERWRITTEN, signals=(vss.LATITUDE, vss.LONGITUDE)),),
)

BREAKDOWN = Declaration(
    name="breakdown_call",
    version=1,
    basis=LegalBasis.CONTRACT,
    items=(Item("call", OVERWRITTEN, carried=("wire:breakdown_call.at",)),),
    capability="telematics",
    messages=("breakdown_call",),
)


def answer(facts: Facts, ask: Ask) -> Permit | Refusal:
    return decide(CATALOGUE.declarations.get(ask.declaration), facts, ask)


def reason(facts: Facts, ask: Ask) -> Reason | None:
    result = answer(facts, ask)
    return result.reason if isinstance(result, Refusal) else None


def test_a_permit_names_what_it_covers_and_the_policy_it_was_judged_by() -> None:
    permit = answer(OPEN, SPEED)
    assert isinstance(permit, Permit)
    assert (permit.covers, permit.tenure_id, permit.policy_version) == (frozenset({vss.SPEED}), TENURE, 3)
    assert permit.until_ms == to_ms(TRIAL.ends_at)


@pytest.mark.req("SVC-12b")
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (replace(OPEN, tenure_id=None), Reason.NO_TENURE),
        (replace(OPEN, capabilities=frozenset()), Reason.NO_CAPABILITY),
        (replace(OPEN, contracts=()), Reason.NO_CONTRACT),
        (replace(OPEN, contracts=(replace(TRIAL, opens=frozenset({"trips"})),)), Reason.NO_CONTRACT),
        (replace(OPEN, contracts=(replace(TRIAL, active=False),)), Reason.NO_CONTRACT),
        (replace(OPEN, contracts=(replace(TRIAL, starts_at=NOW + DAY),)), Reason.CONTRACT_NOT_STARTED),
        (replace(OPEN, contracts=(replace(TRIAL, ends_at=NOW),)), Reason.CONTRACT_ENDED),
        (replace(OPEN, switched_off_in_app=frozenset({"status"})), Reason.SWITCHED_OFF),
        (replace(OPEN, switched_off_in_car=frozenset({"status"})), Reason.SWITCHED_OFF_IN_CAR),
        (replace(OPEN, remote_access=False), Reason.REMOTE_ACCESS_OFF),
        (replace(OPEN, level=None), Reason.LEVEL_TOO_LOW),
        (replace(OPEN, level=Level.PRIVATE), Reason.LEVEL_TOO_LOW),
        (replace(OPEN, ceiling=Level.PRIVATE), Reason.CEILING),
    ],
)
def test_each_missing_fact_closes_a_service_with_its_own_reason(facts: Facts, expected: Reason) -> None:
    assert reason(facts, SPEED) is expected


def test_what_is_not_declared_is_refused() -> None:
    assert reason(OPEN, Ask("status", Kind.SIGNAL, vss.LATITUDE)) is Reason.UNDECLARED
    assert reason(OPEN, Ask("status", Kind.SIGNAL, "Vehicle.Invented")) is Reason.UNDECLARED
    assert reason(OPEN, Ask("nobody", Kind.SIGNAL, vss.SPEED)) is Reason.UNDECLARED
    assert reason(OPEN, Ask("status", Kind.COMMAND, vss.SPEED)) is Reason.UNDECLARED


@pytest.mark.req("GDP-1d", "GDP-12b")
def test_a_service_without_a_retention_is_refused_however_open_everything_else_is() -> None:
    alarm = replace(ECALL, name="alarm", basis=LegalBasis.CONTRACT, items=(Item("place", None, (vss.LATITUDE,)),))
    result = decide(alarm, OPEN, Ask("alarm", Kind.SIGNAL, vss.LATITUDE))
    assert isinstance(result, Refusal)
    assert result.reason is Reason.NO_RETENTION


@pytest.mark.parametrize(
    ("level", "speed", "place"),
    [(Level.PRIVATE, False, False), (Level.DATA, True, False), (Level.POSITION, True, True)],
)
def test_the_level_opens_data_first_and_the_place_last(level: Level, speed: bool, place: bool) -> None:
    facts = replace(OPEN, level=level)
    assert isinstance(answer(facts, SPEED), Permit) is speed
    assert isinstance(answer(facts, PLACE), Permit) is place


def test_a_value_captured_at_a_lower_level_stays_out_after_the_level_was_raised() -> None:
    assert reason(OPEN, replace(PLACE, captured=Level.DATA)) is Reason.CAPTURED_BELOW_LEVEL
    assert reason(OPEN, replace(PLACE, captured=Level.POSITION)) is None


def test_a_legal_duty_is_open_in_private_mode_without_owner_contract_or_equipment() -> None:
    bare = Facts(now=NOW, vehicle_id=CAR, level=Level.PRIVATE, ceiling=Level.PRIVATE, remote_access=False)
    assert isinstance(decide(ECALL, bare, Ask("ecall", Kind.SIGNAL, vss.LATITUDE)), Permit)


@pytest.mark.parametrize("level", Level)
def test_a_call_for_help_by_contract_is_blocked_in_private_mode_and_in_no_other(level) -> None:
    facts, ask = replace(OPEN, level=level), Ask("breakdown_call", Kind.MESSAGE, "breakdown_call")
    result = decide(BREAKDOWN, facts, ask)
    assert (result.reason if isinstance(result, Refusal) else None) == (
        Reason.LEVEL_TOO_LOW if level is Level.PRIVATE else None
    )
    # The car's own copy of the rule says the same.
    rules = CompiledPolicy(compile_policy((*CATALOGUE.service_declarations(), BREAKDOWN), facts))
    assert isinstance(rules.judge(ask, moment_of(facts)), Permit) is (level is not Level.PRIVATE)


def test_after_its_policy_has_run_out_a_car_keeps_its_legal_duties_and_nothing_else() -> None:
    rules = CompiledPolicy(compile_policy((*CATALOGUE.service_declarations(), ECALL), OPEN))
    late = replace(moment_of(OPEN), now_ms=rules.policy.valid_until_ms)
    assert isinstance(rules.judge(Ask("ecall", Kind.SIGNAL, vss.LATITUDE), late), Permit)
    refused = rules.judge(SPEED, late)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.POLICY_EXPIRED
    assert rules.open_signals(STATUS, Level.POSITION, late).covers == frozenset()


def test_a_refusal_is_told_in_the_language_of_its_reader() -> None:
    assert Refusal("status", "x", Reason.LEVEL_TOO_LOW).text("fr") != Refusal("status", "x", Reason.LEVEL_TOO_LOW).text("en")
    assert Refusal("status", "x", Reason.LEVEL_TOO_LOW).text("xx") == Refusal("status", "x", Reason.LEVEL_TOO_LOW).text("en")


contracts = st.builds(
    lambda opens, active, start, length: ContractFact(opens, active, NOW + start * DAY, NOW + (start + length) * DAY),
    st.sampled_from([EVERYTHING, frozenset({"status", "trips"}), frozenset[str]()]),
    st.booleans(),
    st.integers(-40, 40),
    st.integers(1, 60),
)
names = st.frozensets(st.sampled_from(["status", "car_finder", "trips", "trip_places", "services_without_position"]))
levels = st.sampled_from(Level)
all_facts = st.builds(
    lambda tenure, capabilities, contracts, app, car, remote, level, ceiling: Facts(
        now=NOW,
        vehicle_id=CAR,
        tenure_id=tenure,
        policy_version=1,
        capabilities=capabilities,
        contracts=tuple(contracts),
        switched_off_in_app=app,
        switched_off_in_car=car,
        remote_access=remote,
        level=level,
        ceiling=ceiling,
    ),
    st.sampled_from([TENURE, TENURE, TENURE, None]),
    st.sampled_from([frozenset({"telematics"}), frozenset({"telematics"}), frozenset[str]()]),
    st.lists(contracts, max_size=3),
    names,
    names,
    st.booleans(),
    st.none() | levels,
    levels,
)
everything = [
    Ask(d.name, kind, name)
    for d in (*CATALOGUE.service_declarations(), ECALL)
    for kind, held in ((Kind.SIGNAL, d.signal_levels()), (Kind.FIELD, d.field_levels()), (Kind.MESSAGE, d.messages))
    for name in held
]


@given(all_facts, st.sampled_from(everything), st.none() | levels)
def test_the_compiled_policy_answers_as_decide_does(facts: Facts, ask: Ask, captured: Level | None) -> None:
    ask = replace(ask, captured=captured)
    policy = compile_policy((*CATALOGUE.service_declarations(), ECALL), facts)
    carried = msgspec.msgpack.decode(msgspec.msgpack.encode(policy), type=Policy)
    declaration = ECALL if ask.declaration == "ecall" else CATALOGUE.declarations[ask.declaration]
    assert CompiledPolicy(carried).judge(ask, moment_of(facts)) == decide(declaration, facts, ask)


@given(all_facts, levels, st.integers(-50, 50))
def test_a_whole_status_is_open_exactly_where_its_signals_are(facts: Facts, captured: Level, days: int) -> None:
    rules = CompiledPolicy(compile_policy(CATALOGUE.service_declarations(), facts))
    moment = replace(moment_of(facts), now_ms=to_ms(NOW + days * DAY))
    whole = rules.open_signals(STATUS_WITH_PLACE, captured, moment).covers
    one_by_one = {
        ask.name
        for ask in everything
        if ask.kind is Kind.SIGNAL
        and ask.declaration != "ecall"
        and isinstance(rules.judge(replace(ask, captured=captured), moment), Permit)
    }
    assert whole == one_by_one


@given(all_facts)
def test_a_status_answer_kept_from_earlier_is_not_used_past_the_instant_at_which_it_changes(facts: Facts) -> None:
    rules = CompiledPolicy(compile_policy(CATALOGUE.service_declarations(), facts))
    for days in range(-45, 110, 5):
        moment = replace(moment_of(facts), now_ms=to_ms(NOW + days * DAY))
        fresh = CompiledPolicy(rules.policy).open_signals(STATUS_WITH_PLACE, Level.POSITION, moment)
        assert rules.open_signals(STATUS_WITH_PLACE, Level.POSITION, moment).covers == fresh.covers


@pytest.mark.req("PRV-6d")
def test_no_policy_can_raise_the_level_set_in_the_car() -> None:
    rules = CompiledPolicy(compile_policy(CATALOGUE.service_declarations(), OPEN))
    private = replace(moment_of(OPEN), level=Level.PRIVATE)
    assert all(isinstance(rules.judge(ask, private), Refusal) for ask in everything if ask.declaration != "ecall")


def test_a_policy_is_only_good_for_its_own_car_by_a_known_key_and_not_older_than_the_one_in_force() -> None:
    key = Ed25519PrivateKey.generate()
    keys: dict[str, PublicKey] = {key_id(key.public_key()): key.public_key()}
    policy = compile_policy(CATALOGUE.service_declarations(), OPEN)
    frame = sign_policy(policy, key)
    assert open_policy(frame, CAR, keys, newest=3)[0] == policy
    stranger = sign_policy(policy, Ed25519PrivateKey.generate())
    attempts: list[tuple[bytes, UUID, Mapping[str, PublicKey], int | None]] = [
        (frame, UUID(int=9), keys, None),
        (frame, CAR, {}, None),
        (frame, CAR, keys, 4),
        (frame[:-1] + bytes([frame[-1] ^ 1]), CAR, keys, None),
        (b"garbage", CAR, keys, None),
        (stranger, CAR, keys, None),
    ]
    for given_frame, car, known, newest in attempts:
        with pytest.raises(PolicyRejected):
            open_policy(given_frame, car, known, newest)
