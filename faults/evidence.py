"""What a run has to have kept: the observer's log against the database, and the final state of one run against another's."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql

from faults.proxy import Proxy
from openmarque.catalogue.events import KEYS, EventSpec
from openmarque.catalogue.records import values_of
from openmarque.protocol.envelope import Answer, Disposition, Envelope, Lane
from openmarque.protocol.messages import (
    LEVEL_CHANGED,
    POLICY_ACCEPTED,
    STATUS,
    STATUS_WITH_PLACE,
    LevelChanged,
    PolicyAccepted,
    StatusBody,
)
from openmarque.storage.base import import_tables
from openmarque.storage.events import event_specs

_LINK: Final = "SELECT epoch, event_watermark, urgent_watermark, lost FROM car_link WHERE vehicle_id = %s"
_POLICY: Final = "SELECT level, accepted_version = version FROM car_policy WHERE vehicle_id = %s"
_ACCEPTED: Final = "SELECT accepted_version FROM car_policy WHERE vehicle_id = %s"
_LEVELS: Final = "SELECT level, changed_by, counter FROM privacy_level WHERE vehicle_id = %s ORDER BY counter"
_REFUSALS: Final = "SELECT reason, what, count FROM refusal_count WHERE vehicle_id = %s ORDER BY reason, what"
_VALUES: Final = "SELECT epoch, seq, trust, signals FROM last_values WHERE vehicle_id = %s"


@dataclass(frozen=True)
class State:
    """Everything that the platform keeps of one car, but for what differs from run to run: ids, instants of receipt, policy versions."""

    events: dict[str, list[tuple[Any, ...]]]
    """By table, whichever services are installed: the columns of each event's body, in the order of what it is known by."""
    link: tuple[Any, ...]
    policy: tuple[Any, ...]
    levels: list[tuple[Any, ...]]
    refusals: list[tuple[Any, ...]]
    values: dict[str, tuple[Any, int]]
    """VSS path → (value, car time in ms)."""
    status_seq: int
    """Not compared: how many status messages it took depends on what could be merged."""
    accepted: int
    """The newest version of the policy that the platform knows the car to hold; not compared."""


def read_state(url: str, vehicle_id: UUID) -> State:
    """What the database holds of a car, read by its owner."""
    with psycopg.connect(url) as connection:
        connection.execute("SET row_security = off")

        def rows(query: LiteralString) -> list[tuple[Any, ...]]:
            return connection.execute(query, (vehicle_id,)).fetchall()

        ((_, seq, _, signals),) = rows(_VALUES)
        values = {path: (value, at_ms) for path, (value, at_ms, _) in signals.items()}
        (link,), (policy,), ((accepted,),) = rows(_LINK), rows(_POLICY), rows(_ACCEPTED)
        events = {table: connection.execute(_events(spec), (vehicle_id,)).fetchall() for table, spec in _specs().items()}
        return State(events, link, policy, rows(_LEVELS), rows(_REFUSALS), values, seq, accepted)


def _specs() -> dict[str, EventSpec[Any]]:
    """Every kind of event that may be stored, by its table."""
    import_tables()
    return event_specs()


def _names(spec: EventSpec[Any]) -> list[str]:
    """The columns of the body."""
    return [column.name for column in spec.columns if column.name not in KEYS]


def _events(spec: EventSpec[Any]) -> sql.Composed:
    columns, order = (sql.SQL(", ").join(map(sql.Identifier, names)) for names in (_names(spec), spec.once_by))
    query = sql.SQL("SELECT {} FROM {} WHERE vehicle_id = %s ORDER BY {}")
    return query.format(columns, sql.Identifier(spec.table), order)


def _key(spec: EventSpec[Any], row: Sequence[Any]) -> tuple[Any, ...]:
    """By which the event with these columns is known."""
    names = _names(spec)
    return tuple(row[names.index(name)] for name in spec.once_by)


def differences(calm: State, storm: State) -> Iterator[str]:
    """Where the final state of a disturbed run is not that of the undisturbed one."""
    for wanted, found in zip(_comparable(calm), _comparable(storm), strict=True):
        if wanted != found:
            yield f"{wanted[0]} differ: undisturbed {wanted[1]}, disturbed {found[1]}"


def _comparable(state: State) -> list[tuple[str, object]]:
    """The state without what may differ, run by run.

    That is epochs (a car that dies before it knows its epoch is given another one), counters of levels, and the event lane's watermark (a
    policy that was replaced before the car heard of it is never accepted), which `broken_promises` looks at.
    """
    return [
        *((f"rows of {table}", rows) for table, rows in sorted(state.events.items())),
        ("urgent watermark and lost numbers", state.link[2:]),
        ("policies", state.policy),
        ("levels", [row[:2] for row in state.levels]),
        ("refusals", state.refusals),
        ("values", state.values),
    ]


def broken_promises(proxy: Proxy, state: State) -> Iterator[str]:
    """Where the platform did not keep what it acknowledged, or the car sent a number twice with another content."""
    by_number: dict[tuple[int, Lane, int], Envelope] = {}
    for envelope in proxy.sent():
        known = by_number.setdefault((envelope.epoch, envelope.lane, envelope.seq), envelope)
        if known != envelope:
            yield f"{envelope.lane} {envelope.seq} was sent twice with another content"
    settled: dict[tuple[int, Lane], int] = {}
    for ack in proxy.acks():
        before = settled.setdefault((ack.epoch, ack.lane), 0)
        if ack.watermark < before:
            yield f"the watermark of {ack.lane} went back from {before} to {ack.watermark}"
        settled[ack.epoch, ack.lane] = max(before, ack.watermark)
        for answer in ack.answers:
            yield from _unkept(by_number.get((ack.epoch, ack.lane, answer.seq)), ack.lane, answer, state)
    epoch = state.link[0]
    kept = {Lane.EVENT: state.link[1], Lane.URGENT: state.link[2], Lane.STATUS: state.status_seq}
    for lane in Lane:
        if kept[lane] < settled.get((epoch, lane), 0):
            yield f"{lane} was acknowledged up to {settled[epoch, lane]}, kept is {kept[lane]}"
    for lane in Lane:
        last = max((seq for number, where, seq in by_number if (number, where) == (epoch, lane)), default=0)
        if kept[lane] != last:
            yield f"the car sent {lane} up to {last}, and {kept[lane]} is settled"
    for table, spec in _specs().items():
        yield from _repeated(f"row of {table}", [_key(spec, row) for row in state.events[table]])


def _repeated(what: str, keys: Sequence[tuple[Any, ...]]) -> Iterator[str]:
    yield from (f"{what} {key} is kept {times} times" for key, times in Counter(keys).items() if times > 1)


def _unkept(envelope: Envelope | None, lane: Lane, answer: Answer, state: State) -> Iterator[str]:
    """What of a message that the platform called stored is not in the database."""
    if envelope is None:
        yield f"{lane} {answer.seq} was answered and never sent"
    elif answer.disposition is Disposition.STORED and not _is_kept(envelope, state):
        yield f"{envelope.type} {lane} {answer.seq} was acknowledged as stored and is not there"


def _is_kept(envelope: Envelope, state: State) -> bool:
    body = envelope.body
    match envelope.type:
        case _ if envelope.type == LEVEL_CHANGED:
            change = msgspec.msgpack.decode(body, type=LevelChanged)
            return (int(change.level), change.by, change.counter) in state.levels
        case _ if envelope.type == POLICY_ACCEPTED:
            return msgspec.msgpack.decode(body, type=PolicyAccepted).version <= state.accepted
        case _ if envelope.type in (STATUS, STATUS_WITH_PLACE):
            values = msgspec.msgpack.decode(body, type=StatusBody).values
            return all(
                path in state.values and state.values[path][1] >= envelope.car_time - age for path, (_, age) in values.items()
            )
        case _:
            return any(_is_event(envelope, spec, state) for spec in _specs().values() if spec.message == envelope.type)


def _is_event(envelope: Envelope, spec: EventSpec[Any], state: State) -> bool:
    """Whether what the message tells is among the rows of this kind."""
    body_type: Any = spec.body
    row = values_of(body_type)(msgspec.msgpack.decode(envelope.body, type=body_type))
    return _key(spec, row) in {_key(spec, kept) for kept in state.events[spec.table]}
