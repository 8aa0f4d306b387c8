"""Takes over tyre warnings and what a look at the tyres found, and tells the owner. Never commits."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from openmarque.catalogue.events import Event
from openmarque.kit.clock import from_ms, to_ms
from openmarque.link.ports import Accepted
from openmarque.parts.cloud import Parts
from openmarque.parts.keeping import BAD_FIGURES, NO_TENURE, keeps
from openmarque.protocol.envelope import Trust
from openmarque.protocol.signals import TYRES_LOW
from openmarque.protocol.times import IMPLAUSIBLE_TIME, plausible
from openmarque.storage.transaction import Transaction
from tyre_watch.declaration import LOOKED, SERVICE, WARNED, WARNINGS
from tyre_watch.messages import TyreReport, TyreWarning

UNKNOWN_WHEEL: Final = "unknown_wheel"


def refusal(message: Accepted, warning: TyreWarning) -> str:
    """Why this can't be a warning; empty when it can."""
    if warning.wheel not in TYRES_LOW:
        return UNKNOWN_WHEEL
    return "" if plausible(warning.at, to_ms(message.received_at), message.envelope.trust) else IMPLAUSIBLE_TIME


def dated(message: Accepted, warning: TyreWarning) -> TyreWarning:
    """The warning as it is kept: by a clock that was never set it came when we heard of it."""
    return replace(warning, at=to_ms(message.received_at)) if message.envelope.trust is Trust.UNSET else warning


async def tell(parts: Parts, tx: Transaction, event: Event[TyreWarning]) -> None:
    """Tell the owner of a tyre that became low."""
    if event.body.is_low:
        await parts.notices.notify(tx, event.tenure_id, WARNED, {}, event.received_at, at=from_ms(event.body.at))


KEEPS_WARNINGS: Final = keeps(WARNINGS, tells=SERVICE.name, refusal=refusal, as_kept=dated, then=tell)


async def take_reports(parts: Parts, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
    """Tell the owner what a look at the tyres found: what was asked for always, of a daily look only what is wrong."""
    refused: dict[int, str] = {}
    for index, message in enumerate(messages):
        report = message.body
        if not isinstance(report, TyreReport) or message.tenure_id is None:
            refused[index] = NO_TENURE
        elif not 0 <= report.low <= report.looked_at <= len(TYRES_LOW):
            refused[index] = BAD_FIGURES
        elif report.asked or report.low:
            found = {"low": report.low, "looked_at": report.looked_at}
            await parts.notices.notify(tx, message.tenure_id, LOOKED, found, message.received_at)
    return refused
