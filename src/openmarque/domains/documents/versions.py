"""How a document's row goes on: a first one, a new version, a step of its life. Pure; the caller keeps the row."""

from dataclasses import replace
from datetime import datetime

import msgspec

from openmarque.domains.documents.rules import DocumentKind, count_change
from openmarque.domains.documents.states import DOCUMENT_LIFE, Event, State
from openmarque.domains.documents.store import DocumentRow, Place
from openmarque.kit.clock import from_ms, to_ms
from openmarque.kit.ids import new_uuid
from openmarque.kit.lifecycle import Actor
from openmarque.protocol.documents import Document, Maker, body_hash, next_version, write_body

_MAKERS = {Maker.OWNER: Actor.OWNER, Maker.CAR: Actor.CAR, Maker.PLATFORM: Actor.PLATFORM}


def place_of(kind: DocumentKind, row: DocumentRow) -> Place:
    """Where `row`, a document of `kind`, is found."""
    return Place(row.vehicle_id, row.tenure_id, kind.name, kind.of_vehicle)


def unset(kind: DocumentKind, place: Place, now: datetime) -> DocumentRow:
    """The document before anything was set: what counts then is its default."""
    text = write_body(kind.spec.body())
    return DocumentRow(
        document_id=new_uuid(),
        vehicle_id=place.vehicle_id,
        tenure_id=place.tenure_id,
        kind=kind.name,
        schema=kind.spec.schema,
        body=msgspec.json.decode(text),
        hash=body_hash(text),
        version=0,
        made_by=Maker.PLATFORM,
        made_at=now,
        state=State.WAITING,
        state_at=now,
        changes_since=now,
    )


def renewed(
    row: DocumentRow, kind: DocumentKind, body: msgspec.Struct, maker: Maker, now: datetime, *, at_least: int = 0
) -> DocumentRow | None:
    """The row with a new version, not below `at_least`; None when there were enough changes for now (``rules.MOST_CHANGES``)."""
    counted = count_change(row.changes, row.changes_since, now)
    if counted is None:
        return None
    text = write_body(body)
    fresh = replace(
        row,
        schema=kind.spec.schema,
        body=msgspec.json.decode(text),
        hash=body_hash(text),
        version=max(next_version(row.version, to_ms(now)), at_least),
        made_by=maker,
        made_at=now,
        lost=None,
        own_since=(row.version if row.own_since is None else row.own_since) if maker is Maker.CAR else None,
        changes=counted[0],
        changes_since=counted[1],
        sends=0,
        sent_at=None,
    )
    return moved(fresh, Event.CHANGED if maker is Maker.CAR else Event.SET, _MAKERS[maker], "", now)


def taken_over(row: DocumentRow, kind: DocumentKind, document: Document, body: msgspec.Struct) -> DocumentRow:
    """The row with a version that this platform signed and has forgotten; the car goes by it."""
    text = write_body(body)
    return replace(
        row,
        schema=kind.spec.schema,
        body=msgspec.json.decode(text),
        hash=body_hash(text),
        version=document.version,
        made_by=document.made_by,
        made_at=from_ms(document.made_ms),
        own_since=None,
        sends=0,
        sent_at=None,
    )


def moved(row: DocumentRow, event: Event, by: Actor, reason: str, now: datetime) -> DocumentRow:
    """The row after `event`; the same one where nothing changes by it."""
    change = DOCUMENT_LIFE.change(row.state, event, by)
    if change is None or (change.state, reason) == (row.state, row.reason):
        return row
    return replace(row, state=change.state, reason=reason, state_at=now)
