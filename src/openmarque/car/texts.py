"""What the head unit says, in English and French. Keys are codes; a text may use ``{facts}`` of its notice."""

from typing import Final

from openmarque.car.texts_pairing import PAIRING_TEXTS
from openmarque.car.texts_phones import PHONE_TEXTS

LANGUAGES: Final = ("en", "fr")

TEXTS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "Connected services",
        "vehicle": "Vehicle identification number",
        "link": "Link to the platform",
        "link.offline": "not connected",
        "link.greeting": "connecting",
        "link.open": "connected",
        "link.incompatible": "connected, but the platform speaks another version",
        "trip": "Trip",
        "trip.running": "running",
        "trip.none": "none",
        "outbox": "Waiting to be sent",
        "outbox.messages": "messages",
        "policy": "Rules from the platform",
        "policy.none": "none yet: all optional services are closed",
        "policy.valid": "version {version}, valid until {until}",
        "policy.expired": "version {version}, ended {until}: all optional services are closed",
        "level": "Privacy level",
        "level.1": "Private",
        "level.2": "Data without position",
        "level.3": "Data and position",
        "level.1.what": (
            "Nothing leaves the car but what the law demands and what the link itself needs. "
            "So no phone can lock or unlock it, and no phone can be added."
        ),
        "level.2.what": "What your services need, but never where the car is.",
        "level.3.what": "What your services need, and where the car is.",
        "level.lets_out": "At this level these services get data:",
        "level.lets_out.none": "At this level no service gets data.",
        "level.stops": "Stopped at this level: {services}.",
        "level.link": "Always sent, without personal data beyond the link itself:",
        "level.ceiling": "This car is built never to go above: {level}.",
        "level.set_by": "Last changed {at}, by: {by}.",
        "level.never_set": "Never changed: a new car is private.",
        "by.driver": "the driver",
        "by.head unit": "this screen",
        "by.hardware buttons": "the buttons",
        "by.factory": "the maker",
        "choose": "Choose",
        "in_force": "in force",
        "not_built": "This car is built never to share this.",
        "switches": "Switches",
        "switch.remote_access": "Remote access",
        "switch.remote_access.what": "Reading and commands from app and web. Other services stay.",
        "switch.status": "State of the car",
        "switch.car_finder": "Place of the car",
        "switch.trips": "Trips",
        "switch.trip_places": "Places of trips",
        "switch.services_without_position": "Services without position",
        "group": "Group of services",
        "is": ": ",
        "on": "on",
        "off": "off",
        "turn_on": "Switch on",
        "turn_off": "Switch off",
        "notices": "Messages",
        "notices.none": "No messages.",
        "language": "Français",
        "notice.protocol_unknown": "The platform speaks version {protocol} of the link, which this car does not know.",
        "notice.policy_installed": "Rules version {version} from the platform are in force.",
        "notice.policy_rejected": "Rules that are not for this car, or older than those in force, were refused.",
        "notice.level_changed": "Privacy level set to: {level_name}.",
        "notice.switch_changed": "{switch} was switched {state}.",
        "notice.outbox_purged": "{messages} waiting messages were deleted: they may not leave any more.",
        "notice.outbox_full": "No connection for long: the {messages} oldest waiting messages were deleted.",
        "notice.owner_changed": "The car has a new owner: everything waiting from before was deleted.",
        "notice.message_refused": "The platform refused a message ({type}: {reason}).",
        "notice.certificate_renewed": "The car's certificate was renewed.",
        "notice.certificate_refused": "The platform did not renew the car's certificate ({reason}).",
        "notice.ignored": "The platform sent something this car does not know ({kind}).",
        "changed": "Done.",
        "refused.form": "This request did not come from this page. Load the page again.",
    },
    "fr": {
        "title": "Services connectés",
        "vehicle": "Numéro d'identification du véhicule",
        "link": "Liaison avec la plateforme",
        "link.offline": "non connectée",
        "link.greeting": "connexion en cours",
        "link.open": "connectée",
        "link.incompatible": "connectée, mais la plateforme parle une autre version",
        "trip": "Trajet",
        "trip.running": "en cours",
        "trip.none": "aucun",
        "outbox": "En attente d'envoi",
        "outbox.messages": "messages",
        "policy": "Règles de la plateforme",
        "policy.none": "aucune : tous les services facultatifs sont fermés",
        "policy.valid": "version {version}, valable jusqu'au {until}",
        "policy.expired": "version {version}, expirée le {until} : tous les services facultatifs sont fermés",
        "level": "Niveau de confidentialité",
        "level.1": "Privé",
        "level.2": "Données sans position",
        "level.3": "Données et position",
        "level.1.what": (
            "Rien ne sort de la voiture, sauf ce que la loi exige et ce que la liaison elle-même demande. "
            "Aucun téléphone ne peut donc la verrouiller ni la déverrouiller, ni être ajouté."
        ),
        "level.2.what": "Ce dont vos services ont besoin, mais jamais le lieu où se trouve la voiture.",
        "level.3.what": "Ce dont vos services ont besoin, et le lieu où se trouve la voiture.",
        "level.lets_out": "À ce niveau, ces services reçoivent des données :",
        "level.lets_out.none": "À ce niveau, aucun service ne reçoit de données.",
        "level.stops": "Arrêtés à ce niveau : {services}.",
        "level.link": "Toujours envoyé, sans donnée personnelle au-delà de la liaison elle-même :",
        "level.ceiling": "Cette voiture est conçue pour ne jamais dépasser : {level}.",
        "level.set_by": "Dernier changement le {at}, par : {by}.",
        "level.never_set": "Jamais changé : une voiture neuve est privée.",
        "by.driver": "la personne au volant",
        "by.head unit": "cet écran",
        "by.hardware buttons": "les boutons",
        "by.factory": "le constructeur",
        "choose": "Choisir",
        "in_force": "en vigueur",
        "not_built": "Cette voiture est conçue pour ne jamais partager cette donnée.",
        "switches": "Interrupteurs",
        "switch.remote_access": "Accès à distance",
        "switch.remote_access.what": "Lecture et ordres depuis l'application et le web. Les autres services restent.",
        "switch.status": "État de la voiture",
        "switch.car_finder": "Lieu de la voiture",
        "switch.trips": "Trajets",
        "switch.trip_places": "Lieux des trajets",
        "switch.services_without_position": "Services sans position",
        "group": "Groupe de services",
        "is": "\u00a0: ",
        "on": "activé",
        "off": "désactivé",
        "turn_on": "Activer",
        "turn_off": "Désactiver",
        "notices": "Messages",
        "notices.none": "Aucun message.",
        "language": "English",
        "notice.protocol_unknown": "La plateforme parle la version {protocol} de la liaison, que cette voiture ne connaît pas.",
        "notice.policy_installed": "Les règles version {version} de la plateforme sont en vigueur.",
        "notice.policy_rejected": "Des règles qui ne sont pas pour cette voiture, ou plus anciennes, ont été refusées.",
        "notice.level_changed": "Niveau de confidentialité : {level_name}.",
        "notice.switch_changed": "{switch} : {state}.",
        "notice.outbox_purged": "{messages} messages en attente supprimés : ils ne peuvent plus sortir.",
        "notice.outbox_full": "Longtemps sans liaison : les {messages} plus anciens messages en attente ont été supprimés.",
        "notice.owner_changed": "La voiture a un nouveau propriétaire : tout ce qui attendait a été supprimé.",
        "notice.message_refused": "La plateforme a refusé un message ({type} : {reason}).",
        "notice.certificate_renewed": "Le certificat de la voiture a été renouvelé.",
        "notice.certificate_refused": "La plateforme n'a pas renouvelé le certificat de la voiture ({reason}).",
        "notice.ignored": "La plateforme a envoyé quelque chose que cette voiture ne connaît pas ({kind}).",
        "changed": "C'est fait.",
        "refused.form": "Cette demande ne vient pas de cette page. Rechargez la page.",
    },
}
for _language, _texts in (*PHONE_TEXTS.items(), *PAIRING_TEXTS.items()):
    TEXTS[_language].update(_texts)


def text(language: str, key: str, **facts: object) -> str:
    """The text for `key` in `language`, facts filled in. Raises ``KeyError`` for a key that is not there."""
    return TEXTS[language][key].format(**facts)


def text_or(language: str, key: str, otherwise: str) -> str:
    """The text for `key`, or `otherwise` when there is none: what a service of somebody else's is called stands in no list of ours."""
    return TEXTS[language].get(key, otherwise)


def preferred_language(accepted: str) -> str:
    """The first language of an ``Accept-Language`` header that we have; English otherwise. Weights are taken as sorted."""
    for part in accepted.split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]
