"""Watches settings documents on both sides. It knows which body was set by whom, and for which tenure.

Invariants here (names as reported):
    document-not-set         a car goes by what it was built with, or by what somebody set for its present owner (or for the car, by kind)
    document-went-back       the version that a car holds does not fall, unless it lost its memory or has another owner
    document-lost-silently   a change on the car's screen that does not count is kept to be seen
    document-version-reused  a version is one body, also after a backup was put back
    document-of-former-owner what an owner set is never another's, but for what belongs to the car
    document-differs         in the end, where the service is open, car and platform go by the same body under the same version
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from openmarque.car.document_records import HeldDocument
from openmarque.car.model import Output
from openmarque.catalogue.declarations import Declaration, DocumentScope, DocumentSpec
from openmarque.domains.documents.memory import SETTINGS_DOCUMENT
from openmarque.domains.documents.states import State
from openmarque.domains.documents.store import DocumentRow
from openmarque.kit.ids import VehicleId
from openmarque.link.subjects import vehicle_of
from openmarque.protocol.documents import body_hash, write_body
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.database import Write
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.part import Silence, Watch
from openmarque.simulator.world.view import View, closing_switches, switched_off


@dataclass(slots=True)
class SeenDocuments:
    """What was seen of one car: whose it was, how each kind stood, and of which the newest change at the screen has to stay in the car."""

    tenure: object = None
    kept: set[str] = field(default_factory=set)
    held: dict[str, HeldDocument] = field(default_factory=dict)


class DocumentWatch:
    """The documents of one world."""

    def __init__(self, view: View) -> None:
        """Nothing is set."""
        self._view = view
        self._kinds: Mapping[str, tuple[Declaration, DocumentSpec]] = view.catalogue.documents()
        self._cars: dict[VehicleId, SeenDocuments] = defaultdict(SeenDocuments)
        self._set: dict[tuple[VehicleId, str], set[tuple[object, str]]] = defaultdict(set)
        self._versions: dict[tuple[VehicleId, str, object, int], str] = {}
        self.frames: dict[VehicleId, list[bytes]] = defaultdict(list)
        """Every document that ever left for a car, oldest first."""

    # What is set

    def set_here(self, car: WorldCar, kind: str, body: msgspec.Struct) -> None:
        """Somebody is about to set this on the car's screen."""
        assert car.core is not None
        tenure = car.core.policy.tenure_id if car.core.policy else None
        is_kept = car.core.level < self._kinds[kind][0].document_level(kind)
        (self._cars[car.vehicle_id].kept.add if is_kept else self._cars[car.vehicle_id].kept.discard)(kind)
        self._set[car.vehicle_id, kind].add((self._whose(kind, tenure), body_hash(write_body(body))))

    def wrote(self, write: Write) -> None:
        """The platform keeps a document, or no longer."""
        row: DocumentRow | None = write.after
        if row is None or row.version == 0:
            return
        whose = self._whose(row.kind, row.tenure_id)
        if write.before is not None and whose != self._whose(row.kind, write.before.tenure_id):
            raise InvariantBroken("document-of-former-owner", f"{row.kind} {row.version} becomes {whose}'s")
        self._set[row.vehicle_id, row.kind].add((whose, row.hash))
        named = self._versions.setdefault((row.vehicle_id, row.kind, whose, row.version), row.hash)
        if named != row.hash:
            raise InvariantBroken("document-version-reused", f"{row.kind} {row.version}")

    def published(self, subject: str, payload: bytes) -> None:
        """A document leaves for a car."""
        if subject.endswith(".document"):
            self.frames[vehicle_of(subject)].append(payload)

    def _whose(self, kind: str, tenure: object) -> object:
        _, spec = self._kinds[kind]
        return None if spec.scope is DocumentScope.VEHICLE else tenure

    # In the car

    def stepped(self, car: WorldCar, _out: Output) -> None:
        """A step of a car ended well."""
        core = car.core
        assert core is not None
        seen = self._cars[car.vehicle_id]
        tenure = core.policy.tenure_id if core.policy else None
        is_same = seen.tenure == tenure
        for held in core.settings:
            self._check(car, held, seen.held.get(held.kind) if is_same else None, tenure)
        seen.tenure, seen.held = tenure, {held.kind: held for held in core.settings}

    def forget(self, car: WorldCar) -> None:
        """The car lost its memory."""
        self._cars.pop(car.vehicle_id, None)

    def _check(self, car: WorldCar, held: HeldDocument, before: HeldDocument | None, tenure: object) -> None:
        _, spec = self._kinds[held.kind]
        named = body_hash(write_body(held.body))
        known = self._set[car.vehicle_id, held.kind]
        if held.body != spec.body() and (self._whose(held.kind, tenure), named) not in known:
            raise InvariantBroken("document-not-set", f"{car.name} goes by {held}, which nobody set for {tenure}")
        if before is None:
            return
        if held.version < before.version:
            raise InvariantBroken("document-went-back", f"{car.name} {held.kind}: {before.version} to {held.version}")
        if not before.is_told and held.is_told and before.body not in (held.body, held.lost):
            raise InvariantBroken("document-lost-silently", f"{car.name} {held.kind}: {before.body} gave way to {held.body}")

    # The end

    def ask(self, car: WorldCar, silence: Silence) -> Mapping[str, int]:
        """Do both sides go by the same, where they may speak of it?"""
        core = car.core
        assert core is not None
        asked = 0
        for held in core.settings:
            declaration, _ = self._kinds[held.kind]
            if not self._is_open(car, declaration, held.kind, silence):
                continue
            row = self._row(car.vehicle_id, held.kind, core.policy.tenure_id if core.policy else None)
            if row is not None and row.state is State.REFUSED:
                continue
            asked += 1
            is_kept = held.kind in self._cars[car.vehicle_id].kept
            if not _agree(held, row) and not (is_kept and not held.is_told and row is not None and row.state is State.DIFFERS):
                raise InvariantBroken("document-differs", f"{car.name} goes by {held}, the platform keeps {row}")
        return {"documents": asked}

    def _row(self, vehicle_id: VehicleId, kind: str, tenure: object) -> DocumentRow | None:
        rows: Mapping[Any, DocumentRow] = self._view.grounds.tables.get(SETTINGS_DOCUMENT, {})
        found = [row for row in rows.values() if (row.vehicle_id, row.kind) == (vehicle_id, kind)]
        return next((row for row in found if self._whose(kind, row.tenure_id) == self._whose(kind, tenure)), None)

    def _is_open(self, car: WorldCar, declaration: Declaration, kind: str, silence: Silence) -> bool:
        core = car.core
        assert core is not None
        ground = self._view.grounds.of(car.vehicle_id)
        return (
            core.level >= declaration.document_level(kind)
            and switched_off(core).isdisjoint(closing_switches(declaration))
            and all(ground.is_open(declaration.name, at_ms) for at_ms in silence)
        )


def _agree(held: HeldDocument, row: DocumentRow | None) -> bool:
    if row is None or row.version == 0:
        return held.is_told and held.version == 0
    is_same = (held.version, msgspec.to_builtins(held.body)) == (row.version, row.body)
    return held.is_told and is_same and row.state is State.IN_FORCE


def watch_documents(documents: DocumentWatch) -> Watch:
    """What is looked at in one world."""
    return Watch(
        stepped=documents.stepped,
        published=documents.published,
        tables={SETTINGS_DOCUMENT: documents.wrote},
        lost_memory=documents.forget,
        ask=documents.ask,
    )
