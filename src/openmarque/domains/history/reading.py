"""What happened to a car, of any kind that an installed service keeps (``EventSpec``), as far as its owner may see it."""

from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from openmarque.catalogue.declarations import Until
from openmarque.catalogue.events import Event, EventSpec
from openmarque.catalogue.records import ColumnSpec, Kind, Values, columns_of
from openmarque.catalogue.register import Catalogue
from openmarque.domains.consent.reading import Privacy, ServiceAvailability
from openmarque.kit.ids import TenureId
from openmarque.storage.events import EventStore, event_specs
from openmarque.storage.transaction import Transaction

_SAYS_NOTHING: Final = frozenset((Kind.BYTES, Kind.UUID))
"""Columns that no person reads."""


@dataclass(frozen=True, slots=True)
class History:
    """Events of one kind as an owner may see them now.

    `standing` is how the declaration stands that says when they happened; `columns` are those to show beside that, in the record's order:
    what belongs to a declaration that shows nothing of what it keeps is left out. `kept_days` is how long an event is kept from its
    receipt; None: as long as the car is the owner's.
    """

    spec: EventSpec[Struct]
    standing: ServiceAvailability
    columns: tuple[ColumnSpec, ...]
    kept_days: int | None


def history_of(kind: str, catalogue: Catalogue, privacy: Privacy) -> History | None:
    """The history of this kind; None where nothing installed declares one."""
    spec: EventSpec[Struct] | None = event_specs().get(kind)
    told_by = next((d for d in catalogue.service_declarations() if spec is not None and spec.is_shown_by(d)), None)
    if spec is None or told_by is None:
        return None
    shown = [d for d in catalogue.service_declarations() if privacy.availability(d.name).shows_kept]
    places = {place for declaration in shown for place in declaration.field_levels()}
    columns = tuple(
        column
        for column in columns_of(spec.body)
        if column.name != spec.at and column.kind not in _SAYS_NOTHING and f"{spec.table}.{column.name}" in places
    )
    return History(spec, privacy.availability(told_by.name), columns, _kept_days(spec, catalogue))


def _kept_days(spec: EventSpec[Struct], catalogue: Catalogue) -> int | None:
    """An event goes as a whole, with the first of its items (``governance.retention``)."""
    items = [item for d in catalogue.service_declarations() for item in d.items]
    promised = {i.retention for i in items if any(place.partition(".")[0] == spec.table for place in i.fields)}
    days = [retention.days for retention in promised if retention is not None and retention.until is Until.AGE]
    return min((n for n in days if n is not None), default=None) if len(days) == len(promised) else None


class HistoryReading:
    """Reads histories."""

    def __init__(self, events: EventStore) -> None:
        """Read from `events`."""
        self._events = events

    async def page(
        self, tx: Transaction, history: History, tenure_id: TenureId, after: Values | None, limit: int
    ) -> list[Event[Struct]]:
        """The newest `limit` events of a tenure after the one at `after`, newest first; none while its declaration shows nothing."""
        if not history.standing.shows_kept:
            return []
        return await self._events.page(tx, history.spec, tenure_id, after=after, limit=limit)
