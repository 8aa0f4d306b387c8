"""The status lane's own check of a value answers as the signal does."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from openmarque.catalogue.facts import ContractFact, Facts
from openmarque.catalogue.policy import compile_policy, sign_policy
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import TenureId
from openmarque.link.evaluating import PolicyEvaluator
from openmarque.link.ports import PolicyRow
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import STATUS, STATUS_WITH_PLACE
from openmarque.protocol.signals import IGNITION, PLACE_SIGNALS, SIGNALS, SPEED, Kind, Value
from openmarque.protocol.times import MAX_BEHIND_MS

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
CAR, OWNER = UUID(int=7), TenureId(UUID(int=70))
CATALOGUE = Catalogue(installed_services())
DECLARED = frozenset(CATALOGUE.declared_signals())
values = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63), st.floats(), st.text(max_size=70), st.integers(-200, 200), st.floats(-200, 200)
)


def judge(level: Level = Level.POSITION, ends: datetime = NOW + timedelta(days=9)) -> PolicyEvaluator:
    contract = ContractFact(frozenset(CATALOGUE.declarations), True, NOW - timedelta(days=1), ends)
    facts = Facts(
        now=NOW,
        vehicle_id=CAR,
        tenure_id=OWNER,
        policy_version=1,
        capabilities=frozenset({"telematics"}),
        contracts=(contract,),
    )
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"p" * 32)
    frame = sign_policy(compile_policy(CATALOGUE.service_declarations(), facts), key)
    return PolicyEvaluator(PolicyRow(1, OWNER, frame, "", level, Level.POSITION))


@given(st.sampled_from(sorted(DECLARED)), values)
def test_the_limits_of_a_path_accept_what_its_signal_accepts(path, value):
    limits = judge().open_paths(STATUS_WITH_PLACE, Level.POSITION, to_ms(NOW)).limits[path]
    assert limits.accept(value) == SIGNALS[path].accepts(value)


OPEN = judge().open_paths(STATUS_WITH_PLACE, Level.POSITION, to_ms(NOW))
ages = st.one_of(st.integers(0, 10_000), st.integers(-5, 2**40), st.sampled_from([-1, 0, MAX_BEHIND_MS, MAX_BEHIND_MS + 1]))
fitting = st.sampled_from([True, False, 0, 1, 50, 50.5, "ON"])


def body_of(values: object, *more: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode((values, *more)))


def faultless(sent: dict[str, tuple[Value, int]]) -> bool:
    return all(
        path in OPEN.limits and OPEN.limits[path].accept(value) and 0 <= age <= MAX_BEHIND_MS
        for path, (value, age) in sent.items()
    )


@given(st.dictionaries(st.sampled_from(sorted(SIGNALS)), st.tuples(values, ages), max_size=4))
def test_a_body_with_any_fault_is_not_read_in_one_go(sent):
    assert OPEN.faultless.read(body_of(sent)) == (sent if faultless(sent) else None)


@given(st.dictionaries(st.sampled_from(sorted(DECLARED)), st.tuples(fitting, st.integers(0, MAX_BEHIND_MS))))
def test_a_faultless_body_of_any_size_is_read_as_it_was_sent(sent):
    right = {path: timed for path, timed in sent.items() if OPEN.limits[path].accept(timed[0])}
    read = OPEN.faultless.read(body_of(right))
    assert read is not None
    assert list(read.items()) == list(right.items())
    assert [type(value) for value, _ in read.values()] == [type(value) for value, _ in right.values()]


def many(count: int) -> dict[str, tuple[bool, int]]:
    switches = [path for path in sorted(DECLARED) if SIGNALS[path].kind is Kind.BOOLEAN]
    return dict.fromkeys(switches[:count], (True, 1))


@pytest.mark.parametrize("count", [0, 1, 14, 15, 16])
def test_a_path_that_is_not_open_is_never_passed_over(count):
    assert OPEN.faultless.read(body_of(many(count))) == many(count)
    for stranger in ("Vehicle.Driver.HeartRate", "", "x" * 300):
        assert OPEN.faultless.read(body_of(many(count) | {stranger: (1, 1)})) is None
        assert OPEN.faultless.read(body_of({stranger: (1, 1)} | many(count))) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x91",
        b"\x90",
        b"\xc1",
        b"\x91\x90",
        b"\x91\x82" + 2 * (msgspec.msgpack.encode(SPEED) + msgspec.msgpack.encode((1.0, 1))),
        b"\xdc\x00\x01\x81" + msgspec.msgpack.encode(SPEED) + msgspec.msgpack.encode((1.0, 1)),
        bytes(body_of({SPEED: (1.0, 1)}, "what a later release adds")),
        bytes(body_of({SPEED: (1.0, 1, 1)})),
        bytes(body_of({IGNITION: ("O\x00N", 1)})),
        bytes(body_of({IGNITION: ("O" * 65, 1)})),
    ],
)
def test_what_is_written_in_another_way_is_left_to_the_careful_reader(body):
    assert OPEN.faultless.read(msgspec.Raw(body)) is None


@pytest.mark.parametrize(
    ("type_name", "level", "captured", "wanted"),
    [
        (STATUS_WITH_PLACE, Level.POSITION, Level.POSITION, DECLARED),
        (STATUS_WITH_PLACE, Level.POSITION, Level.DATA, frozenset()),
        (STATUS_WITH_PLACE, Level.DATA, Level.POSITION, frozenset()),
        (STATUS, Level.POSITION, Level.POSITION, DECLARED - PLACE_SIGNALS),
        (STATUS, Level.PRIVATE, Level.DATA, frozenset()),
    ],
)
def test_paths_are_open_only_where_type_level_and_capture_allow_them(type_name, level, captured, wanted):
    assert set(judge(level).open_paths(type_name, captured, to_ms(NOW)).limits) == wanted


@pytest.mark.req("LNK-8d")
def test_an_answer_kept_for_a_contract_ends_with_the_contract():
    ending = judge(ends=NOW + timedelta(hours=1))
    assert ending.open_paths(STATUS, Level.DATA, to_ms(NOW)).limits
    late = ending.open_paths(STATUS, Level.DATA, to_ms(NOW + timedelta(hours=1)))
    assert not late.limits
    assert late.refusal is not None
