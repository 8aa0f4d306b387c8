"""What the tyre watch is in the cloud: it takes warnings."""

from collections.abc import Mapping, Sequence
from typing import Final

from openmarque.link.ports import Accepted
from openmarque.parts.cloud import CloudPart, MessageHandler, Parts
from openmarque.storage.transaction import Transaction
from tyre_watch.declaration import SERVICE
from tyre_watch.messages import TYRE_WARNING
from tyre_watch.service import TyreHandler
from tyre_watch.store import PostgresWarnings


async def _take(parts: Parts, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
    return await TyreHandler(PostgresWarnings(), parts.live).apply(tx, messages)


CLOUD: Final[CloudPart[Parts]] = CloudPart(name=SERVICE.name, handlers=(MessageHandler((TYRE_WARNING,), _take),))
