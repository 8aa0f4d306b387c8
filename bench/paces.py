"""How the cars of a loader send: status with one in flight, events with the protocol's window, or as a mere stream of messages."""

import time
from array import array
from typing import Final

from bench.cars import Car, Fleet
from bench.frames import StatusPacket, TripPacket
from openmarque.protocol.envelope import Disposition, Lane, read_ack
from openmarque.protocol.lanes import EVENT_WINDOW

_AGAIN_S: Final = 3.0
"""Without an answer for so long, what is in flight is sent again, unchanged."""
_SWEEP_S: Final = 0.5
_STATUS: Final = Lane.STATUS
_STORED: Final = Disposition.STORED


class Tally:
    """What was acknowledged since the last `clear`, and how long it took."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.latencies = array("f")
        self.clear()

    def clear(self) -> None:
        """Count from zero."""
        self.sent = self.stored = self.refused = self.duplicate = self.resent = 0
        self.latencies = array("f")

    def percentile_ms(self, share: float) -> float:
        """The latency that `share` of the answers did not exceed, in milliseconds; 0 without any."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


class StatusPace:
    """Each car keeps one status in flight and sends the next on its acknowledgement."""

    rest_s = 0.05

    def __init__(self) -> None:
        """Start from each car's own number."""
        self.tally = Tally()
        self.stopping = False
        self._packets: dict[str, StatusPacket] = {}
        self._swept = 0.0
        self._to_epoch = time.time() - time.perf_counter()

    def begin(self, fleet: Fleet) -> None:
        """See ``Pace``."""
        for car in fleet.live_cars():
            self._packets[car.client_id] = StatusPacket(car.client_id, car.epoch)
            self._send_next(fleet, car, time.perf_counter())

    def answered(self, fleet: Fleet, car: Car, payload: bytes, now: float) -> None:
        """See ``Pace``."""
        ack, seq, tally = read_ack(payload), car.seq, self.tally
        if ack.lane is not _STATUS or ack.epoch != car.epoch or ack.watermark < seq or car.acked >= seq:
            return
        answer = ack.answers[-1]
        if answer.disposition is _STORED and not answer.reason:
            tally.stored += 1
        elif answer.disposition is Disposition.DUPLICATE:
            tally.duplicate += 1
        else:
            tally.refused += 1
        tally.latencies.append(now - car.sent_at)
        car.acked = seq
        if not self.stopping:
            self._send_next(fleet, car, now)

    def tick(self, fleet: Fleet, now: float) -> None:
        """See ``Pace``."""
        if now - self._swept < _SWEEP_S:
            return
        self._swept = now
        for car in fleet.live_cars():
            if car.acked < car.seq and now - car.sent_at > _AGAIN_S:
                self.tally.resent += 1
                car.resent += 1
                car.sent_at = now
                fleet.send(car, self._packets[car.client_id].data)

    @staticmethod
    def drained(fleet: Fleet) -> bool:
        """Whether nothing is in flight."""
        return all(car.acked == car.seq for car in fleet.live_cars())

    def _send_next(self, fleet: Fleet, car: Car, now: float) -> None:
        car.seq += 1
        car.sent_at = now
        self.tally.sent += 1
        fleet.send(car, self._packets[car.client_id].next(car.seq, int((now + self._to_epoch) * 1000)))


class EventPace:
    """Each car keeps the protocol's window of trips in flight; what answers a refill leaves in one write."""

    rest_s = 0.05

    def __init__(self) -> None:
        """Start from each car's own number."""
        self.tally = Tally()
        self.stopping = False
        self._packets: dict[str, TripPacket] = {}
        self._sent_at: dict[str, list[float]] = {}
        self._swept = 0.0

    def begin(self, fleet: Fleet) -> None:
        """See ``Pace``."""
        for car in fleet.live_cars():
            self._packets[car.client_id] = TripPacket(car.client_id, car.epoch)
            self._sent_at[car.client_id] = [0.0] * EVENT_WINDOW
            self._fill(fleet, car)

    def answered(self, fleet: Fleet, car: Car, payload: bytes, now: float) -> None:
        """See ``Pace``. After a gap everything from the watermark on is sent again (go-back-N)."""
        ack = read_ack(payload)
        if ack.lane is not Lane.EVENT or ack.epoch != car.epoch:
            return
        gap = False
        for answer in ack.answers:
            if answer.disposition is Disposition.STORED:
                self.tally.stored += 1
            elif answer.disposition is Disposition.DUPLICATE:
                self.tally.duplicate += 1
            elif answer.disposition is Disposition.GAP:
                gap = True
            else:
                self.tally.refused += 1
        sent_at = self._sent_at[car.client_id]
        for seq in range(car.acked + 1, ack.watermark + 1):
            self.tally.latencies.append(now - sent_at[seq % EVENT_WINDOW])
        car.acked = max(car.acked, ack.watermark)
        if gap:
            self.tally.resent += car.seq - car.acked
            car.seq = car.acked
        if gap or not self.stopping:
            self._fill(fleet, car)

    def tick(self, fleet: Fleet, now: float) -> None:
        """See ``Pace``."""
        if now - self._swept < _SWEEP_S:
            return
        self._swept = now
        for car in fleet.live_cars():
            if car.acked < car.seq and now - car.sent_at > _AGAIN_S:
                self.tally.resent += car.seq - car.acked
                car.seq = car.acked
                self._fill(fleet, car)

    @staticmethod
    def drained(fleet: Fleet) -> bool:
        """Whether nothing is in flight."""
        return all(car.acked == car.seq for car in fleet.live_cars())

    def _fill(self, fleet: Fleet, car: Car) -> None:
        now, now_ms = time.perf_counter(), time.time_ns() // 1_000_000
        packet, sent_at = self._packets[car.client_id], self._sent_at[car.client_id]
        data = bytearray()
        while car.seq - car.acked < EVENT_WINDOW:
            car.seq += 1
            sent_at[car.seq % EVENT_WINDOW] = now
            data += packet.next(car.seq, now_ms)
            self.tally.sent += 1
        car.sent_at = now
        if data:
            fleet.send(car, data)


class StreamPace:
    """Publishes status packets without waiting for answers: `rate` a second in all, or as fast as the broker takes them (0)."""

    def __init__(self, rate: float) -> None:
        """Send nothing yet."""
        self.rest_s = 0.002 if rate else 0.0
        self.tally = Tally()
        self.stopping = False
        self._rate = rate
        self._packets: list[tuple[Car, StatusPacket]] = []
        self._turn = 0
        self._began = 0.0
        self._paced = 0
        """Sent since `begin`, however often the tally was cleared since."""

    def begin(self, fleet: Fleet) -> None:
        """See ``Pace``."""
        self._packets = [(car, StatusPacket(car.client_id, car.epoch)) for car in fleet.live_cars()]
        self._began = time.perf_counter()

    def answered(self, fleet: Fleet, car: Car, payload: bytes, now: float) -> None:
        """See ``Pace``: an answer is read, as by `StatusPace`; nothing waits for it."""
        del fleet, now
        car.acked = max(car.acked, read_ack(payload).watermark)
        self.tally.stored += 1

    def tick(self, fleet: Fleet, now: float) -> None:
        """See ``Pace``."""
        if self.stopping:
            return
        due = int((now - self._began) * self._rate) - self._paced if self._rate else len(self._packets)
        now_ms = time.time_ns() // 1_000_000
        for _ in range(due):
            car, packet = self._packets[self._turn]
            self._turn = (self._turn + 1) % len(self._packets)
            if car.pending:
                continue  # the broker holds us back: what waits is not counted as sent
            car.seq += 1
            self.tally.sent += 1
            self._paced += 1
            fleet.send(car, packet.next(car.seq, now_ms))

    @staticmethod
    def drained(fleet: Fleet) -> bool:
        """Whether nothing waits to be sent."""
        return not any(car.pending for car in fleet.live_cars())
