"""The texts of mails: which there are, what they say in each language, and which fields they take. NOT-1.

A field is a word in braces; ``{link}`` alone in a paragraph is the link that the mail is sent for. Texts never hold what a stranger typed
into a form (a name, say): whoever signs somebody else up would write to him through us.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Final


@dataclass(frozen=True, slots=True)
class Text:
    """A mail in one language: subject and paragraphs, with ``{fields}``; every text may name the ``{brand}``."""

    subject: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of mail. `path` is the page of the app that its link opens, with the field ``token`` behind a ``#``; empty: no link."""

    name: str
    texts: Mapping[str, Text]
    path: str = ""

    def fields(self) -> frozenset[str]:
        """Every field that some text of it takes, the brand aside."""
        texts = (part for text in self.texts.values() for part in (text.subject, *text.paragraphs))
        return frozenset(name for part in texts for _, name, _, _ in Formatter().parse(part) if name) - {"brand"}


_IF_NOT_YOU_EN: Final = "If this was not you, set a new password at once: in the app, choose “Forgotten password”."
_IF_NOT_YOU_FR: Final = (
    "Si ce n’était pas vous, changez tout de suite de mot de passe : dans l’application, choisissez « Mot de passe oublié »."
)

_ALL: Final = (
    Template(
        "confirm",
        {
            "en": Text(
                "Activate your {brand} account",
                (
                    "Somebody, probably you, signed up for {brand} with this mail address on {at}. Follow this link to activate that account:",
                    "{link}",
                    "The link works once, within 24 hours. If it was not you, or not at that moment, do nothing: without it no account becomes active.",
                ),
            ),
            "fr": Text(
                "Activez votre compte {brand}",
                (
                    "Quelqu’un, sans doute vous, a créé un compte {brand} avec cette adresse le {at}. Suivez ce lien pour activer ce compte :",
                    "{link}",
                    "Le lien fonctionne une fois, pendant 24 heures. Si ce n’était pas vous, ou pas à ce moment, ne faites rien : sans lui, aucun compte ne devient actif.",
                ),
            ),
        },
        path="/confirm",
    ),
    Template(
        "already",
        {
            "en": Text(
                "You have a {brand} account already",
                (
                    "Somebody, probably you, wanted to sign up for {brand} with this mail address. It has an account already.",
                    "Sign in with it. If you have forgotten its password, choose “Forgotten password” in the app.",
                    "If it was not you, you need not do anything.",
                ),
            ),
            "fr": Text(
                "Vous avez déjà un compte {brand}",
                (
                    "Quelqu’un, sans doute vous, a voulu créer un compte {brand} avec cette adresse. Elle a déjà un compte.",
                    "Connectez-vous avec lui. Si vous avez oublié son mot de passe, choisissez « Mot de passe oublié » dans l’application.",
                    "Si ce n’était pas vous, vous n’avez rien à faire.",
                ),
            ),
        },
    ),
    Template(
        "reset",
        {
            "en": Text(
                "Set a new password for {brand}",
                (
                    "Somebody, probably you, has asked for a new password. Follow this link to set one:",
                    "{link}",
                    "The link works once, within an hour. If it was not you, do nothing: your password stays as it is.",
                ),
            ),
            "fr": Text(
                "Choisissez un nouveau mot de passe {brand}",
                (
                    "Quelqu’un, sans doute vous, a demandé un nouveau mot de passe. Suivez ce lien pour le choisir :",
                    "{link}",
                    "Le lien fonctionne une fois, pendant une heure. Si ce n’était pas vous, ne faites rien : votre mot de passe reste le même.",
                ),
            ),
        },
        path="/reset",
    ),
    Template(
        "password_changed",
        {
            "en": Text(
                "Your {brand} password was changed",
                ("The password of your account was changed on {at}. All other devices were signed out.", _IF_NOT_YOU_EN),
            ),
            "fr": Text(
                "Votre mot de passe {brand} a été changé",
                (
                    "Le mot de passe de votre compte a été changé le {at}. Tous les autres appareils ont été déconnectés.",
                    _IF_NOT_YOU_FR,
                ),
            ),
        },
    ),
    Template(
        "safety_code_changed",
        {
            "en": Text(
                "Your {brand} safety code was changed",
                ("The safety code that you open your cars with was set on {at}.", _IF_NOT_YOU_EN),
            ),
            "fr": Text(
                "Votre code de sécurité {brand} a été changé",
                ("Le code de sécurité avec lequel vous ouvrez vos voitures a été défini le {at}.", _IF_NOT_YOU_FR),
            ),
        },
    ),
    Template(
        "phone_added",
        {
            "en": Text(
                "A phone can now open {car}",
                (
                    "The phone “{phone}” was added to {car} on {at}, by somebody who was in the car. It can lock and unlock it.",
                    "If you do not know this phone, remove it: in the app, or in the car under “Phones”.",
                ),
            ),
            "fr": Text(
                "Un téléphone peut maintenant ouvrir {car}",
                (
                    "Le téléphone « {phone} » a été ajouté à {car} le {at}, par une personne qui était dans la voiture. Il peut la verrouiller et la déverrouiller.",
                    "Si vous ne connaissez pas ce téléphone, retirez-le : dans l’application, ou dans la voiture sous « Téléphones ».",
                ),
            ),
        },
    ),
    Template(
        "car_taken_over",
        {
            "en": Text(
                "{car} now belongs to another account",
                (
                    "On {at} somebody in {car} has paired it with another account. It has left your garage: you no longer see it, and your phones no longer open it.",
                    "If you have sold or lent the car, all is well. If not, somebody has had it in their hands: call our assistance.",
                ),
            ),
            "fr": Text(
                "{car} appartient maintenant à un autre compte",
                (
                    "Le {at}, une personne dans {car} l’a associée à un autre compte. Elle a quitté votre garage : vous ne la voyez plus et vos téléphones ne l’ouvrent plus.",
                    "Si vous avez vendu ou prêté la voiture, tout va bien. Sinon, quelqu’un l’a eue entre les mains : appelez notre assistance.",
                ),
            ),
        },
    ),
)

TEMPLATES: Final[Mapping[str, Template]] = {template.name: template for template in _ALL}
"""Every mail that the platform sends, by name."""
