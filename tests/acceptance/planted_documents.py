"""Faults in how settings documents are kept, one a class; they are looked for in worlds with the probe, which has two of them."""

from typing import Any

import msgspec

from openmarque.car.core import CarCore
from openmarque.car.documents import Documents
from openmarque.domains.documents.memory import MemoryDocuments
from openmarque.protocol.documents import DocumentReason, Offer
from openmarque.simulator.world.car import CarParts
from openmarque.simulator.world.cloud import CloudParts
from openmarque.simulator.world.parts import Parts, PlantedFault


class AsksNotWhose(Documents):
    """A document for any owner of this car is taken."""

    def _refuses(self, turn, document, declaration, spec):
        reason = super()._refuses(turn, document, declaration, spec)
        return "" if reason == DocumentReason.OTHER_TENURE else reason


class ForgetsWhatLost(Documents):
    """A change at the screen that gives way is gone."""

    def _keep(self, turn, kind, record, document):
        super()._keep(turn, kind, msgspec.structs.replace(record, lost=None), document)


class TakesOlderVersions(Documents):
    """What comes counts, whatever its number."""

    def _compared(self, document):
        compared = super()._compared(document)
        return Offer.NEWER if compared is Offer.OLDER else compared


class TellsNoChanges(Documents):
    """What is changed at the screen stays in the car."""

    def _tell_change(self, turn, kind):
        pass


def car_with_documents(kind: type[Documents]) -> Parts:
    """A world whose cars keep their documents in another way."""

    def make(*args: Any) -> CarCore:
        core = CarCore(*args)
        core._documents.__class__ = kind
        return core

    return Parts(car=CarParts(core=make))


class NeverLooksAgain(MemoryDocuments):
    """What a car did not answer is not sent to it again."""

    async def look_at(self, tx, document_id, due_at):
        pass


class KeepsFormerOwners(MemoryDocuments):
    """With another owner everything stays, and is the new one's."""

    async def hand_over(self, tx, vehicle_id, tenure_id, of_vehicle):
        every = {row.kind for row in tx.all("settings_document").values()}
        await super().hand_over(tx, vehicle_id, tenure_id, every)


DOCUMENTS_PLANTED = (
    PlantedFault("asks not whose a document is", car_with_documents(AsksNotWhose), frozenset({"document-not-set"}), seed=18),
    PlantedFault("forgets what lost", car_with_documents(ForgetsWhatLost), frozenset({"document-lost-silently"}), seed=6),
    PlantedFault("takes older versions", car_with_documents(TakesOlderVersions), frozenset({"document-went-back"}), seed=0),
    PlantedFault("tells no changes", car_with_documents(TellsNoChanges), frozenset({"document-differs"}), seed=2),
    PlantedFault(
        "never looks at a document again",
        Parts(cloud=CloudParts(documents=NeverLooksAgain)),
        frozenset({"document-differs"}),
        seed=32,
    ),
    PlantedFault(
        "keeps documents of former owners",
        Parts(cloud=CloudParts(documents=KeepsFormerOwners)),
        frozenset({"document-of-former-owner"}),
        seed=17,
    ),
)
