"""The fake broker keeps the contract."""

import pytest

from openmarque.link.fakes import FakeBroker, FakeServer, matches
from tests.contract.broker_contract import BrokerContract, Connect


class TestFakeBroker(BrokerContract):
    @pytest.fixture
    def connect(self) -> Connect:
        server = FakeServer()

        async def connect() -> FakeBroker:
            return FakeBroker(server)

        return connect


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("v.*.up.*", "v.a.up.status", True),
        ("v.*.up.*", "v.a.up", False),
        ("v.>", "v.a.up", True),
        ("v.>", "v", False),
        ("v.a", "v.a.b", False),
    ],
)
def test_patterns_match_as_in_nats(pattern: str, subject: str, expected: bool) -> None:
    assert matches(pattern, subject) is expected
