"""What consent is in the cloud: it takes privacy levels, and tells them on event streams."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from openmarque.domains.consent.routes import LEVEL_PART, router
from openmarque.domains.consent.service import LevelHandler, PostgresLevels
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import Accepted, LinkStore, PolicyCompiler
from openmarque.parts.cloud import CloudPart, MessageHandler
from openmarque.protocol.messages import LEVEL_CHANGED
from openmarque.storage.transaction import Transaction


class Platform(Protocol):
    """What it needs of the wired platform."""

    @property
    def link(self) -> LinkStore:
        """Knows the cars' keys."""
        ...

    @property
    def compiler(self) -> PolicyCompiler:
        """Compiles a car's policy anew."""
        ...

    @property
    def live(self) -> LiveUpdates:
        """Tells watchers."""
        ...


async def _take_levels(platform: Platform, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
    return await LevelHandler(PostgresLevels(), platform.link, platform.compiler, platform.live).apply(tx, messages)


CLOUD: Final[CloudPart[Platform]] = CloudPart(
    name="consent",
    handlers=(MessageHandler((LEVEL_CHANGED,), _take_levels),),
    routes=router,
    stream_parts=(LEVEL_PART,),
)
