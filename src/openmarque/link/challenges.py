"""Challenges of cars: asked for over the link, answered by the car within milliseconds, or not at all. REQ RC-6, decision 0014.

Theory of operation: the request goes to the car by ``Broker.deliver``, which says at once when the car is not connected; the answer comes
on ``v.{id}.up.challenge`` with the number of the request. Each process that asks listens to all answers and knows its own by the
number, which is random. A car is asked so often only: neither a broken app nor somebody with a stolen session keeps it busy, or voids the
challenges of others (a car remembers its newest 8). Asking wakes no car: one that sleeps is not connected.
"""

import asyncio
import math
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import msgspec

from openmarque.kit.clock import Clock, to_ms
from openmarque.kit.errors import CallerError
from openmarque.kit.ids import VehicleId
from openmarque.link.broker import Broker, Message, NobodyListens, Subscription
from openmarque.link.subjects import CHALLENGE, down_subject, vehicle_of
from openmarque.protocol.commands import CHALLENGE_BYTES, ChallengeAnswer, ChallengeRequest

ANSWER_WITHIN_S: Final = 3.0
"""A car with coverage answers in a tenth of it; one without is not told to be offline by its broker for a minute."""
BURST: Final = 10
"""Requests to one car at a time: several people with several windows."""
REFILL_MS: Final = 3_000
"""After this time one more request may go to a car: twenty a minute."""
_REMEMBERED: Final = 10_000
"""Cars whose requests are counted; the one asked longest ago is forgotten, and by then its count would be full again."""
_NUMBERS: Final = 2**53
"""Numbers of requests: nobody guesses one that is awaited."""

_read_answer = msgspec.msgpack.Decoder(ChallengeAnswer).decode


class CarOffline(CallerError):
    """The car is not connected."""

    code = "car-offline"
    retryable = True
    cure = (
        "It has no network or it sleeps: switch the ignition on, or try again when it is where there is coverage. "
        "Nothing was sent, and nothing will happen later."
    )
    http_status = 409


class CarSilent(CallerError):
    """The car does not answer."""

    code = "car-silent"
    retryable = True
    cure = "Try again in a minute: its coverage may be poor just now. Nothing was sent."
    http_status = 504


class TooManyChallenges(CallerError):
    """This car was asked for too many challenges."""

    code = "too-many-challenges"
    retryable = True
    cure = "Wait a few seconds. A challenge is good for several minutes: keep it."
    http_status = 429


class Challenges:
    """Asks cars for challenges. One for each process that takes commands; ``start`` before the first question."""

    def __init__(self, broker: Broker, clock: Clock) -> None:
        """Ask over `broker`."""
        self._broker = broker
        self._clock = clock
        self._awaited: dict[tuple[VehicleId, int], asyncio.Future[bytes]] = {}
        self._budgets: OrderedDict[tuple[VehicleId, str], tuple[float, int]] = OrderedDict()
        self._starting: asyncio.Task[Subscription] | None = None

    async def start(self) -> None:
        """Listen to the answers of cars. Again without effect. Raises ``BrokerDown``."""
        if self._starting is None or (self._starting.done() and self._starting.exception() is not None):
            self._starting = asyncio.create_task(self._broker.subscribe(CHALLENGE.every, self._take))
        await asyncio.shield(self._starting)

    async def ask(self, vehicle_id: VehicleId, within_s: float = ANSWER_WITHIN_S) -> bytes:
        """A fresh challenge of the car, 16 bytes.

        Raises ``TooManyChallenges``, at once ``CarOffline`` when it is not connected, ``CarSilent`` after `within_s`, ``BrokerDown``.
        """
        self.spend(vehicle_id)
        await self.start()
        asked = secrets.randbelow(_NUMBERS)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._awaited[vehicle_id, asked] = answer
        try:
            await self._broker.deliver(down_subject(vehicle_id, "challenge"), msgspec.msgpack.encode(ChallengeRequest(asked)))
            return await asyncio.wait_for(answer, within_s)
        except NobodyListens as error:
            raise CarOffline from error
        except TimeoutError as error:
            raise CarSilent from error
        finally:
            del self._awaited[vehicle_id, asked]

    async def _take(self, batch: Sequence[Message]) -> None:
        """Hand answers over to whoever waits; what nobody waits for, or can't be read, is nothing."""
        for message in batch:
            try:
                answer = _read_answer(message.payload)
                waiting = self._awaited.get((vehicle_of(message.subject), answer.asked))
            except (msgspec.DecodeError, ValueError, RecursionError):
                continue
            if waiting is not None and not waiting.done() and len(answer.challenge) == CHALLENGE_BYTES:
                waiting.set_result(answer.challenge)

    def spend(self, vehicle_id: VehicleId, what: str = "challenge") -> None:
        """Take one request from the car's budget for `what`: other questions that cost the car an answer have their own.

        Raises ``TooManyChallenges``.
        """
        now = to_ms(self._clock.now())
        left, at = self._budgets.pop((vehicle_id, what), (float(BURST), now))
        left = min(float(BURST), left + max(0, now - at) / REFILL_MS)
        if left < 1:
            self._budgets[vehicle_id, what] = left, now
            raise TooManyChallenges(wait_s=math.ceil((1 - left) * REFILL_MS / 1000))
        self._budgets[vehicle_id, what] = left - 1, now
        if len(self._budgets) > _REMEMBERED:
            self._budgets.popitem(last=False)
