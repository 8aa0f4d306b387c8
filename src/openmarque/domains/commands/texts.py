"""What becomes of a remote command in words for the owner, where the platform says it: the car's own reasons are in ``catalogue.command_reasons``."""

from collections.abc import Mapping
from typing import Final

from openmarque.catalogue.command_reasons import reason_text
from openmarque.domains.commands.states import State

CAR_OFFLINE: Final = "car_offline"
CAR_SILENT: Final = "car_silent"
NOT_APPROVED: Final = "not_approved"
NO_OUTCOME: Final = "no_outcome"
NOT_SENT: Final = "not_sent"
NOT_GRANTED: Final = "not_granted"
UNSPECIFIED: Final = "unspecified"
"""A reason that a car gave and that is no code."""

TEXTS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "en": {
        CAR_OFFLINE: (
            "The car is not connected, so nothing was sent. Nothing will happen later.",
            "It has no network or it sleeps: switch the ignition on, or try again when it is where there is coverage.",
        ),
        CAR_SILENT: ("The car did not answer, so nothing was sent.", "Try again in a minute."),
        NOT_APPROVED: ("No phone approved the command in time.", "Remote command again and approve it on a phone of the car."),
        NO_OUTCOME: (
            "The car did not say in time what became of it. It will not begin it any more; it may have done it before.",
            "Look at the car's state, and command again if you need to.",
        ),
        NOT_SENT: ("The command could not be sent in time.", "Remote command again."),
        NOT_GRANTED: ("This account may see the car and give it no commands.", "Ask the account that added the car."),
    },
    "fr": {
        CAR_OFFLINE: (
            "La voiture n'est pas connectée : rien n'a été envoyé. Rien ne se passera plus tard.",
            "Elle n'a pas de réseau ou elle dort : mettez le contact, ou réessayez quand elle sera dans une zone couverte.",
        ),
        CAR_SILENT: ("La voiture n'a pas répondu : rien n'a été ordonné.", "Réessayez dans une minute."),
        NOT_APPROVED: (
            "Aucun téléphone n'a approuvé l'ordre à temps.",
            "Donnez l'ordre à nouveau et approuvez-le sur un téléphone de la voiture.",
        ),
        NO_OUTCOME: (
            "La voiture n'a pas dit à temps ce qu'il en est. Elle ne le commencera plus ; elle l'a peut-être fait avant.",
            "Regardez l'état de la voiture et ordonnez à nouveau au besoin.",
        ),
        NOT_SENT: ("L'ordre n'a pas pu être envoyé à temps.", "Donnez l'ordre à nouveau."),
        NOT_GRANTED: (
            "Ce compte peut voir la voiture, mais pas lui donner d'ordres.",
            "Demandez au compte qui a ajouté la voiture.",
        ),
    },
}

_STATES: Final[Mapping[str, Mapping[State, tuple[str, str]]]] = {
    "en": {
        State.AWAITING_PHONE: ("A phone of the car has to approve it.", "Open the app on a phone that the car knows."),
        State.ACCEPTED: ("Accepted; it goes to the car.", ""),
        State.SENT: ("Sent to the car.", ""),
        State.REACHED: ("The car has it.", ""),
        State.EXECUTING: ("The car is doing it.", ""),
        State.DONE: ("Done: the car's sensors say so.", ""),
    },
    "fr": {
        State.AWAITING_PHONE: (
            "Un téléphone de la voiture doit l'approuver.",
            "Ouvrez l'application sur un téléphone que la voiture connaît.",
        ),
        State.ACCEPTED: ("Accepté ; il part vers la voiture.", ""),
        State.SENT: ("Envoyé à la voiture.", ""),
        State.REACHED: ("La voiture l'a reçu.", ""),
        State.EXECUTING: ("La voiture l'exécute.", ""),
        State.DONE: ("Fait : les capteurs de la voiture le disent.", ""),
    },
}


def told(state: State, reason: str, language: str) -> tuple[str, str]:
    """Message and cure for a remote command as it stands, in `language`, in English where there is no translation."""
    known = language if language in TEXTS else "en"
    if state in _STATES[known]:
        return _STATES[known][state]
    return TEXTS[known].get(reason) or reason_text(reason, known)


def in_words(reason: str) -> Mapping[str, tuple[str, str]]:
    """Message and cure for a reason, in every language."""
    return {language: texts.get(reason) or reason_text(reason, language) for language, texts in TEXTS.items()}
