"""What is kept of decisions about privacy: levels as the car signed them, switches, consents."""

from openmarque.catalogue.declarations import LIFE_OF_TENURE, Declaration, Item, LegalBasis, Scope
from openmarque.protocol.messages import LEVEL_CHANGED

_LEVEL = ("vehicle_id", "counter", "tenure_id", "level", "changed_at", "changed_by", "key_id", "signature", "received_at")
_WIRE = ("level", "counter", "changed_at", "by", "key_id", "signature")
_CONSENT = ("consent_id", "tenure_id", "declaration", "text_version", "language", "channel", "given_at", "withdrawn_at")

CHOICES = Declaration(
    name="privacy_choices",
    version=1,
    basis=LegalBasis.LEGAL_DUTY,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "privacy level",
            LIFE_OF_TENURE,
            fields=tuple(f"privacy_level.{column}" for column in _LEVEL),
            carried=tuple(f"wire:{LEVEL_CHANGED}.{field}" for field in _WIRE),
        ),
        Item(
            "switches",
            LIFE_OF_TENURE,
            fields=("service_switch.tenure_id", "service_switch.name", "service_switch.switched_off_at"),
        ),
        Item("consents", LIFE_OF_TENURE, fields=tuple(f"consent.{column}" for column in _CONSENT)),
    ),
)

DECLARATIONS = (CHOICES,)
