"""What the probe does in the cloud: it tells its owner of each pass of the limit, and keeps nothing."""

from collections.abc import Mapping, Sequence

from openmarque.link.ports import Accepted
from openmarque.parts.cloud import CloudPart, MessageHandler, Parts
from openmarque.storage.transaction import Transaction
from tests.probe_service.messages import PASSED, Passed


async def take(parts: Parts, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
    for message in messages:
        assert message.tenure_id is not None
        assert isinstance(message.body, Passed)
        await parts.notices.notify(tx, message.tenure_id, "probe_limit_passed", {"kmh": message.body.kmh}, message.received_at)
    return {}


CLOUD: CloudPart[Parts] = CloudPart(name="probe", handlers=(MessageHandler((PASSED,), take),))
