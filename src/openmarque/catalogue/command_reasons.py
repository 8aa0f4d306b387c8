"""Why a car refused a remote command, or could not carry it out, in words for the owner, with the cure. English and French.

Codes are stable: they travel in ``CommandReport`` and in the API. A car also gives the reasons of ``decide`` (``catalogue.refusals``), and a service
outside the package may give codes of its own: ``reason_text`` has words for each.
"""

from enum import StrEnum
from typing import Final

from openmarque.catalogue.refusals import TEXTS as DECIDE_TEXTS
from openmarque.catalogue.refusals import Reason


class CommandReason(StrEnum):
    """Each ground on which a car refuses a remote command (in the order in which it looks), or says that one failed."""

    CLOCK_IN_DOUBT = "clock_in_doubt"
    CHALLENGE_UNKNOWN = "challenge_unknown"
    LATE = "late"
    UNKNOWN_COMMAND = "unknown_command"
    NOT_AUTHORISED = "not_authorised"
    KEYS_OUTDATED = "keys_outdated"
    UNKNOWN_PHONE = "unknown_phone"
    BAD_SIGNATURE = "bad_signature"
    CODE_NOT_FRESH = "code_not_fresh"
    OLD_COUNTER = "old_counter"
    NO_POLICY = "no_policy"
    MOVING = "moving"
    STATE_UNKNOWN = "state_unknown"
    DOOR_OPEN = "door_open"
    NO_EFFECT = "no_effect"
    SUPERSEDED = "superseded"
    INTERRUPTED = "interrupted"


_AGAIN_EN: Final = "Send the command again."
_AGAIN_FR: Final = "Renvoyez l'ordre."

TEXTS: Final[dict[str, dict[CommandReason, tuple[str, str]]]] = {
    "en": {
        CommandReason.CLOCK_IN_DOUBT: ("The car's clock went back, so it trusts no command made before.", _AGAIN_EN),
        CommandReason.CHALLENGE_UNKNOWN: (
            "The car does not know what this command answers: it has restarted since.",
            _AGAIN_EN,
        ),
        CommandReason.LATE: ("The command reached the car too late, so it did nothing.", _AGAIN_EN),
        CommandReason.UNKNOWN_COMMAND: (
            "This car does not know this command.",
            "Nothing to do; the car's page shows what it can do.",
        ),
        CommandReason.NOT_AUTHORISED: ("The command was not given by who has to give it.", "Give the command on your phone."),
        CommandReason.KEYS_OUTDATED: ("The car has not heard yet which phones were removed.", _AGAIN_EN),
        CommandReason.UNKNOWN_PHONE: (
            "The car does not know this phone.",
            "Add the phone in the car: on its screen, Phones, Add a phone.",
        ),
        CommandReason.BAD_SIGNATURE: (
            "The command does not carry this phone's signature.",
            "Send it again; if that does not help, add the phone in the car anew.",
        ),
        CommandReason.CODE_NOT_FRESH: ("The safety code was not entered just before.", "Send the command again with the code."),
        CommandReason.OLD_COUNTER: ("A newer command of this phone has already reached the car.", _AGAIN_EN),
        CommandReason.NO_POLICY: ("The car has no rules from the platform yet.", "Wait until the car has been connected."),
        CommandReason.MOVING: ("The car is moving.", "Stop the car first."),
        CommandReason.STATE_UNKNOWN: (
            "The car can't tell whether it stands still.",
            "Switch the ignition on and off, then repeat.",
        ),
        CommandReason.DOOR_OPEN: ("A door or the boot is open.", "Close it, then send the command again."),
        CommandReason.NO_EFFECT: ("The car tried, and its sensors do not show the result.", "Look at the car, then repeat."),
        CommandReason.SUPERSEDED: ("A newer command replaced it.", "Nothing to do; look at the newer command."),
        CommandReason.INTERRUPTED: (
            "The car restarted while it did this, so the result is not known.",
            "Refresh the state of the car, then repeat if needed.",
        ),
    },
    "fr": {
        CommandReason.CLOCK_IN_DOUBT: ("L'horloge de la voiture a reculé : elle ne croit plus les ordres d'avant.", _AGAIN_FR),
        CommandReason.CHALLENGE_UNKNOWN: (
            "La voiture ne sait pas à quoi cet ordre répond : elle a redémarré depuis.",
            _AGAIN_FR,
        ),
        CommandReason.LATE: ("L'ordre est arrivé trop tard : la voiture n'a rien fait.", _AGAIN_FR),
        CommandReason.UNKNOWN_COMMAND: (
            "Cette voiture ne connaît pas cet ordre.",
            "Rien à faire ; la page de la voiture montre ce qu'elle sait faire.",
        ),
        CommandReason.NOT_AUTHORISED: (
            "L'ordre ne vient pas de qui doit le donner.",
            "Donnez l'ordre sur votre téléphone.",
        ),
        CommandReason.KEYS_OUTDATED: ("La voiture ne sait pas encore quels téléphones ont été retirés.", _AGAIN_FR),
        CommandReason.UNKNOWN_PHONE: (
            "La voiture ne connaît pas ce téléphone.",
            "Ajoutez-le dans la voiture : sur son écran, Téléphones, Ajouter un téléphone.",
        ),
        CommandReason.BAD_SIGNATURE: (
            "L'ordre ne porte pas la signature de ce téléphone.",
            "Renvoyez-le ; sinon, ajoutez de nouveau le téléphone dans la voiture.",
        ),
        CommandReason.CODE_NOT_FRESH: (
            "Le code de sécurité n'a pas été saisi juste avant.",
            "Renvoyez l'ordre avec le code.",
        ),
        CommandReason.OLD_COUNTER: ("Un ordre plus récent de ce téléphone est déjà arrivé à la voiture.", _AGAIN_FR),
        CommandReason.NO_POLICY: (
            "La voiture n'a pas encore de règles de la plateforme.",
            "Attendez que la voiture ait été connectée.",
        ),
        CommandReason.MOVING: ("La voiture roule.", "Arrêtez d'abord la voiture."),
        CommandReason.STATE_UNKNOWN: (
            "La voiture ne sait pas si elle est à l'arrêt.",
            "Mettez puis coupez le contact, et recommencez.",
        ),
        CommandReason.DOOR_OPEN: ("Une porte ou le coffre est ouvert.", "Fermez-le, puis renvoyez l'ordre."),
        CommandReason.NO_EFFECT: (
            "La voiture a essayé, et ses capteurs ne montrent pas le résultat.",
            "Regardez la voiture, puis recommencez.",
        ),
        CommandReason.SUPERSEDED: ("Un ordre plus récent l'a remplacé.", "Rien à faire ; voyez l'ordre plus récent."),
        CommandReason.INTERRUPTED: (
            "La voiture a redémarré pendant l'exécution : le résultat n'est pas connu.",
            "Actualisez l'état de la voiture, puis recommencez au besoin.",
        ),
    },
}
"""Message and cure of each reason, by language."""

_OTHER: Final = {
    "en": ("The car did not carry out the command.", "Send it again; if that does not help, contact support."),
    "fr": ("La voiture n'a pas exécuté l'ordre.", "Renvoyez-le ; sinon, contactez l'assistance."),
}


def reason_text(code: str, language: str) -> tuple[str, str]:
    """Message and cure for a reason code of a car, in `language`, in English where there is no translation."""
    known = language if language in TEXTS else "en"
    if code in CommandReason.__members__.values():
        return TEXTS[known][CommandReason(code)]
    if code in Reason.__members__.values():
        return DECIDE_TEXTS[known][Reason(code)]
    return _OTHER[known]
