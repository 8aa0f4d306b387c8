"""What settings documents are in the cloud: reports of cars, routes, what a car that came back is told, event streams."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from openmarque.catalogue.register import Catalogue
from openmarque.domains.documents.bundle import SettingsDocuments
from openmarque.domains.documents.postgres import DOCUMENT_TIMER
from openmarque.domains.documents.routes import router
from openmarque.domains.documents.sources import DOCUMENTS
from openmarque.kit.ids import VehicleId
from openmarque.link.ports import Accepted
from openmarque.parts.cloud import CloudPart, MessageHandler
from openmarque.protocol.documents import report_name
from openmarque.protocol.messages import Hello
from openmarque.storage.transaction import Transaction


class Platform(Protocol):
    """What it needs of the wired platform."""

    @property
    def settings_documents(self) -> SettingsDocuments:
        """The use cases of this domain."""
        ...


def _report_types(catalogue: Catalogue) -> Iterator[str]:
    return map(report_name, catalogue.documents())


async def _take_reports(platform: Platform, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
    return await platform.settings_documents.reports.apply(tx, messages)


async def _greeted(platform: Platform, tx: Transaction, vehicle_id: VehicleId, hello: Hello, now: datetime) -> None:
    await platform.settings_documents.sending.greeted(tx, vehicle_id, hello, now)


async def _unanswered(platform: Platform, tx: Transaction, about: UUID, now: datetime) -> None:
    await platform.settings_documents.documents.unanswered(tx, about, now)


CLOUD: Final[CloudPart[Platform]] = CloudPart(
    name="documents",
    handlers=(MessageHandler(_report_types, _take_reports),),
    routes=router,
    timers={DOCUMENT_TIMER: _unanswered},
    stream_parts=(DOCUMENTS,),
    greeted=_greeted,
)
