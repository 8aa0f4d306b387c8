"""A car and a platform under lost, late, repeated and reordered frames, crashes at any step, and people who change their mind.

The oracle knows nothing of the car's code: it remembers what was sensed under which levels, and looks at the wire and at what
the platform applied.
"""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from openmarque.car.model import Channel, Frame, LinkState
from openmarque.car.store import MemoryCarStore
from openmarque.protocol import signals as vss
from openmarque.protocol.envelope import Envelope, Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import LEVEL_CHANGED, LevelChanged
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, TripCompleted, TripPlaces
from tests.cars import CATALOGUE, START, START_MS, Car, Platform, converse, envelopes, policy, status_body

NEEDED = {path: level for d in CATALOGUE.declarations.values() for path, level in d.signal_levels().items()}
DECLARED_BY = {path: d.name for d in CATALOGUE.declarations.values() for path in d.signal_levels()}
VALIDITY_S = 30 * 86_400


class Crash(Exception):
    """The power failed."""


class CarAndPlatform(RuleBasedStateMachine):
    """Every sensed odometer value, charge and place is unique, so that a value on the wire tells when it was sensed."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryCarStore()
        self.car = Car(self.store)
        self.platform = Platform()
        self.up: list[Frame] = []
        self.down: list[tuple[str, bytes]] = []
        self.policy_version = 0
        self.seen = 0
        self.count = 0
        self.strictest: dict[tuple[str, object], Level] = {}
        """The strictest level in force since each value was sensed."""
        self.closed_since: set[tuple[str, object]] = set()
        """Values sensed before or while their declaration was switched off."""
        self.level_changes = 0
        self.ignition_on = False

    @initialize(level=st.sampled_from(Level))
    def begin_with_an_open_link(self, level: Level) -> None:
        """Most lives of a car begin well; what goes wrong afterwards is the rules' part."""
        self.act(self.car.connect)
        self.a_new_policy()
        self.act(lambda: self.car.set_level(level))
        self.a_good_moment()

    # What people, sensors and time do

    def act(self, act) -> None:
        """Let something happen to the car; the power may fail in it."""
        try:
            frames = act()
        except Crash:
            self.store.fault = lambda _point: None
            self.car.power_up()
            self.note_rules()
            return
        self.note_rules()
        self.judge_wire(frames)
        self.up += frames

    def note_rules(self) -> None:
        level = self.car.core.level
        for key, strictest in self.strictest.items():
            self.strictest[key] = min(level, strictest)
        off = {name for name, on in self.car.core.switches().items() if not on}
        for path, value in self.strictest:
            if DECLARED_BY[path] in off or "remote_access" in off:
                self.closed_since.add((path, value))

    @rule(point=st.sampled_from(["before_commit", "after_commit"]))
    def arm_a_crash(self, point: str) -> None:
        def fault(at: str) -> None:
            if at == point:
                raise Crash

        self.store.fault = fault

    @rule(samples=st.integers(1, 3))
    def drive_on(self, samples: int) -> None:
        for _ in range(samples):
            self.drive_a_second()

    def drive_a_second(self) -> None:
        self.count += 1
        sample = {vss.ODOMETER: self.count, vss.SPEED: 36.0, vss.LATITUDE: 34 + self.count / 1e5, vss.LONGITUDE: -6.75}
        for path in (vss.ODOMETER, vss.LATITUDE):
            self.strictest[path, sample[path]] = self.car.core.level
        self.car.ms += 1000
        self.act(lambda: self.car.senses(sample))

    @rule()
    def turn_the_key(self) -> None:
        self.ignition_on = not self.ignition_on
        self.act(lambda: self.car.senses({vss.IGNITION: "ON" if self.ignition_on else "OFF"}))

    @rule(level=st.sampled_from(Level))
    def choose_a_level(self, level: Level) -> None:
        self.act(lambda: self.car.set_level(level))

    @rule(name=st.sampled_from(["status", "car_finder", "remote_access"]), on=st.booleans())
    def throw_a_switch(self, name: str, on: bool) -> None:
        self.act(lambda: self.car.switch(name, on=on))

    @rule(seconds=st.sampled_from([0.2, 6, 70]))
    def let_time_pass(self, seconds: float) -> None:
        self.act(lambda: self.car.wait(seconds))

    @rule(days=st.sampled_from([1, 31]))
    def park(self, days: int) -> None:
        self.act(lambda: self.car.wait(days * 86_400))

    # What the link does

    @rule()
    def connect(self) -> None:
        self.up.clear()
        self.down.clear()
        self.act(self.car.connect)

    @rule()
    def disconnect(self) -> None:
        self.act(self.car.disconnect)

    @rule()
    def a_new_policy(self) -> None:
        self.policy_version += 1
        self.platform.policy = policy(self.policy_version, issued=START + timedelta(milliseconds=self.car.ms - START_MS))
        self.down.append(("policy", self.platform.policy))

    @precondition(lambda self: self.up)
    @rule(data=st.data(), keep=st.booleans())
    def the_platform_takes_a_frame(self, data, keep: bool) -> None:
        at = data.draw(st.integers(0, len(self.up) - 1))
        frame = self.up[at] if keep else self.up.pop(at)
        self.down += self.platform.takes(frame, self.car.ms)

    @precondition(lambda self: self.up)
    @rule()
    def the_platform_takes_all(self) -> None:
        frames, self.up = self.up, []
        for frame in frames:
            self.down += self.platform.takes(frame, self.car.ms)

    @rule()
    def a_good_moment(self) -> None:
        """Everything on the way arrives, in order, until both are silent."""
        while self.up or self.down:
            if self.up:
                frames, self.up = self.up, []
                self.down += self.platform.takes_batch(frames, self.car.ms)
            if self.down:
                kind, payload = self.down.pop(0)
                if self.car.core.link_state is not LinkState.OFFLINE:
                    self.act(lambda kind=kind, payload=payload: self.car.hears(kind, payload))

    @precondition(lambda self: self.up)
    @rule()
    def frames_are_lost(self) -> None:
        self.up = self.up[1::2]

    @precondition(lambda self: self.down and self.car.core.link_state is not LinkState.OFFLINE)
    @rule(data=st.data(), keep=st.booleans())
    def the_car_hears_something(self, data, keep: bool) -> None:
        at = data.draw(st.integers(0, len(self.down) - 1))
        kind, payload = self.down[at] if keep else self.down.pop(at)
        self.act(lambda: self.car.hears(kind, payload))

    @precondition(lambda self: self.down)
    @rule()
    def answers_are_lost(self) -> None:
        self.down.clear()

    # What must hold

    def judge_wire(self, frames: list[Frame]) -> None:
        level = self.car.core.level
        for frame in frames:
            if frame.channel not in (Channel.EVENT, Channel.URGENT, Channel.STATUS):
                continue
            assert self.car.core.link_state is LinkState.OPEN
        for envelope in envelopes(frames):
            least = min(envelope.level, level)
            assert CATALOGUE.messages.may_leave(envelope.type, least), f"{envelope.type} left at {least}"
            held = self.car.core.policy
            if CATALOGUE.messages.types[envelope.type].declaration or envelope.lane is Lane.STATUS:
                assert held is not None
                assert self.car.ms < held.valid_until_ms
            if envelope.lane is Lane.STATUS:
                self.judge_status(envelope, level)

    def judge_status(self, envelope: Envelope, level: Level) -> None:
        off = {name for name, on in self.car.core.switches().items() if not on}
        assert "remote_access" not in off
        for path, (value, age_ms) in status_body(envelope).values.items():
            assert NEEDED[path] <= min(level, envelope.level)
            assert DECLARED_BY[path] not in off
            assert age_ms >= 0
            if (path, value) in self.strictest:
                assert self.strictest[path, value] >= NEEDED[path], f"{path} was sensed or kept under a stricter level"
                assert (path, value) not in self.closed_since, f"{path} left after it was switched off"

    @invariant()
    def everything_is_applied_once_and_in_order(self) -> None:
        changes = [b for b in self.platform.bodies(LEVEL_CHANGED) if isinstance(b, LevelChanged)]
        counters = [c.counter for c in changes]
        assert counters == list(range(counters[0], counters[0] + len(counters))) if counters else True
        trips = [b.trip for b in self.platform.bodies(TRIP_COMPLETED) if isinstance(b, TripCompleted)]
        assert trips == sorted(set(trips))
        places = [b.trip for b in self.platform.bodies(TRIP_PLACES) if isinstance(b, TripPlaces)]
        assert places == sorted(set(places))

    @invariant()
    def status_never_goes_back(self) -> None:
        odometer = [
            status_body(e).values[vss.ODOMETER][0]
            for e in self.platform.applied[Lane.STATUS]
            if vss.ODOMETER in status_body(e).values
        ]
        assert odometer == sorted(odometer)

    @invariant()
    def the_store_holds_what_memory_holds(self) -> None:
        twin = Car(self.store.fork(), ms=self.car.ms).core
        assert twin.privacy == self.car.core.privacy
        assert twin.outbox_fill == self.car.core.outbox_fill
        assert twin.is_status_settled is self.car.core.is_status_settled
        assert twin.policy_hash == self.car.core.policy_hash

    def teardown(self) -> None:
        """On a good link everything comes to rest: all that happened has arrived, in order and once."""
        self.store.fault = lambda _point: None
        self.car.disconnect()
        converse(self.car, self.platform, self.car.connect())
        for _ in range(3):
            converse(self.car, self.platform, self.car.wait(61))
        assert self.car.core.is_settled
        self.everything_is_applied_once_and_in_order()
        self.status_never_goes_back()
        changes = [b for b in self.platform.bodies(LEVEL_CHANGED) if isinstance(b, LevelChanged)]
        if self.car.core.privacy.counter:
            assert changes[-1].counter == self.car.core.privacy.counter
            assert changes[-1].level is self.car.core.privacy.level


CarAndPlatform.TestCase.settings = settings(stateful_step_count=80)
TestCarAndPlatform = pytest.mark.req("LNK-3b", "LNK-3c", "PRV-5a")(CarAndPlatform.TestCase)
