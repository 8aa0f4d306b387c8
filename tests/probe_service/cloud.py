"""What the probe does in the cloud: it takes its messages, and keeps nothing."""

from collections.abc import Mapping, Sequence

from openmarque.link.ports import Accepted
from openmarque.parts.cloud import CloudPart, MessageHandler, Parts
from openmarque.storage.transaction import Transaction
from tests.probe_service.messages import PASSED


async def take(_parts: Parts, _tx: Transaction, _messages: Sequence[Accepted]) -> Mapping[int, str]:
    return {}


CLOUD: CloudPart[Parts] = CloudPart(name="probe", handlers=(MessageHandler((PASSED,), take),))
