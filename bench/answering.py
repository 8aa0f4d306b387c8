"""Acknowledges every status as stored and stores nothing: ``python -m bench.answering``. Says ``ready``; ends with its input.

It stands where the worker stands, so that the database alone can be measured beside the same cars and the same broker: each of their
messages is taken to a subscriber and answered, as when it is stored.
"""

import asyncio
import sys
from typing import Final

import uvloop

from openmarque.engines.nats import read_endpoint
from openmarque.kit.settings import load_settings
from openmarque.link.broker import Message, connect
from openmarque.link.intake import Gathering
from openmarque.link.subjects import UPLINK, down_subject, vehicle_of
from openmarque.protocol.envelope import Ack, Answer, Disposition, Lane, encode, read_envelope

_GATHERING: Final = Gathering(in_flow_s=0.02)
"""As the worker's, so that answers leave in writes as large as the worker's."""


async def answer_all() -> None:
    """Answer until the input ends."""
    broker = await connect(read_endpoint(load_settings()).worker, name="answering")
    subjects: dict[str, str] = {}

    async def answer(batch: list[Message]) -> None:
        answers = []
        for subject, frame, _ in batch:
            if subject not in subjects:
                subjects[subject] = down_subject(vehicle_of(subject), "ack")
            envelope = read_envelope(frame)
            ack = Ack(envelope.epoch, Lane.STATUS, envelope.seq, (Answer(envelope.seq, Disposition.STORED),))
            answers.append((subjects[subject], encode(ack)))
        await broker.publish_many(answers)

    await broker.subscribe(UPLINK.pattern.format(vehicle_id="*", lane=Lane.STATUS), answer, gathering=_GATHERING)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await broker.close()


if __name__ == "__main__":
    uvloop.run(answer_all())
