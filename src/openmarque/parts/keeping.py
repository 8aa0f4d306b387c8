"""Keeps what a car tells as events: the whole handler of a message whose body is what is stored."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from openmarque.catalogue.events import Event, EventSpec
from openmarque.catalogue.records import Body, is_storable
from openmarque.link.ports import Accepted
from openmarque.parts.cloud import MessageHandler, Parts
from openmarque.storage.transaction import Transaction

NO_TENURE: Final = "no_tenure"
BAD_FIGURES: Final = "bad_figures"
"""Values that no car has, or no column holds."""


def keeps(
    spec: EventSpec[Body],
    *,
    tells: str,
    refusal: Callable[[Accepted, Body], str] | None = None,
    as_kept: Callable[[Accepted, Body], Body] | None = None,
    then: Callable[[Parts, Transaction, Event[Body]], Awaitable[None]] | None = None,
) -> MessageHandler[Parts]:
    """The handler of ``spec.message``: keeps each body as an event and tells watchers that something of the kind `tells` is new.

    `refusal` says why a body can't be kept, empty where it can; `as_kept` gives the body that is kept in its place.
    `then` is called for each event that was not known before: a car sends again what it has no answer for, and nobody is told twice.
    """
    storable = is_storable(spec.body)

    async def apply(parts: Parts, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
        refused: dict[int, str] = {}
        events: list[Event[Body]] = []
        for index, message in enumerate(messages):
            body: Any = message.body
            if message.tenure_id is None or message.permit is None:
                refused[index] = NO_TENURE
            elif not storable(body):
                refused[index] = BAD_FIGURES
            elif refusal is not None and (reason := refusal(message, body)):
                refused[index] = reason
            else:
                kept = body if as_kept is None else as_kept(message, body)
                version = message.permit.policy_version
                events.append(Event(message.tenure_id, message.vehicle_id, message.received_at, version, kept, message))
        new = await parts.events.append(tx, spec, events)
        if then is not None:
            for event in new:
                await then(parts, tx, event)
        for tenure_id in {event.tenure_id: None for event in events}:
            parts.live.changed(tx, tenure_id, tells)
        return refused

    return MessageHandler((spec.message,), apply)
