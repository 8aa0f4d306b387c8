"""What is kept of settings documents. What stands in one is declared by the service whose kind it is (``document:kind``)."""

from openmarque.catalogue.declarations import LIFE_OF_TENURE, Declaration, Item, LegalBasis, Scope
from openmarque.protocol.documents import REPORT_BODY, DocumentReport

_PLACE = ("document_id", "vehicle_id", "tenure_id", "kind")
_VERSION = ("schema", "body", "hash", "version", "made_by", "made_at")
_CAR = ("state", "reason", "state_at", "reported_version", "change", "own_since", "lost_body", "lost_at")
_COUNTS = ("changes", "changes_since", "sends", "sent_at", "revision")

SETTINGS_DOCUMENTS = Declaration(
    name="settings_documents",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "versions of settings, and what the car said of them",
            LIFE_OF_TENURE,
            fields=tuple(f"settings_document.{name}" for name in (*_PLACE, *_VERSION, *_CAR, *_COUNTS)),
            carried=tuple(f"wire:{REPORT_BODY}.{name}" for name in DocumentReport.__struct_fields__),
        ),
    ),
)

DECLARATIONS = (SETTINGS_DOCUMENTS,)
