"""Where events of services are kept: append once, page by time, retain, erase. One table for each kind. See decision 0027.

Theory of operation:
    A kind of event is an ``EventSpec``; ``event_table`` makes its table, partitioned by the month of receipt. Writing runs in the role
    of the service, so PostgreSQL refuses what its declarations do not cover; reading runs as the reader of one tenure.

    An event is known by ``once_by`` within its tenure, and appending one that is there already does nothing: a car sends again what it
    has no answer for, in the next epoch too. Partitions keep no unique index over all of them, so who appends looks before; events of one
    car come one after the other, under the lock of its row (``link.ports.LinkStore.lock_cars``).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, LiteralString, Protocol

from psycopg import sql
from sqlalchemy import Index, MetaData, Table

from openmarque.catalogue.events import AGED_BY, KEYS, Event, EventSpec
from openmarque.catalogue.records import Body, RecordWrong, Values, columns_of, record_of, values_of
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.storage.base import metadata
from openmarque.storage.memory import memory
from openmarque.storage.postgres import postgres
from openmarque.storage.records import arrays, batch, names, sql_columns
from openmarque.storage.roles import READER, RETENTION, service_role
from openmarque.storage.transaction import Transaction

EVENTS: Final = "events"
"""Under it a table's ``info`` names the spec that it was made from."""


class EventStore(Protocol):
    """Keeps events. Every method runs inside the transaction it is given."""

    async def append(self, tx: Transaction, spec: EventSpec[Body], events: Sequence[Event[Body]]) -> list[Event[Body]]:
        """Keep `events`; one that is known already (``EventSpec.once_by``) stays as it is. Gives those that were not known."""
        ...

    async def page(
        self,
        tx: Transaction,
        spec: EventSpec[Body],
        tenure_id: TenureId,
        *,
        after: Values | None = None,
        limit: int,
        at_least: Mapping[str, float] | None = None,
    ) -> list[Event[Body]]:
        """The newest `limit` events of a tenure by ``EventSpec.at``, newest first; those after the event at `after` (``EventSpec.place_of``).

        `at_least` leaves out events whose column has a lower value.
        """
        ...

    async def find(
        self, tx: Transaction, spec: EventSpec[Body], tenure_id: TenureId, keys: Sequence[Values]
    ) -> dict[Values, Event[Body]]:
        """The events of a tenure that are known by one of `keys` (``EventSpec.key_of``), by key."""
        ...

    async def retain(self, tx: Transaction, spec: EventSpec[Any], since: datetime) -> None:
        """Delete events that were received before `since`."""
        ...

    async def erase(self, tx: Transaction, spec: EventSpec[Any], tenure_id: TenureId) -> None:
        """Delete every event of a tenure."""
        ...


def event_table(spec: EventSpec[Any], into: MetaData = metadata) -> Table:
    """The table of `spec`, on the platform's metadata unless another is given. Raises ``RecordWrong`` when there is one of that name."""
    if spec.table in into.tables:
        other = into.tables[spec.table].info.get(EVENTS)
        raise RecordWrong(
            f"{spec.service}: a table is called {spec.table!r} already{f', by {other.service}' if other else ''}."
        )
    key = ("tenure_id", *spec.once_by, AGED_BY)
    # Where the key is in the order of the pages, its own index serves them.
    indexes = [] if spec.once_by == spec.order else [Index(f"ix_{spec.table}_by_time", "tenure_id", *spec.order)]
    return Table(
        spec.table,
        into,
        *sql_columns(sorted(spec.columns, key=lambda c: key.index(c.name) if c.name in key else len(key)), key),
        *indexes,
        postgresql_partition_by=f"RANGE ({AGED_BY})",
        info={EVENTS: spec},
    )


def event_specs(tables: MetaData = metadata) -> dict[str, EventSpec[Any]]:
    """Every kind of event whose table is loaded (``storage.base.import_tables``), by the table's name."""
    return {table.name: table.info[EVENTS] for table in tables.tables.values() if EVENTS in table.info}


def version_of(spec: EventSpec[Any]) -> LiteralString:
    """SQL for a value that is another one whenever a tenure has other events (``http.events.StreamPart.version``)."""
    query = sql.SQL("SELECT concat_ws(' ', count(*), max({})) FROM {} WHERE tenure_id = %(tenure)s")
    return _text(query.format(sql.Identifier(AGED_BY), sql.Identifier(spec.table)))


class PostgresEvents:
    """``EventStore`` on the tables of ``event_table``."""

    async def append(self, tx: Transaction, spec: EventSpec[Body], events: Sequence[Event[Body]]) -> list[Event[Body]]:
        """See ``EventStore.append``."""
        first: dict[Values, Event[Body]] = {}
        for event in events:
            first.setdefault((event.tenure_id, *spec.key_of(event)), event)
        if not first:
            return []
        values = values_of(spec.body)
        rows = [(e.tenure_id, e.vehicle_id, e.received_at, e.policy_version, *values(e.body)) for e in first.values()]
        new = await postgres(tx).rows(service_role(spec.service), _append(spec), batch(spec.columns, rows))
        return [first[row] for row in new]

    async def page(
        self,
        tx: Transaction,
        spec: EventSpec[Body],
        tenure_id: TenureId,
        *,
        after: Values | None = None,
        limit: int,
        at_least: Mapping[str, float] | None = None,
    ) -> list[Event[Body]]:
        """See ``EventStore.page``."""
        bounds = dict(at_least or {})
        query = _page(spec, tuple(bounds), after is not None)
        return await _read(tx, spec, tenure_id, query, (tenure_id, *bounds.values(), *(after or ()), limit))

    async def find(
        self, tx: Transaction, spec: EventSpec[Body], tenure_id: TenureId, keys: Sequence[Values]
    ) -> dict[Values, Event[Body]]:
        """See ``EventStore.find``."""
        if not keys:
            return {}
        columns = [column for name in spec.once_by for column in spec.columns if column.name == name]
        found = await _read(tx, spec, tenure_id, _find(spec), (*batch(columns, keys), tenure_id))
        return {spec.key_of(event): event for event in found}

    async def retain(self, tx: Transaction, spec: EventSpec[Any], since: datetime) -> None:
        """See ``EventStore.retain``."""
        query = sql.SQL("DELETE FROM {} WHERE {} < %s").format(sql.Identifier(spec.table), sql.Identifier(AGED_BY))
        await postgres(tx).execute(RETENTION, query, (since,))

    async def erase(self, tx: Transaction, spec: EventSpec[Any], tenure_id: TenureId) -> None:
        """See ``EventStore.erase``."""
        query = sql.SQL("DELETE FROM {} WHERE tenure_id = %s").format(sql.Identifier(spec.table))
        await postgres(tx).execute(RETENTION, query, (tenure_id,))


async def _read(
    tx: Transaction, spec: EventSpec[Body], tenure_id: TenureId, query: LiteralString, parameters: Sequence[Any]
) -> list[Event[Body]]:
    await postgres(tx).restrict_to(str(tenure_id))
    rows, body = await postgres(tx).rows(READER, query, parameters), record_of(spec.body)
    return [Event(TenureId(row[0]), VehicleId(row[1]), row[2], row[3], body(row[len(KEYS) :])) for row in rows]


def _text(query: sql.Composed) -> LiteralString:
    """The statement as text: its names were checked when the catalogue was built, and its values are parameters."""
    return query.as_string(None)


@cache
def _append(spec: EventSpec[Any]) -> LiteralString:
    columns, key = [c.name for c in spec.columns], ("tenure_id", *spec.once_by)
    return _text(
        sql.SQL(
            "INSERT INTO {table} ({columns}) SELECT {new} FROM unnest({arrays}) AS u ({columns})"
            " WHERE NOT EXISTS (SELECT FROM {table} e WHERE ({known}) = ({key})) RETURNING {returned}"
        ).format(
            returned=names(key),
            table=sql.Identifier(spec.table),
            columns=names(columns),
            new=names(columns, "u"),
            arrays=arrays(spec.columns),
            known=names(key, "e"),
            key=names(key, "u"),
        )
    )


@cache
def _page(spec: EventSpec[Any], bounded: tuple[str, ...], is_later: bool) -> LiteralString:  # noqa: FBT001 - part of the cache's key
    order = spec.order
    conditions = [sql.SQL("tenure_id = %s"), *(sql.SQL("{} >= %s").format(sql.Identifier(name)) for name in bounded)]
    if is_later:
        marks = sql.SQL(", ").join(sql.SQL("%s") for _ in order)
        conditions.append(sql.SQL("({}) < ({})").format(names(order), marks))
    return _text(
        sql.SQL("SELECT {columns} FROM {table} WHERE {conditions} ORDER BY {order} LIMIT %s").format(
            columns=names(c.name for c in spec.columns),
            table=sql.Identifier(spec.table),
            conditions=sql.SQL(" AND ").join(conditions),
            order=sql.SQL(", ").join(sql.SQL("{} DESC").format(sql.Identifier(name)) for name in order),
        )
    )


@cache
def _find(spec: EventSpec[Any]) -> LiteralString:
    columns = [column for name in spec.once_by for column in spec.columns if column.name == name]
    return _text(
        sql.SQL(
            "SELECT {columns} FROM {table} e JOIN unnest({arrays}) AS u ({key}) ON ({known}) = ({asked}) WHERE e.tenure_id = %s"
        ).format(
            columns=names((c.name for c in spec.columns), "e"),
            table=sql.Identifier(spec.table),
            arrays=arrays(columns),
            key=names(spec.once_by),
            known=names(spec.once_by, "e"),
            asked=names(spec.once_by, "u"),
        )
    )


class MemoryEvents:
    """``EventStore`` in memory, for the deterministic world: rows are events, by tenure and what they are known by."""

    async def append(self, tx: Transaction, spec: EventSpec[Body], events: Sequence[Event[Body]]) -> list[Event[Body]]:
        """See ``EventStore.append``."""
        new: list[Event[Body]] = []
        for event in events:
            key = (event.tenure_id, *spec.key_of(event))
            if memory(tx).get(spec.table, key) is None:
                memory(tx).put(spec.table, key, event)
                new.append(event)
        return new

    async def page(
        self,
        tx: Transaction,
        spec: EventSpec[Body],
        tenure_id: TenureId,
        *,
        after: Values | None = None,
        limit: int,
        at_least: Mapping[str, float] | None = None,
    ) -> list[Event[Body]]:
        """See ``EventStore.page``."""
        columns = [column.name for column in columns_of(spec.body)]

        def is_shown(event: Event[Body]) -> bool:
            values = dict(zip(columns, values_of(spec.body)(event.body), strict=True))
            return all(values[name] is not None and values[name] >= least for name, least in (at_least or {}).items())

        found = [event for event in self._of(tx, spec, tenure_id) if is_shown(event)]
        found.sort(key=spec.place_of, reverse=True)
        return [event for event in found if after is None or spec.place_of(event) < after][:limit]

    async def find(
        self, tx: Transaction, spec: EventSpec[Body], tenure_id: TenureId, keys: Sequence[Values]
    ) -> dict[Values, Event[Body]]:
        """See ``EventStore.find``."""
        rows = memory(tx).all(spec.table)
        return {tuple(key): rows[(tenure_id, *key)] for key in keys if (tenure_id, *key) in rows}

    async def retain(self, tx: Transaction, spec: EventSpec[Any], since: datetime) -> None:
        """See ``EventStore.retain``."""
        for key, event in list(memory(tx).all(spec.table).items()):
            if event.received_at < since:
                memory(tx).delete(spec.table, key)

    async def erase(self, tx: Transaction, spec: EventSpec[Any], tenure_id: TenureId) -> None:
        """See ``EventStore.erase``."""
        for event in self._of(tx, spec, tenure_id):
            memory(tx).delete(spec.table, (tenure_id, *spec.key_of(event)))

    @staticmethod
    def _of(tx: Transaction, spec: EventSpec[Body], tenure_id: TenureId) -> list[Event[Body]]:
        return [event for event in memory(tx).all(spec.table).values() if event.tenure_id == tenure_id]
