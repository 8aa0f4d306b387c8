"""Settings documents in the world: owners set them in the app, people in the car change them on its screen, with or without a connection.

The app has read a document some time ago, so that its change may be made on an old version. What the screen changes counts at once in the car. Whoever
holds the broker sends the car some document of old again.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, Protocol

import msgspec

from openmarque.car.core import CarCore
from openmarque.car.document_records import SettingRefused
from openmarque.car.model import Now, Output
from openmarque.domains.documents.errors import DocumentConflict
from openmarque.domains.documents.service import Wish
from openmarque.kit.ids import TenureId
from openmarque.protocol.documents import Maker
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.fault_profile import MINUTE_MS
from openmarque.simulator.world.phones import Street, account_of
from openmarque.simulator.world.scheduler import run

SETTING_MEAN_MS: Final = 4 * MINUTE_MS
_READS_FIRST: Final = 0.7
"""Share of the changes in the app before which it reads how the document stands; the others are made on what it read before."""
_KEPT: Final = 6
"""Documents that somebody keeps of a car to send them again."""

Bodies = Mapping[str, Callable[[Random], msgspec.Struct]]
"""By kind: draws a body that somebody may set."""


class SettingWitness(Protocol):
    """Whoever watches that cars go by what was set and by nothing else."""

    def set_here(self, car: WorldCar, kind: str, body: msgspec.Struct) -> None:
        """Somebody is about to set this on the car's screen."""
        ...


class SettingLife:
    """What the people of one car set. ``begin`` starts them, ``calm`` ends what they do."""

    def __init__(self, street: Street, bodies: Bodies, witness: "SettingWitness", frames: Sequence[bytes]) -> None:
        """Set nothing yet. `frames` are the documents that left for the car, oldest first; it grows."""
        self._street = street
        self._bodies = dict(sorted(bodies.items()))
        self._witness = witness
        self._frames = frames
        self._read: dict[tuple[TenureId, str], int] = {}
        self._quiet = False

    def begin(self) -> None:
        """Plan what they will do."""
        if self._bodies:
            self._street.scheduler.repeat(SETTING_MEAN_MS, self._street.random, self._in_app)
            self._street.scheduler.repeat(SETTING_MEAN_MS, self._street.random, self._on_screen)
            self._street.scheduler.repeat(2 * SETTING_MEAN_MS, self._street.random, self._send_again)

    def calm(self) -> None:
        """Nobody sets anything any more."""
        self._quiet = True

    def _in_app(self) -> None:
        street, tenure_id = self._street, self._street.tenure()
        if self._quiet or tenure_id is None:
            return
        kinds = street.cloud.documents.sending.kinds
        names = [name for name in self._bodies if Maker.OWNER in kinds[name].spec.set_by]
        if not names:
            return
        name = street.random.choice(names)
        body = self._bodies[name](street.random)
        if street.random.random() < _READS_FIRST:
            version = street.attempt(lambda: run(self._version(tenure_id, name)))
            self._read[tenure_id, name] = version or 0
        wish = Wish(street.car.vehicle_id, tenure_id, account_of(tenure_id), name, self._read.get((tenure_id, name), 0), body)
        street.journal.note(street.scheduler.now_ms, "setting", street.car.name, f"{name} on {wish.made_on}")
        version = street.attempt(lambda: run(self._set(wish)))
        if version is not None:
            self._read[tenure_id, name] = version

    async def _version(self, tenure_id: TenureId, kind: str) -> int:
        cloud, vehicle_id = self._street.cloud, self._street.car.vehicle_id
        async with cloud.database.begin() as tx:
            views = await cloud.documents.documents.views(tx, vehicle_id, tenure_id, cloud.clock.now())
        return next(view.row.version for view in views if view.kind.name == kind)

    async def _set(self, wish: Wish) -> int:
        """The version after the change; a conflict tells the one that counts."""
        cloud = self._street.cloud
        try:
            async with cloud.database.begin() as tx:
                row = await cloud.documents.documents.set(tx, wish, cloud.clock.now())
        except DocumentConflict as conflict:
            self._street.journal.note(self._street.scheduler.now_ms, "setting_conflict", self._street.car.name, wish.kind)
            row = conflict.facts["row"]  # type: ignore[assignment]
        return row.version

    def _on_screen(self) -> None:
        """Somebody in the car changes a document; what its service does not take changes nothing."""
        street, core = self._street, self._street.car.core
        if self._quiet or core is None:
            return
        names = [held.kind for held in core.settings if held.kind in self._bodies and not held.closed]
        if not names:
            return
        name = street.random.choice(names)
        body = self._bodies[name](street.random)
        street.journal.note(street.scheduler.now_ms, "setting_here", street.car.name, name)
        self._witness.set_here(street.car, name, body)

        def set_here(held: CarCore, now: Now) -> Output:
            out = held.set_here(now, name, body)
            if isinstance(out.refused, SettingRefused):
                street.journal.note(street.scheduler.now_ms, "setting_refused", street.car.name, out.refused.reason)
            return out

        street.car.step(set_here)

    def _send_again(self) -> None:
        """Whoever holds the broker sends the car some document of old again."""
        if self._frames and not self._quiet:
            self._street.journal.fault(self._street.scheduler.now_ms, "document_replayed", self._street.car.name)
            self._street.down("document", self._street.random.choice(self._frames[-_KEPT:]))
