"""Challenges are asked for seldom, answered by the car that was asked, and never waited for where no car is."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest

from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import VehicleId
from openmarque.link.broker import Message
from openmarque.link.challenges import BURST, CarOffline, CarSilent, Challenges, TooManyChallenges
from openmarque.link.fakes import FakeBroker, FakeServer
from openmarque.link.subjects import CHALLENGE, down_subject
from openmarque.protocol.commands import ChallengeAnswer, ChallengeRequest

CAR = VehicleId(uuid4())
GOOD = bytes(range(16))


class Street:
    """A server with a platform, and a car that answers with `answers`."""

    def __init__(self) -> None:
        server = FakeServer()
        self.clock = ManualClock(datetime(2026, 11, 22, tzinfo=UTC))
        self.car = FakeBroker(server)
        self.challenges = Challenges(FakeBroker(server), self.clock)
        self.answers: list[tuple[VehicleId, int, bytes]] = [(CAR, 0, GOOD)]
        self.asked: list[int] = []

    async def drive(self) -> None:
        await self.car.subscribe(down_subject(CAR, "challenge"), self.take)

    async def take(self, batch: list[Message]) -> None:
        for message in batch:
            asked = msgspec.msgpack.decode(message.payload, type=ChallengeRequest).asked
            self.asked.append(asked)
            for car, by, challenge in self.answers:
                frame = msgspec.msgpack.encode(ChallengeAnswer(asked + by, challenge))
                await self.car.publish(CHALLENGE.to(vehicle_id=car), frame)


@pytest.fixture
async def street() -> Street:
    made = Street()
    await made.drive()
    return made


async def test_a_car_answers_each_request(street: Street):
    assert await asyncio.gather(*(street.challenges.ask(CAR) for _ in range(3))) == [GOOD] * 3
    assert len(set(street.asked)) == 3


async def test_a_car_that_is_not_connected_is_told_at_once(street: Street):
    with pytest.raises(CarOffline):
        await asyncio.wait_for(street.challenges.ask(VehicleId(uuid4())), 0.5)


async def test_what_another_car_or_nobody_was_asked_for_is_no_answer(street: Street):
    street.answers = [(VehicleId(uuid4()), 0, GOOD), (CAR, 1, GOOD), (CAR, 0, b"short"), (CAR, 0, b"")]
    with pytest.raises(CarSilent):
        await street.challenges.ask(CAR, within_s=0.1)
    await street.car.publish(CHALLENGE.to(vehicle_id=CAR), b"\xc1 nonsense")
    street.answers = [(CAR, 0, GOOD), (CAR, 0, bytes(16))]
    assert await street.challenges.ask(CAR) == GOOD, "the first answer counts, and nonsense ends nothing"


async def test_a_car_is_asked_so_often_only_and_others_are_not_held_back_by_it(street: Street):
    for _ in range(BURST):
        await street.challenges.ask(CAR)
    with pytest.raises(TooManyChallenges) as refused:
        await street.challenges.ask(CAR)
    assert refused.value.facts["wait_s"] == 3
    with pytest.raises(CarOffline):
        await street.challenges.ask(VehicleId(uuid4()))
    assert len(street.asked) == BURST
    street.clock.advance(timedelta(seconds=3))
    assert await street.challenges.ask(CAR) == GOOD
    with pytest.raises(TooManyChallenges):
        await street.challenges.ask(CAR)
