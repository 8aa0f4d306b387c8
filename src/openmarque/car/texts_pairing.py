"""What the head unit says of pairing, in English and French; part of ``openmarque.car.texts``."""

from typing import Final

PAIRING_TEXTS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "pairing": "Pair with an owner's account",
        "pairing.code": "Pairing code from the app, 8 digits",
        "pairing.send": "Pair",
        "pairing.not_eight": "A pairing code has 8 digits.",
        "pairing.sent": "The code was sent.",
        "pairing.not_sent": "The code was not sent.",
        "pairing.outcome.none": "",
        "pairing.outcome.waiting": "The code was sent. Waiting for the answer …",
        "pairing.outcome.paired": "The car is paired. It appears in the app now.",
        "pairing.outcome.wrong_code": (
            "This code is not for this car. Compare it with the app: the car's number (VIN) has to be the one above. "
            "Tries left: {tries}."
        ),
        "pairing.outcome.expired": "This code has run out. Add the car again in the app: you get a new one.",
        "pairing.outcome.locked": "Too many wrong codes. Try again in {minutes} minutes.",
        "pairing.outcome.not_taken": "The platform did not take the code. Add the car again in the app, then type the new code.",
        "pairing.outcome.offline": (
            "The car is not connected, so the code was not sent, and it is not kept. Drive to where there is coverage and type it again."
        ),
        "pairing.outcome.no_answer": (
            "No answer came. Look whether the car is in the app; if it is not, type the code again where coverage is good."
        ),
        "notice.pairing": "Pairing: {outcome}",
    },
    "fr": {
        "pairing": "Jumeler avec le compte d'un propriétaire",
        "pairing.code": "Code de jumelage de l'application, 8 chiffres",
        "pairing.send": "Jumeler",
        "pairing.not_eight": "Un code de jumelage a 8 chiffres.",
        "pairing.sent": "Le code est envoyé.",
        "pairing.not_sent": "Le code n'a pas été envoyé.",
        "pairing.outcome.none": "",
        "pairing.outcome.waiting": "Le code est envoyé. En attente de la réponse …",
        "pairing.outcome.paired": "La voiture est jumelée. Elle paraît maintenant dans l'application.",
        "pairing.outcome.wrong_code": (
            "Ce code n'est pas pour cette voiture. Comparez avec l'application : le numéro (VIN) doit être celui ci-dessus. "
            "Essais restants : {tries}."
        ),
        "pairing.outcome.expired": (
            "Ce code a expiré. Ajoutez de nouveau la voiture dans l'application : vous en recevrez un autre."
        ),
        "pairing.outcome.locked": "Trop de codes erronés. Réessayez dans {minutes} minutes.",
        "pairing.outcome.not_taken": (
            "La plateforme n'a pas accepté le code. Ajoutez de nouveau la voiture dans l'application, puis saisissez le nouveau code."
        ),
        "pairing.outcome.offline": (
            "La voiture n'est pas connectée : le code n'a pas été envoyé et n'est pas conservé. "
            "Allez où il y a du réseau et saisissez-le de nouveau."
        ),
        "pairing.outcome.no_answer": (
            "Aucune réponse. Regardez si la voiture est dans l'application ; sinon, saisissez de nouveau le code "
            "là où le réseau est bon."
        ),
        "notice.pairing": "Jumelage : {outcome}",
    },
}
"""Texts by language and key; ``{facts}`` are those of ``car.pairing.PairingView``."""
