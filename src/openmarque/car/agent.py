"""The car's agent: one core, one store, one MQTT connection, in one event loop.

MQTT 3.1.1 over mutual TLS 1.3, client id and topics by the opaque vehicle id, clean session, everything at QoS 0: what is safe is
what the platform acknowledged, and the core sees to that. Each input to the core is one call of `act`; frames go out in order.

When the connection fails the agent tries again after 1 s, then after twice as long, at most 2 minutes, each time a random share of
it earlier or later, so that the cars of a town don't come back in one wave. A new certificate is tried first; when it fails three
times in a row the old one is tried once.
"""

import asyncio
import random
import socket
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import aiomqtt
import structlog

from openmarque.car.core import CarCore
from openmarque.car.identity import Bundle
from openmarque.car.keyring import FileKeyring
from openmarque.car.model import Actuation, Channel, Frame, LinkState, NoticeCode, Now, Output
from openmarque.car.parts import InvalidCarPart, car_parts
from openmarque.car.store import CarStore
from openmarque.catalogue.register import Catalogue
from openmarque.kit.clock import Clock, boot_id, steady_ms, to_ms
from openmarque.kit.errors import CallerError
from openmarque.kit.ids import wire
from openmarque.protocol.envelope import Trust

KEEPALIVE_S: Final = 30
"""Half of what mobile networks commonly let an idle connection live (a minute and more)."""
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 120.0
_TIMEOUT_S: Final = 20.0
"""For TCP, TLS and CONNACK on a poor mobile connection."""
_TRIES_OF_NEW: Final = 3
_AT_ONCE: Final = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
"""Frames of one step leave together. Without it the second waits until the broker's side has confirmed the first, which TCP puts off by
up to 40 ms: long within a remote command whose owner looks on."""
_GUARDED: Final = frozenset((Channel.URGENT, Channel.EVENT, Channel.STATUS, Channel.CHALLENGE))
"""Channels whose frames leave by the privacy level."""
_MAY_TIGHTEN: Final = frozenset(
    (
        NoticeCode.LEVEL_CHANGED,
        NoticeCode.SWITCH_CHANGED,
        NoticeCode.POLICY_INSTALLED,
        NoticeCode.OWNER_CHANGED,
        NoticeCode.OUTBOX_PURGED,
    )
)
"""Notices of a step after which less may leave the car than before it."""
_LEAST_SLEEP_S: Final = 0.05
_LONGEST_SLEEP_S: Final = 60.0
"""So late it may be seen that the machine slept, or that its clock was set and nobody said so (``CarAgent.clock_set``)."""

_log = structlog.get_logger()

Act = Callable[[CarCore, Now], Output]
Actuator = Callable[[Actuation], None]


class _Reconnect(Exception):
    """A new certificate, or a new core, wants a new connection."""


class CarAgent:
    """Runs a car. `run` never returns by itself; cancel it to stop."""

    def __init__(
        self,
        bundle: Bundle,
        store: CarStore,
        catalogue: Catalogue,
        clock: Clock,
        trust: Callable[[], Trust] = lambda: Trust.SYNCED,
        spread: Callable[[], float] = random.random,
        steady: Callable[[], int] = steady_ms,
        actuators: Mapping[str, Actuator] | None = None,
    ) -> None:
        """Make the core; nothing is connected yet. `trust` says how far the clock can be believed, `spread` draws from [0, 1).

        `steady` is the clock that never goes back (``Now.steady_ms``). `actuators` are registered by the name of their command: each has the car
        do something and returns at once; the outcome comes as sensed values in a later call of `act`. Where none is registered nothing moves.
        """
        self.bundle = bundle
        self.keys = FileKeyring(bundle)
        self._store = store
        self.catalogue = catalogue
        self._clock = clock
        self._trust = trust
        self._spread = spread
        self._steady = steady
        self._actuators = actuators or {}
        self._parts = car_parts(catalogue.services, _left_out)
        self._told: set[tuple[str, type[Exception]]] = set()
        self._core = self._new_core()
        self._outgoing: asyncio.Queue[Frame] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._reconnect = asyncio.Event()
        self._name = wire(bundle.vehicle_id)
        self._prefix = f"v/{self._name}"

    @property
    def core(self) -> CarCore:
        """The core as it is now; a new one takes its place when a step of it failed, so don't keep it."""
        return self._core

    def now(self) -> Now:
        """The car's clock."""
        return Now(to_ms(self._clock.now()), self._trust(), self._steady())

    def act(self, call: Act) -> Output:
        """Give the core one input; its frames are queued for sending.

        An error of the caller is raised and changes nothing; what was refused is raised when the rest is carried out. Any other means that memory and store may differ: the core is made
        anew from the store, the connection with it, and the error is raised.
        """
        try:
            output = call(self._core, self.now())
        except CallerError:
            raise
        except Exception:
            self._core = self._new_core()
            self._reconnect.set()
            self._announce()
            raise
        if any(notice.code in _MAY_TIGHTEN for notice in output.notices):
            self._take_back()
        for frame in output.frames:
            self._outgoing.put_nowait(frame)
        for action in output.actions:
            self._actuate(action)
        for service, error in output.faults:
            if (service, type(error)) not in self._told:  # it may fail again with every sample
                self._told.add((service, type(error)))
                _log.error("service failed", reason=service, exc_info=error)
        for notice in output.notices:
            _log.info("notice", vehicle_id=self._name, reason=notice.code.value)
        if output.reconnect:
            self._reconnect.set()
        self._announce()
        if output.refused is not None:
            raise output.refused
        return output

    def clock_set(self) -> None:
        """The wall clock was set, or has become known: what is due by it now is done. Whoever sets it calls this."""
        self.act(lambda core, now: core.tick(now))

    async def until(self, is_so: Callable[[CarCore], bool]) -> None:
        """Return once the core is so."""
        while not is_so(self._core):
            await self._changed.wait()

    async def run(self) -> None:
        """Connect, stay connected, keep time. Ends only by cancellation, or by an error that no new connection mends."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_time())
            group.create_task(self._keep_connected())

    async def _keep_connected(self) -> None:
        wait_s = FIRST_WAIT_S
        failures = 0
        while True:
            # A task of its own: it opens task groups, and only one that opens none can tell that its cancellation was swallowed.
            was_open = await asyncio.create_task(self._one_connection())
            _end_if_cancelled()
            wait_s = FIRST_WAIT_S if was_open else min(wait_s * 2, LONGEST_WAIT_S)
            failures = 0 if was_open else failures + 1
            self._choose_certificate(failures)
            await asyncio.sleep(wait_s * (0.5 + self._spread()))

    def _choose_certificate(self, failures: int) -> None:
        """The old certificate for one try in four while the new one finds no welcome."""
        if failures % (_TRIES_OF_NEW + 1) == _TRIES_OF_NEW:
            self.keys.fall_back()
        else:
            self.keys.use_next()

    async def _one_connection(self) -> bool:
        """Connect, and stay so until the connection ends; whether the platform welcomed it."""
        was_open = False
        self._reconnect.clear()
        try:
            async with self._client() as client:
                await client.subscribe(f"{self._prefix}/down/#", qos=0)
                _end_if_cancelled()
                self._drop_outgoing()
                self.act(lambda core, now: core.connected(now))
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._publish(client))
                        group.create_task(self._listen(client))
                        group.create_task(self._watch_reconnect())
                finally:
                    was_open = self._core.link_state is LinkState.OPEN
                    self.act(lambda core, now: core.disconnected(now))
                    self._drop_outgoing()
        except* _Reconnect:
            _log.info("reconnecting", vehicle_id=self._name)
        except* (aiomqtt.MqttError, OSError) as errors:
            _log.info("not connected", vehicle_id=self._name, error=type(errors.exceptions[0]).__name__)
        return was_open

    def _client(self) -> aiomqtt.Client:
        facts = self.bundle.facts
        return aiomqtt.Client(
            facts.host,
            facts.mqtt_port,
            identifier=self._name,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            keepalive=KEEPALIVE_S,
            timeout=_TIMEOUT_S,
            tls_context=self._tls(),
            socket_options=_AT_ONCE,
        )

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.bundle.broker_ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.keys.chain_path, self.keys.key_path)
        return context

    async def _publish(self, client: aiomqtt.Client) -> None:
        while True:
            frame = await self._outgoing.get()
            await client.publish(f"{self._prefix}/up/{frame.channel}", frame.payload, qos=0)
            _end_if_cancelled()

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            kind = message.topic.value.rpartition("/")[2]
            self.act(partial(_received, kind=kind, payload=message.payload))

    async def _watch_reconnect(self) -> None:
        await self._reconnect.wait()
        raise _Reconnect

    async def _keep_time(self) -> None:
        while True:
            wait_ms = self._core.wake_in_ms(self.now())
            sleep_s = _LONGEST_SLEEP_S if wait_ms is None else wait_ms / 1000
            try:
                # A clock that is not believed can make a wake-up due that the core won't act on: never spin.
                async with asyncio.timeout(min(max(sleep_s, _LEAST_SLEEP_S), _LONGEST_SLEEP_S)):
                    await self._changed.wait()
            except TimeoutError:
                self.act(lambda core, now: core.tick(now))

    def _actuate(self, action: Actuation) -> None:
        actuator = self._actuators.get(action.command)
        try:
            if actuator is not None:
                actuator(action)
                return
        except Exception as error:  # noqa: BLE001 - one actuator's fault must not stop the car
            _log.error("actuator failed", reason=action.command, exc_info=error)
        self.act(lambda core, now: core.nothing_moved(now, action))

    def _new_core(self) -> CarCore:
        return CarCore(self.bundle.profile(), self._store, self.keys, self.catalogue, boot_id(), self._parts)

    def _drop_outgoing(self) -> None:
        while not self._outgoing.empty():
            self._outgoing.get_nowait()

    def _take_back(self) -> None:
        """Drop what waits to be published by the privacy level, for it passed the gate under other rules; the core sends again what still may."""
        waiting = [self._outgoing.get_nowait() for _ in range(self._outgoing.qsize())]
        for frame in waiting:
            if frame.channel not in _GUARDED:
                self._outgoing.put_nowait(frame)

    def _announce(self) -> None:
        """Wake whoever waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()


def _left_out(error: InvalidCarPart) -> None:
    """One service's wrong manifest costs the car that service and no other."""
    _log.error("service left out", error=error.message, cure=error.remedy)


def _end_if_cancelled() -> None:
    """Raise the cancellation of this task that was swallowed below.

    Python 3.11's ``wait_for`` (in aiomqtt) loses one that comes in the same turn as its result. Without this an agent that is told to
    stop could run on for ever. Only for a task that has opened no task group yet: those leave a count of their own behind.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _received(core: CarCore, now: Now, *, kind: str, payload: bytes) -> Output:
    return core.received(now, kind, payload)
