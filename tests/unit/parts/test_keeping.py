"""What a car tells is kept once, and what is done then is done once, however often the car sends it."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import msgspec

from openmarque.catalogue.decide import Kind, Permit
from openmarque.catalogue.events import EventSpec
from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import Accepted
from openmarque.parts.cloud import Parts
from openmarque.parts.keeping import keeps
from openmarque.protocol.envelope import Envelope, Lane, Trust
from openmarque.protocol.levels import Level
from openmarque.storage.events import MemoryEvents
from openmarque.storage.memory import MemoryDatabase

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CAR, TENURE = VehicleId(UUID(int=1)), TenureId(UUID(int=2))


class Rang(msgspec.Struct, frozen=True):
    at: int
    loud: bool


RINGS = EventSpec("bells", "bell_rang", Rang, once_by=("at",), at="at", message="bell_rang")


def sent(rang: Rang, *, epoch: int, permitted: bool = True) -> Accepted:
    permit = Permit("bells", Kind.MESSAGE, frozenset(("bell_rang",)), CAR, TENURE, 1, Level.DATA, None)
    envelope = Envelope(epoch, Lane.EVENT, 1, 0, Trust.SYNCED, Level.DATA, "bell_rang", msgspec.Raw(b""))
    return Accepted(CAR, TENURE, envelope, rang, permit if permitted else None, NOW)


async def test_what_is_done_with_an_event_is_done_once_although_the_car_sends_it_again():
    heard: list[Rang] = []

    async def hear(_parts, _tx, event):
        heard.append(event.body)

    parts = cast(Parts, SimpleNamespace(events=MemoryEvents(), live=LiveUpdates(ManualClock(NOW))))
    handler = keeps(RINGS, tells="bells", refusal=lambda _message, rang: "" if rang.at else "never", then=hear)
    database = MemoryDatabase(lambda _subject, _payload: None)
    first, other = Rang(1, loud=True), Rang(2, loud=False)
    async with database.begin() as tx:
        batch = [sent(first, epoch=1), sent(Rang(0, loud=True), epoch=1), sent(other, epoch=1, permitted=False)]
        assert await handler.apply(parts, tx, batch) == {1: "never", 2: "no_tenure"}
    async with database.begin() as tx:
        assert await handler.apply(parts, tx, [sent(first, epoch=2), sent(other, epoch=2)]) == {}
    assert heard == [first, other]
