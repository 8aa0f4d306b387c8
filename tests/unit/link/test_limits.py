"""The status lane's own check of a value answers as the signal does."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from openmarque.catalogue.facts import ContractFact, Facts
from openmarque.catalogue.policy import compile_policy, sign_policy
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import TenureId
from openmarque.link.judging import Judge
from openmarque.link.ports import PolicyRow
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import STATUS, STATUS_WITH_PLACE
from openmarque.protocol.signals import PLACE_SIGNALS, SIGNALS

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
CAR, OWNER = UUID(int=7), TenureId(UUID(int=70))
CATALOGUE = Catalogue(installed_services())
DECLARED = frozenset(CATALOGUE.declared_signals())
values = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(max_size=70), st.integers(-200, 200), st.floats(-200, 200)
)


def judge(level: Level = Level.POSITION, ends: datetime = NOW + timedelta(days=9)) -> Judge:
    contract = ContractFact("connect", True, NOW - timedelta(days=1), ends)
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
    return Judge(PolicyRow(1, OWNER, frame, "", level, Level.POSITION))


@given(st.sampled_from(sorted(DECLARED)), values)
def test_the_limits_of_a_path_accept_what_its_signal_accepts(path, value):
    limits = judge().open_paths(STATUS_WITH_PLACE, Level.POSITION, to_ms(NOW)).limits[path]
    assert limits.accept(value) == SIGNALS[path].accepts(value)


@pytest.mark.req("PRV-1")
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


@pytest.mark.req("LNK-8")
def test_an_answer_kept_for_a_contract_ends_with_the_contract():
    ending = judge(ends=NOW + timedelta(hours=1))
    assert ending.open_paths(STATUS, Level.DATA, to_ms(NOW)).limits
    late = ending.open_paths(STATUS, Level.DATA, to_ms(NOW + timedelta(hours=1)))
    assert not late.limits
    assert late.refusal is not None
