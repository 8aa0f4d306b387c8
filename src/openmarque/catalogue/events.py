"""Events of a service: what happened to a car and is looked at by time. Each kind is declared once, and has a table of its own. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Annotated, Any, Final, Generic
from uuid import UUID

import msgspec

from openmarque.catalogue.declarations import Declaration, Item, Retention
from openmarque.catalogue.records import Body, ColumnSpec, Kind, RecordWrong, Values, columns_of, values_of
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.protocol.levels import Level


class EventKeys(msgspec.Struct, frozen=True):
    """What every stored event has beside its body: whose it is, when it was received, and by which version of the policy it was permitted."""

    tenure_id: UUID
    vehicle_id: UUID
    received_at: datetime
    policy_version: Annotated[int, msgspec.Meta(description="version by which it was permitted")]


KEYS: Final = tuple(column.name for column in columns_of(EventKeys))
AGED_BY: Final = "received_at"
"""Rows are kept so many days from here, and lie in partitions by its month."""


class Event(msgspec.Struct, Generic[Body], frozen=True):
    """Something that happened to a car of a tenure, as it is stored. `message` is what the car sent, where it came so; it is not stored."""

    tenure_id: TenureId
    vehicle_id: VehicleId
    received_at: datetime
    policy_version: int
    body: Body
    message: Any = None


@dataclass(frozen=True)
class EventSpec(Generic[Body]):
    """A kind of event that a service keeps: one table of its own, whose columns are `KEYS` and those of `body`.

    Two events of a tenure with the same `once_by` (columns of the body) are the same: the first one stays. `at` is the column that events
    are paged by; empty for events that are only found by what they are known by. `message` is the wire type whose body is `body`; empty when the service makes the event itself.
    """

    service: str
    table: str
    body: type[Body]
    once_by: tuple[str, ...]
    at: str = ""
    message: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be stored or found again. Raises ``RecordWrong`` with the place."""
        columns = {column.name: column for column in columns_of(self.body)}
        place = f"{self.service}: events of {self.table!r}"
        if not self.once_by:
            raise RecordWrong(f"{place} do not say what makes two of them the same (once_by).")
        for name in (*self.once_by, *self.order):
            if name not in columns:
                raise RecordWrong(f"{place} go by {name!r}, which {self.body.__name__} does not have.")
            if columns[name].nullable:
                raise RecordWrong(f"{place} go by {name!r}, which may be null.")
        if taken := sorted(columns.keys() & set(KEYS)):
            raise RecordWrong(f"{place}: {taken[0]!r} of {self.body.__name__} is what every event has anyway.")

    @property
    def columns(self) -> tuple[ColumnSpec, ...]:
        """All columns of the table."""
        return (*_KEY_COLUMNS, *columns_of(self.body))

    def key_of(self, event: Event[Body]) -> Values:
        """By which the event is known within its tenure."""
        return _picker(self.body, self.once_by)(event.body)

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that pages go by: the instant, then what makes the order total."""
        return (self.at, *(name for name in self.once_by if name != self.at)) if self.at else self.once_by

    def place_of(self, event: Event[Body]) -> Values:
        """Where the event stands in the pages: its values of `order`."""
        return _picker(self.body, self.order)(event.body)

    def is_shown_by(self, declaration: Declaration) -> bool:
        """Whether this is history of `declaration`: it covers the instant that the events are paged by."""
        return self.at != "" and f"{self.table}.{self.at}" in declaration.field_levels()

    def keys_item(self, retention: Retention | None, *, level: Level = Level.PRIVATE) -> Item:
        """The item of a declaration for the columns that identify an event: `KEYS` and `once_by`."""
        return self._item("keys", retention, (*KEYS, *self.once_by), level)

    def item(self, name: str, retention: Retention | None, *columns: str, level: Level = Level.PRIVATE) -> Item:
        """The item of a declaration for these `columns` of the body: stored, and carried by the message."""
        if unknown := sorted(set(columns) - set(self._names)):
            raise RecordWrong(
                f"{self.service}: the item {name!r} takes {unknown[0]!r}, which {self.body.__name__} does not have."
            )
        return self._item(name, retention, columns, level)

    def _item(self, name: str, retention: Retention | None, columns: Sequence[str], level: Level) -> Item:
        carried: dict[str, None] = {}
        for column in columns_of(self.body) if self.message else ():
            if column.name in columns:
                steps = column.path.split(".")
                carried |= dict.fromkeys(f"wire:{self.message}.{'.'.join(steps[:n])}" for n in range(1, len(steps) + 1))
        return Item(name, retention, (), tuple(f"{self.table}.{column}" for column in columns), level, tuple(carried))

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(column.name for column in columns_of(self.body))


_KEY_COLUMNS: Final = tuple(
    replace(column, kind=Kind.INTEGER) if column.name == "policy_version" else column for column in columns_of(EventKeys)
)


@cache
def _picker(body: type[msgspec.Struct], names: tuple[str, ...]) -> Callable[[Any], Values]:
    """What gives the values of these columns of a body."""
    columns = [column.name for column in columns_of(body)]
    pick, values = itemgetter(*(columns.index(name) for name in names)), values_of(body)
    return (lambda of: (pick(values(of)),)) if len(names) == 1 else (lambda of: pick(values(of)))
