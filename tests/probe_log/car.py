"""What the log does in the car: it sends as many entries as it is told to, a minute apart."""

import msgspec

from openmarque.protocol.car_part import CarCommand, CarPart
from openmarque.protocol.sensing import Command, Outgoing, Refused, Sample, Step
from openmarque.protocol.signals import TYRES_LOW
from tests.probe_log import messages as m


class LogState(msgspec.Struct, frozen=True):
    """Nothing is remembered."""


def begin(state: LogState, command: Command, sample: Sample) -> Step[LogState] | Refused:
    assert isinstance(command.arguments, m.Write)
    numbers, note = range(1, command.arguments.entries + 1), command.arguments.note
    entries = [
        m.Entry(
            sample.at_ms - 60_000 * (len(numbers) - number),
            number,
            speed=number + 0.5,
            axle="front" if number % 2 else "rear",
            is_low=number % 2 == 1,
            wheel=TYRES_LOW[0],
            note=note,
            seen_at=sample.at_ms if number % 2 else None,
        )
        for number in numbers
    ]
    return Step(state, messages=tuple(Outgoing(m.ENTRY, entry, sample.level) for entry in entries))


CAR = CarPart("probe_log", LogState, commands={m.WRITE: CarCommand(begin)})
