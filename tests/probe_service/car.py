"""What the probe does in the car: goes by its documents, tells of each pass of the limit, blinks, and blinks again."""

import msgspec

from openmarque.protocol import signals as vss
from openmarque.protocol.car_part import CarCommand, CarPart
from openmarque.protocol.sensing import Action, Command, Outgoing, Refused, Sample, Step
from openmarque.protocol.waking import Steady, Woken
from tests.probe_service import messages as m

NO_MONDAYS = "probe_no_mondays"
"""Why the service itself refuses a document: its name is that."""


class ProbeState(msgspec.Struct, frozen=True):
    """What the probe goes by; `configured` counts the bodies that it took over."""

    limits: m.Limits = m.Limits()
    places: m.Places = m.Places()
    campaign: m.Campaign = m.Campaign()
    duty: m.Duty = m.Duty()
    configured: int = 0
    above: bool = False


def configure(field: str):
    def take_over(state: ProbeState, body: msgspec.Struct, _sample: Sample) -> Step[ProbeState] | Refused:
        if getattr(body, "name", "") == "monday":
            return Refused(NO_MONDAYS)
        return Step(msgspec.structs.replace(state, **{field: body, "configured": state.configured + 1}))

    return take_over


def observe(state: ProbeState, sample: Sample) -> Step[ProbeState]:
    """A message each time the limit is passed."""
    speed = sample.sensed.get(vss.SPEED)
    if not isinstance(speed, int | float):
        return Step(state)
    above = speed > state.limits.limit_kmh
    passed = above and not state.above
    messages = (Outgoing(m.PASSED, m.Passed(round(speed)), sample.level),) if passed else ()
    return Step(msgspec.structs.replace(state, above=above), messages=messages)


def begin(state: ProbeState, command: Command, sample: Sample) -> Step[ProbeState] | Refused:
    """Blink now, and once more later if that is wanted."""
    assert isinstance(command.arguments, m.Blink)
    again_s = command.arguments.again_s
    if again_s:
        return Step(state, actions=(command.action,), wake_at=Steady(sample.steady_ms + again_s * 1000))
    return Step(state, actions=(command.action,))


def wake(state: ProbeState, woken: Woken, _sample: Sample) -> Step[ProbeState]:
    """Blink once more, unless it is too late for that."""
    return Step(state, actions=() if woken.missed else (Action(m.BLINK, {"times": 1}),))


CAR = CarPart(
    "probe",
    ProbeState,
    observe=observe,
    wake=wake,
    commands={m.BLINK: CarCommand(begin)},
    configure={
        m.LIMITS: configure("limits"),
        m.PLACES: configure("places"),
        m.CAMPAIGN: configure("campaign"),
        m.DUTY: configure("duty"),
    },
)
