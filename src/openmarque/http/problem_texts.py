"""The problems of the API in French: title and cure by code. English stands in the error classes themselves.

The cure of an occurrence may name its facts, as the English one does. What is not here is told in English; a test holds the list complete
for every problem that an operation names. ``detail`` is for who reads the program's log and is written in English only, so it is left out
where the title is in another language.
"""

from collections.abc import Mapping
from typing import Final

from openmarque.kit.errors import OpenMarqueError

_FRENCH: Final[Mapping[str, tuple[str, str]]] = {
    # accounts
    "account-unknown": ("Ce compte n'existe pas.", ""),
    "address-invalid": ("Ce n'est pas une adresse e-mail.", "Écrivez-la comme nom@example.com."),
    "address-taken": ("Un autre compte a cette adresse e-mail.", ""),
    "link-unusable": ("Ce lien a expiré, a déjà servi ou n'est pas de nous.", "Demandez-en un nouveau par e-mail."),
    "mobile-invalid": (
        "Ce n'est pas un numéro de mobile.",
        "Écrivez-le avec l'indicatif du pays, comme +33 6 12 34 56 78.",
    ),
    "user-name-invalid": (
        "Ce ne peut pas être un nom d'utilisateur.",
        "Prenez de 3 à 30 lettres, chiffres, points, tirets et soulignés ; commencez par une lettre.",
    ),
    "user-name-taken": ("Quelqu'un d'autre a ce nom d'utilisateur.", "Choisissez-en un autre."),
    "user-names-not-offered": (
        "Cette marque n'a pas de noms d'utilisateur.",
        "Connectez-vous avec votre adresse e-mail.",
    ),
    "not-confirmed": (
        "Ce compte n'est pas encore actif.",
        "Suivez le lien de l'e-mail que vous avez reçu ; il peut être renvoyé.",
    ),
    "password-unfit": (
        "Ce mot de passe ne convient pas.",
        "Choisissez-en un autre, de 10 à 128 caractères, qui ne soit pas votre adresse e-mail.",
    ),
    "password-wrong": ("Le mot de passe actuel est faux.", "Saisissez celui avec lequel vous vous connectez aujourd'hui."),
    "passwords-busy": (
        "Trop de mots de passe sont en cours de vérification en ce moment.",
        "Réessayez dans quelques secondes.",
    ),
    "session-not-found": ("Vous n'avez pas cette session.", "Prenez un session_id de la liste de vos sessions."),
    "sign-in-refused": (
        "Cette adresse e-mail et ce mot de passe ne vont pas ensemble.",
        "Vérifiez les deux. Si vous avez oublié le mot de passe, demandez un lien par e-mail.",
    ),
    "too-many-tries": (
        "Il y a eu trop d'essais.",
        "Réessayez dans {wait_s} secondes. Un lien reçu par e-mail pour changer de mot de passe vous laisse entrer avant.",
    ),
    # commands, phones, safety code
    "command-unknown": ("Aucun service ne connaît cet ordre.", "Prenez-en un parmi : {commands}."),
    "counter-used": (
        "Le compteur du téléphone n'augmente pas.",
        "Signez l'ordre à nouveau avec un compteur supérieur à {counter}.",
    ),
    "idempotency-key-reused": (
        "Cette Idempotency-Key est déjà venue avec une autre demande.",
        "Prenez-en une nouvelle pour chaque ordre ; n'en répétez une qu'avec le même contenu.",
    ),
    "command-id-taken": ("Cet command_id a déjà servi.", "Tirez 16 octets au hasard pour chaque ordre."),
    "command-mismatch": (
        "Ce qui a été signé n'est pas ce que cette demande veut.",
        "Signez un ordre avec l'identifiant de cette voiture, cet ordre-ci, et l'identifiant de l'ordre s'il en a un.",
    ),
    "command-not-found": ("Cette voiture n'a pas cet ordre.", "Prenez un command_id de la liste des ordres de la voiture."),
    "command-refused": ("Aucun ordre à cette voiture n'est possible en ce moment.", "{cure}"),
    "command-step-impossible": (
        "L'ordre ne peut pas passer à cette étape depuis celle où il est.",
        "Regardez d'abord où il en est ; donnez un nouvel ordre si celui-ci est terminé.",
    ),
    "phone-key-not-active": (
        "Ce téléphone n'est pas un de ceux de la voiture.",
        "Ajoutez-le dans la voiture : son écran montre un code pour lui sous Téléphones.",
    ),
    "phone-key-not-found": (
        "Cette voiture n'a pas ce téléphone.",
        "Prenez un key_id de la liste des téléphones de la voiture.",
    ),
    "phone-key-revoked": (
        "La clé de ce téléphone a été retirée de la voiture.",
        "Créez une nouvelle clé sur le téléphone et proposez-la, dans la voiture.",
    ),
    "phone-signature-wrong": (
        "La clé du téléphone n'a pas signé cet ordre.",
        "Signez les octets mêmes de l'ordre avec la clé qu'il nomme (ECDSA P-256, SHA-256, 64 octets).",
    ),
    "safety-code-locked": (
        "Trop de codes de sécurité faux.",
        "Attendez {wait_s} secondes, ou choisissez un autre code avec votre mot de passe.",
    ),
    "safety-code-needed": ("Cet ordre demande votre code de sécurité.", "Envoyez `safety_code` avec l'ordre."),
    "safety-code-not-set": ("Vous n'avez pas encore de code de sécurité.", "Choisissez-en un dans votre compte."),
    "safety-code-unfit": (
        "Ce code de sécurité ne convient pas.",
        "Choisissez {length} chiffres qui ne soient ni tous égaux ni une simple suite.",
    ),
    "too-many-commands": ("Il y a eu trop d'ordres à cette voiture.", "Attendez ; au plus {limit} par heure sont pris."),
    "too-many-phone-requests": (
        "Trop de téléphones attendent la réponse de cette voiture.",
        "Attendez qu'elle ait répondu, ou dix minutes ; au plus {limit} peuvent attendre à la fois.",
    ),
    "wrong-safety-code": (
        "Ce n'est pas votre code de sécurité.",
        "Saisissez-le à nouveau (essais restants : {tries_left}), ou choisissez-en un autre avec votre mot de passe.",
    ),
    "malformed-command": (
        "Ce n'est pas un ordre dans la seule écriture qu'un ordre peut avoir.",
        "Écrivez le contenu en JSON compact, avec exactement les membres d'un ordre, dans leur ordre.",
    ),
    "unfit-phone-key": (
        "Ce n'est pas une clé publique P-256 en DER.",
        "Envoyez le SubjectPublicKeyInfo que WebCrypto exporte en `spki`.",
    ),
    "car-offline": (
        "La voiture n'est pas connectée.",
        (
            "Elle n'a pas de réseau ou elle dort : mettez le contact, ou réessayez quand elle sera dans une zone couverte. "
            "Rien n'a été envoyé, et rien ne se fera plus tard."
        ),
    ),
    "car-silent": (
        "La voiture ne répond pas.",
        "Réessayez dans une minute : son réseau est peut-être mauvais en ce moment. Rien n'a été ordonné.",
    ),
    "too-many-challenges": ("Trop de demandes à cette voiture.", "Attendez quelques secondes."),
    # garage
    "invalid-vin": (
        "Ce n'est pas un numéro d'identification de véhicule (VIN) valable.",
        "Saisissez les 17 caractères de la carte grise ou du pare-brise ; un VIN n'a ni I, ni O, ni Q.",
    ),
    "name-invalid": ("Une voiture ne peut pas porter ce nom.", "Donnez un nom d'au plus 40 caractères imprimables, ou aucun."),
    "not-eligible": ("Cette voiture ne peut pas être connectée.", "{cure}"),
    "pairing-done": (
        "La voiture de ce code est déjà dans votre garage.",
        "Retirez la voiture elle-même si vous voulez y renoncer.",
    ),
    "pairing-not-found": ("Vous n'avez pas ce code de jumelage.", "Prenez un pairing_id de la liste de vos codes."),
    "too-many-codes": (
        "Vous avez demandé trop de codes de jumelage.",
        "Utilisez ou retirez un code qui attend encore, ou réessayez demain ; {limit} peuvent attendre à la fois.",
    ),
    "vehicle-not-found": ("Cette voiture n'est pas dans votre garage.", "Choisissez une des voitures de votre garage."),
    # maps
    "map-not-found": (
        "Cette carte n'existe pas ici.",
        "Prenez l'adresse dans /api/v1/maps ; l'opérateur importe une région avec `openmarque map import`.",
    ),
    "range-not-satisfiable": ("La carte n'a pas ces octets.", "Demandez des octets en deçà de sa taille, {size}."),
    # every request
    "body-too-large": ("La demande est plus grande que cette API ne l'accepte.", "Envoyez au plus {limit} octets."),
    "cross-site-refused": (
        "Cette demande ne vient pas d'une page à nous.",
        "Faites-la dans l'application même ; un programme envoie un jeton d'accès dans l'en-tête Authorization au lieu d'un cookie.",
    ),
    "cursor-invalid": (
        "Cette liste n'a pas donné ce curseur.",
        "Recommencez sans curseur, puis renvoyez `next` sans le changer.",
    ),
    "host-not-allowed": (
        "Ce programme ne répond pas sous ce nom d'hôte.",
        "Utilisez une adresse que l'opérateur a inscrite dans le réglage `http_hosts`.",
    ),
    "internal-error": (
        "Quelque chose s'est mal passé de notre côté.",
        "Réessayez plus tard ; si cela dure, donnez `instance` à l'assistance.",
    ),
    "method-not-allowed": ("Cette adresse n'accepte pas cette méthode.", "Utilisez une des méthodes de l'en-tête Allow."),
    "not-found": ("Il n'y a rien à cette adresse.", "Cherchez l'adresse dans la description de cette API."),
    "not-signed-in": (
        "Vous n'êtes pas connecté.",
        "Connectez-vous ; un programme envoie un jeton d'accès valable dans l'en-tête Authorization, comme `Bearer <jeton>`.",
    ),
    "request-invalid": (
        "Des parties de la demande n'ont pas la forme voulue.",
        "Corrigez les membres nommés sous `errors`.",
    ),
    "request-refused": ("La demande ne peut pas être exécutée.", "Cherchez la demande dans la description de cette API."),
    "too-many-streams": (
        "Vous avez trop de flux d'événements ouverts.",
        "Fermez-en un ; au plus {limit} peuvent être ouverts à la fois.",
    ),
    "broker-down": ("Le lien avec les voitures est interrompu en ce moment.", "Rien à faire : il se rétablit de lui-même."),
    "no-answer": ("Personne n'a répondu à temps à cette demande.", ""),
    "nobody-listens": ("Personne n'est là pour recevoir ce message.", ""),
    "store-unavailable": ("La base de données est injoignable ou a dû renoncer.", "Réessayez dans un instant."),
}

TEXTS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {"fr": _FRENCH}
"""By language, then code: title and cure."""


def in_language(error: OpenMarqueError, language: str) -> tuple[str, str] | None:
    """The title and the filled-in cure of `error`; None where it is told in English."""
    found = TEXTS.get(language, {}).get(error.code)
    return None if found is None else (found[0], found[1].format(**error.facts_in(language)))
