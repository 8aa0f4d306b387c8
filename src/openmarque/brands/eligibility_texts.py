"""Why a car can't be connected and what to do about it, in words for the owner. English and French. REQ ENR-1."""

from typing import Final

from openmarque.brands.eligibility import Ineligible, Reason

TEXTS: Final[dict[str, dict[Reason, tuple[str, str]]]] = {
    "en": {
        Reason.VIN_INVALID: (
            "This is not a vehicle identification number.",
            "Type the 17 characters from the registration document or the windscreen; there is no I, O or Q among them.",
        ),
        Reason.OTHER_BRAND: (
            "This car is not a {brand}.",
            "Check the first three characters; other brands have apps of their own.",
        ),
        Reason.UNKNOWN_MODEL: (
            "{brand} has no connected model with this number.",
            "Compare the number with the registration document; if it is right, this model has no connected services.",
        ),
        Reason.YEAR_UNKNOWN: (
            "The 10th character says no model year.",
            "Compare the number with the registration document: one character is mistyped.",
        ),
        Reason.BUILT_TOO_EARLY: (
            "This {model} is of model year {year}; connected services begin with {from_year}.",
            "Nothing to do: the car was built before them.",
        ),
        Reason.NO_TELEMATICS: (
            "This {model} was built without a telematics unit.",
            "Nothing to do: connected services need that unit.",
        ),
        Reason.EQUIPMENT_MISSING: (
            "This {model} lacks equipment that connected services need: {equipment}.",
            "Ask your dealer whether it can be fitted.",
        ),
        Reason.COUNTRY_UNKNOWN: (
            "We don't know in which country you use your car.",
            "Choose your country in your account, then try again.",
        ),
        Reason.COUNTRY_NOT_SERVED: (
            "Connected services for {model} are not offered in your country ({country}).",
            "If you use the car in another country, change the country in your account.",
        ),
    },
    "fr": {
        Reason.VIN_INVALID: (
            "Ce n'est pas un numéro d'identification de véhicule.",
            "Saisissez les 17 caractères de la carte grise ou du pare-brise ; il n'y a ni I, ni O, ni Q.",
        ),
        Reason.OTHER_BRAND: (
            "Cette voiture n'est pas une {brand}.",
            "Vérifiez les trois premiers caractères ; les autres marques ont leur propre application.",
        ),
        Reason.UNKNOWN_MODEL: (
            "{brand} n'a pas de modèle connecté portant ce numéro.",
            "Comparez avec la carte grise ; si le numéro est juste, ce modèle n'a pas de services connectés.",
        ),
        Reason.YEAR_UNKNOWN: (
            "Le 10e caractère n'indique aucune année-modèle.",
            "Comparez avec la carte grise : un caractère est mal saisi.",
        ),
        Reason.BUILT_TOO_EARLY: (
            "Cette {model} est de l'année-modèle {year} ; les services connectés commencent en {from_year}.",
            "Rien à faire : la voiture a été construite avant.",
        ),
        Reason.NO_TELEMATICS: (
            "Cette {model} a été construite sans boîtier télématique.",
            "Rien à faire : les services connectés demandent ce boîtier.",
        ),
        Reason.EQUIPMENT_MISSING: (
            "Il manque à cette {model} un équipement nécessaire aux services connectés : {equipment}.",
            "Demandez à votre concessionnaire s'il peut être monté.",
        ),
        Reason.COUNTRY_UNKNOWN: (
            "Nous ne savons pas dans quel pays vous utilisez votre voiture.",
            "Choisissez votre pays dans votre compte, puis réessayez.",
        ),
        Reason.COUNTRY_NOT_SERVED: (
            "Les services connectés pour {model} ne sont pas proposés dans votre pays ({country}).",
            "Si vous utilisez la voiture dans un autre pays, changez le pays dans votre compte.",
        ),
    },
}
"""Message and cure of each reason, by language; ``{facts}`` are those of the answer."""
EQUIPMENT: Final = {
    "en": {"head_unit": "a head unit with navigation", "powertrain": "a suitable powertrain"},
    "fr": {"head_unit": "un écran avec navigation", "powertrain": "une motorisation adaptée"},
}
"""What a feature of a pack is called; one that is not listed is told by its name."""
COUNTRIES: Final = {
    "en": {
        "AD": "Andorra",
        "AT": "Austria",
        "BE": "Belgium",
        "BG": "Bulgaria",
        "CH": "Switzerland",
        "CY": "Cyprus",
        "CZ": "Czechia",
        "DE": "Germany",
        "DK": "Denmark",
        "EE": "Estonia",
        "ES": "Spain",
        "FI": "Finland",
        "FR": "France",
        "GB": "United Kingdom",
        "GR": "Greece",
        "HR": "Croatia",
        "HU": "Hungary",
        "IE": "Ireland",
        "IS": "Iceland",
        "IT": "Italy",
        "LI": "Liechtenstein",
        "LT": "Lithuania",
        "LU": "Luxembourg",
        "LV": "Latvia",
        "MA": "Morocco",
        "MC": "Monaco",
        "MT": "Malta",
        "NL": "Netherlands",
        "NO": "Norway",
        "PL": "Poland",
        "PT": "Portugal",
        "RO": "Romania",
        "SE": "Sweden",
        "SI": "Slovenia",
        "SK": "Slovakia",
    },
    "fr": {
        "AD": "Andorre",
        "AT": "Autriche",
        "BE": "Belgique",
        "BG": "Bulgarie",
        "CH": "Suisse",
        "CY": "Chypre",
        "CZ": "Tchéquie",
        "DE": "Allemagne",
        "DK": "Danemark",
        "EE": "Estonie",
        "ES": "Espagne",
        "FI": "Finlande",
        "FR": "France",
        "GB": "Royaume-Uni",
        "GR": "Grèce",
        "HR": "Croatie",
        "HU": "Hongrie",
        "IE": "Irlande",
        "IS": "Islande",
        "IT": "Italie",
        "LI": "Liechtenstein",
        "LT": "Lituanie",
        "LU": "Luxembourg",
        "LV": "Lettonie",
        "MA": "Maroc",
        "MC": "Monaco",
        "MT": "Malte",
        "NL": "Pays-Bas",
        "NO": "Norvège",
        "PL": "Pologne",
        "PT": "Portugal",
        "RO": "Roumanie",
        "SE": "Suède",
        "SI": "Slovénie",
        "SK": "Slovaquie",
    },
}
"""Names of the countries that an owner can choose in the app or that the sample pack serves; another one is told by its code."""
ELIGIBLE: Final = {
    "en": ("This {model} can be connected.", "Add it to your garage: you get a code to type in the car."),
    "fr": ("Cette {model} peut être connectée.", "Ajoutez-la à votre garage : vous recevrez un code à saisir dans la voiture."),
}


def why_not(answer: Ineligible, language: str) -> tuple[str, str]:
    """Message and cure in `language`, in English where there is no translation."""
    spoken = language if language in TEXTS else "en"
    message, cure = TEXTS[spoken][answer.reason]
    facts = dict(answer.facts)
    if "equipment" in facts:
        facts["equipment"] = EQUIPMENT[spoken].get(str(facts["equipment"]), str(facts["equipment"]).replace("_", " "))
    if "country" in facts:
        facts["country"] = COUNTRIES[spoken].get(str(facts["country"]), str(facts["country"]))
    return message.format(**facts), cure.format(**facts)
