"""Why something is refused, in words for the owner, with the cure. One table; English and French.

Reason codes are stable: they travel in acknowledgements and in the API, and refusals are counted by them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Each ground on which ``decide`` refuses, strongest first: the first that applies is the one given."""

    UNDECLARED = "undeclared"
    NO_RETENTION = "no_retention"
    NO_TENURE = "no_tenure"
    NO_CAPABILITY = "no_capability"
    NO_CONTRACT = "no_contract"
    CONTRACT_NOT_STARTED = "contract_not_started"
    CONTRACT_ENDED = "contract_ended"
    NO_CONSENT = "no_consent"
    SWITCHED_OFF = "switched_off"
    SWITCHED_OFF_IN_CAR = "switched_off_in_car"
    REMOTE_ACCESS_OFF = "remote_access_off"
    POLICY_EXPIRED = "policy_expired"
    CEILING = "ceiling"
    LEVEL_TOO_LOW = "level_too_low"
    CAPTURED_BELOW_LEVEL = "captured_below_level"


TEXTS: Final[dict[str, dict[Reason, tuple[str, str]]]] = {
    "en": {
        Reason.UNDECLARED: ("This service does not declare that it takes this.", "Nothing to do: it is not taken."),
        Reason.NO_RETENTION: (
            "The brand has not said how long this would be kept.",
            "Contact support: the brand has to complete it.",
        ),
        Reason.NO_TENURE: (
            "The car has no owner in the platform.",
            "Add the car to your garage and type the pairing code in the car.",
        ),
        Reason.NO_CAPABILITY: ("This car is not equipped for it.", "Nothing to do; the store shows what this car can have."),
        Reason.NO_CONTRACT: ("No active contract includes this service.", "Choose a plan in the store."),
        Reason.CONTRACT_NOT_STARTED: ("The contract has not started yet.", "Wait for its first day, shown under My contracts."),
        Reason.CONTRACT_ENDED: ("The contract has ended.", "Renew it in the store or from the car."),
        Reason.NO_CONSENT: ("You have not agreed to this.", "Give your consent in the privacy settings, if you wish to."),
        Reason.SWITCHED_OFF: ("You switched this service off.", "Switch it on again under Privacy."),
        Reason.SWITCHED_OFF_IN_CAR: ("This service is switched off in the car.", "Switch it on in the car's settings."),
        Reason.REMOTE_ACCESS_OFF: (
            "Remote access is switched off in the car.",
            "Switch on remote access in the car's settings.",
        ),
        Reason.POLICY_EXPIRED: (
            "The car has not heard from the platform for too long.",
            "Drive where there is mobile coverage.",
        ),
        Reason.CEILING: ("This car is built never to share this.", "Nothing to do: the limit is part of the car."),
        Reason.LEVEL_TOO_LOW: ("The car's privacy level does not allow it.", "Change the privacy level in the car."),
        Reason.CAPTURED_BELOW_LEVEL: (
            "It was recorded while the privacy level did not allow it.",
            "Nothing to do: it stays in the car.",
        ),
    },
    "fr": {
        Reason.UNDECLARED: ("Ce service ne déclare pas cette donnée.", "Rien à faire : elle n'est pas prise."),
        Reason.NO_RETENTION: (
            "La marque n'a pas fixé de durée de conservation.",
            "Contactez l'assistance : la marque doit la fixer.",
        ),
        Reason.NO_TENURE: (
            "La voiture n'a pas de propriétaire dans la plateforme.",
            "Ajoutez-la à votre garage et saisissez le code de jumelage dans la voiture.",
        ),
        Reason.NO_CAPABILITY: (
            "Cette voiture n'a pas l'équipement nécessaire.",
            "Rien à faire ; la boutique montre ce qui est possible.",
        ),
        Reason.NO_CONTRACT: ("Aucun contrat actif ne comprend ce service.", "Choisissez une offre dans la boutique."),
        Reason.CONTRACT_NOT_STARTED: (
            "Le contrat n'a pas encore commencé.",
            "Attendez son premier jour, indiqué dans Mes contrats.",
        ),
        Reason.CONTRACT_ENDED: ("Le contrat est terminé.", "Renouvelez-le dans la boutique ou depuis la voiture."),
        Reason.NO_CONSENT: (
            "Vous n'avez pas donné votre accord.",
            "Donnez-le dans les réglages de confidentialité, si vous le souhaitez.",
        ),
        Reason.SWITCHED_OFF: ("Vous avez désactivé ce service.", "Réactivez-le sous Confidentialité."),
        Reason.SWITCHED_OFF_IN_CAR: (
            "Ce service est désactivé dans la voiture.",
            "Réactivez-le dans les réglages de la voiture.",
        ),
        Reason.REMOTE_ACCESS_OFF: (
            "L'accès à distance est désactivé dans la voiture.",
            "Activez-le dans les réglages de la voiture.",
        ),
        Reason.POLICY_EXPIRED: (
            "La voiture est sans nouvelles de la plateforme depuis trop longtemps.",
            "Roulez dans une zone couverte.",
        ),
        Reason.CEILING: (
            "Cette voiture est conçue pour ne jamais partager cette donnée.",
            "Rien à faire : la limite est dans la voiture.",
        ),
        Reason.LEVEL_TOO_LOW: (
            "Le niveau de confidentialité de la voiture ne le permet pas.",
            "Changez le niveau dans la voiture.",
        ),
        Reason.CAPTURED_BELOW_LEVEL: (
            "La donnée a été relevée alors que le niveau de confidentialité ne le permettait pas.",
            "Rien à faire : elle reste dans la voiture.",
        ),
    },
}
"""Message and cure of each reason, by language."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A "no" of ``decide``: what was asked of which declaration, and why not."""

    declaration: str
    name: str
    reason: Reason

    def text(self, language: str) -> tuple[str, str]:
        """Message and cure in `language`, in English where there is no translation."""
        return TEXTS.get(language, TEXTS["en"])[self.reason]
