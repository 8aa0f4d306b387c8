"""The tyre watch in the car: it tells of warnings, looks at the tyres on command, and each day at the time that its owner set.

While its messages may not be captured it looks away: what came and went meanwhile is never told, and a warning that still stands
afterwards is told as of the sample in which it is seen again.
"""

from typing import Final

import msgspec

from openmarque.protocol.car_part import CarCommand, CarPart
from openmarque.protocol.sensing import Action, Command, Outgoing, Refused, Sample, Step
from openmarque.protocol.waking import UnknownZone, Woken
from tyre_watch.declaration import SERVICE
from tyre_watch.messages import (
    CHECK_TYRES,
    TYRE_CHECK,
    TYRE_REPORT,
    TYRE_WARNING,
    CheckTyres,
    TyreCheck,
    TyreReport,
    TyreWarning,
)
from tyre_watch.rules import NOTHING_SENSED, Look, after, changes, look, next_look

UNKNOWN_ZONE: Final = "tyre_zone_unknown"
"""Why the car does not take over a daily look: it knows no such zone."""


class TyreState(msgspec.Struct, frozen=True):
    """The tyres, by VSS path, whose warning was told as standing, and when to look at them."""

    low: frozenset[str] = frozenset()
    check: TyreCheck = TyreCheck()


def observe(state: TyreState, sample: Sample) -> Step[TyreState]:
    """One ``TyreWarning`` for each warning that comes or goes."""
    changed = changes(state.low, sample.sensed)
    if not changed or TYRE_WARNING not in sample.may_send:
        return Step(state)
    bodies = (TyreWarning(sample.at_ms, change.wheel, change.is_low) for change in changed)
    messages = tuple(Outgoing(TYRE_WARNING, body, sample.level) for body in bodies)
    return Step(msgspec.structs.replace(state, low=after(state.low, changed)), messages=messages)


def check_tyres(state: TyreState, command: Command, sample: Sample) -> Step[TyreState] | Refused:
    """Tell what the sensors said last, and ask the wheels anew: while the car stands they speak seldom. What they say comes as a sample."""
    assert isinstance(command.arguments, CheckTyres)
    found = look(sample.latest, command.arguments.axle)
    if not found.looked_at:
        return Refused(NOTHING_SENSED)
    return Step(state, messages=(_report(found, sample, asked=True),), actions=(command.action,))


def configure(state: TyreState, body: TyreCheck, sample: Sample) -> Step[TyreState] | Refused:
    """From now on look by these settings."""
    try:
        wish = next_look(body, sample.at_ms)
    except UnknownZone:
        return Refused(UNKNOWN_ZONE)
    return Step(msgspec.structs.replace(state, check=body), wake_at=wish)


def wake(state: TyreState, woken: Woken, sample: Sample) -> Step[TyreState]:
    """It is time for the daily look. One that was missed is left out; the next one comes tomorrow."""
    wish = next_look(state.check, sample.at_ms)
    if woken.missed:
        return Step(state, wake_at=wish)
    found = look(sample.latest)
    told = (_report(found, sample, asked=False),) if found.looked_at else ()
    return Step(state, messages=told, actions=(Action(CHECK_TYRES, {"axle": "both"}),), wake_at=wish)


def _report(found: Look, sample: Sample, *, asked: bool) -> Outgoing:
    return Outgoing(TYRE_REPORT, TyreReport(sample.at_ms, found.looked_at, found.low, asked), sample.level)


CAR: Final = CarPart(
    SERVICE.name,
    TyreState,
    observe=observe,
    wake=wake,
    commands={CHECK_TYRES: CarCommand(check_tyres)},
    configure={TYRE_CHECK: configure},
)
"""After a change of owner it starts anew: nothing of this owner's warnings is told to the next one, and what stands is told again."""
