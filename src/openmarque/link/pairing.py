"""Pairing codes typed in cars, as they come in over the link: read, handed to whoever knows what a code is good for, answered."""

from typing import Final

import msgspec

from openmarque.kit.clock import Clock
from openmarque.kit.ids import VehicleId
from openmarque.link.ports import LinkStore, PairingCodeChecker, Refusals
from openmarque.link.status_ingest import UNREADABLE
from openmarque.link.subjects import down_subject
from openmarque.protocol.pairing import PAIRING_REQUEST, PairingRequest

_LARGEST: Final = 256
"""Bytes of a request: a code and a number take under 40."""
_read = msgspec.msgpack.Decoder(PairingRequest).decode


class PairingRequests:
    """Answers ``PairingRequest`` on ``down/pair``."""

    def __init__(self, store: LinkStore, codes: PairingCodeChecker, clock: Clock) -> None:
        """Have `codes` say what becomes of a code."""
        self._store = store
        self._codes = codes
        self._clock = clock

    async def take(self, vehicle_id: VehicleId, payload: bytes) -> None:
        """Answer one request; one that can't be read is counted and gets no answer, as it has no number to answer to."""
        async with self._store.database.begin() as tx:
            try:
                if len(payload) > _LARGEST:
                    raise ValueError("larger than a request can be")
                request = _read(payload)
            except (msgspec.DecodeError, ValueError, RecursionError):
                refusals = Refusals()
                refusals.add(vehicle_id, UNREADABLE, PAIRING_REQUEST)
                await self._store.count_refusals(tx, refusals, self._clock.now())
                return
            answer = await self._codes.typed(tx, vehicle_id, request, self._clock.now())
            tx.publish_after_commit(down_subject(vehicle_id, "pair"), msgspec.msgpack.encode(answer))
