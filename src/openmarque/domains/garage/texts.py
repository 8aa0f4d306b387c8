"""What removing a car from the garage means, said before it is confirmed. English and French. REQ ACC-4."""

from collections.abc import Mapping
from typing import Final

REMOVAL: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "en": (
        "Remove this car from your garage?",
        (
            "You no longer see this car: no status, no position, no trips, and no commands from your phones.",
            "Your contracts go on until they end, and so does what they cost.",
            (
                "Services that run go on: the car goes on sending what its privacy level allows. "
                "To stop that, set the car to private on its own screen, or end the contracts first."
            ),
            "You can't take out anything new for this car.",
            "You can add it again at any time: you get a new code to type in the car, and find everything as you left it.",
        ),
    ),
    "fr": (
        "Retirer cette voiture de votre garage ?",
        (
            "Vous ne voyez plus cette voiture : ni état, ni position, ni trajets, et vos téléphones ne la commandent plus.",
            "Vos contrats continuent jusqu'à leur terme, et leur prix aussi.",
            (
                "Les services en cours continuent : la voiture envoie toujours ce que son niveau de confidentialité permet. "
                "Pour l'arrêter, passez la voiture en mode privé sur son écran, ou mettez d'abord fin aux contrats."
            ),
            "Vous ne pouvez plus rien souscrire pour cette voiture.",
            (
                "Vous pouvez l'ajouter de nouveau à tout moment : vous recevrez un nouveau code à saisir dans la voiture, "
                "et retrouverez tout en l'état."
            ),
        ),
    ),
}
"""The question, and what it means, by language."""
