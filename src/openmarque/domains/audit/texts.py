"""Why the link refused something, in words for the owner: grounds other than those of ``decide`` (``catalogue.refusals``)."""

from collections.abc import Mapping
from typing import Final

REFUSED: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "unreadable": "It could not be read.",
        "bad_value": "The value is not one that this signal can have.",
        "unknown_type": "The platform does not know this kind of message.",
        "unprocessable": "It could not be worked on.",
        "bad_figures": "The figures can't be those of a trip.",
        "implausible_time": "The time that the car gave can't be true.",
        "no_tenure": "The car had no owner in the platform.",
        "unknown_key": "It was signed by a key that the platform does not know.",
        "bad_signature": "Its signature does not fit.",
        "unknown_policy": "The platform had gone back to a backup and did not know these rules any more; the car was given new ones.",
        "old_statement": "A newer statement had come before it.",
        "stale_epoch": "It came from before the car's memory was reset.",
        "unknown_epoch": "The car had not announced the reset of its memory.",
    },
    "fr": {
        "unreadable": "Le message était illisible.",
        "bad_value": "Ce signal ne peut pas avoir cette valeur.",
        "unknown_type": "La plateforme ne connaît pas ce type de message.",
        "unprocessable": "Le message n'a pas pu être traité.",
        "bad_figures": "Ces chiffres ne peuvent pas être ceux d'un trajet.",
        "implausible_time": "L'heure donnée par la voiture ne peut pas être vraie.",
        "no_tenure": "La voiture n'avait pas de propriétaire dans la plateforme.",
        "unknown_key": "Le message est signé par une clé inconnue de la plateforme.",
        "bad_signature": "La signature n'est pas valable.",
        "unknown_policy": "La plateforme était revenue à une sauvegarde et ne connaissait plus ces règles ; la voiture en a reçu de nouvelles.",
        "old_statement": "Une déclaration plus récente était déjà arrivée.",
        "stale_epoch": "Le message date d'avant la réinitialisation de la voiture.",
        "unknown_epoch": "La voiture n'avait pas annoncé sa réinitialisation.",
    },
}
"""Sentence by language and reason code."""
