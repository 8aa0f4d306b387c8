"""The owner's app as a person uses it: what they read, press and type, in French or English."""

import re
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsing import until
from tests.e2e.headunit import HeadUnit

_OUTCOME_MS: Final = 30_000
"""The platform tells an outcome within 20 s whatever happens (REQ RC-4)."""
_STANDS_MS: Final = 60_000
"""A simulated car stands at a red light for up to 35 s, and is in a tunnel for as long."""

WORDS: Final = {
    "fr": {
        "sign_in": "Se connecter",
        "email": "Adresse e-mail",
        "password": "Mot de passe",
        "create": "En créer un",
        "given": "Prénom",
        "family": "Nom",
        "create_account": "Créer le compte",
        "check_mail": "Consultez votre messagerie",
        "confirmed": "Votre adresse est confirmée",
        "open": "Ouvrir",
        "add": "Ajouter une voiture",
        "vin": "VIN",
        "check": "Vérifier",
        "get_code": "Obtenir le code",
        "code_expired": "Ce code a expiré",
        "paired": "Votre voiture est jumelée",
        "account": "Compte",
        "choose_first": "Choisissez quatre chiffres",
        "choose_second": "Les mêmes chiffres encore une fois",
        "your_password": "Votre mot de passe",
        "save_code": "Enregistrer le code de sécurité",
        "code_set": "Votre code de sécurité est enregistré",
        "add_phone": "Ajouter ce téléphone",
        "phone_name": "Nom de ce téléphone",
        "phone_added": "Ce téléphone est maintenant une clé de votre voiture",
        "to_car": "Vers la voiture",
        "code": "Code de sécurité",
        "lock": "Verrouiller",
        "lock_do": "Verrouiller",
        "hide": "Masquer",
        "way": "S'y rendre à pied",
        "locked": "verrouillée",
        "unlocked": "déverrouillée",
        "unlock": "Déverrouiller",
        "steps": "Étapes de la commande « {command} »",
        "sent": "Envoyée",
        "reached": "Reçue par la voiture",
        "executing": "En cours d'exécution",
        "done": "Faite",
        "refused": "Refusée",
        "tries_left": "Ce n'est pas votre code de sécurité. Encore 4 essais.",
        "no_network": "Pas de connexion. Vous voyez les dernières valeurs connues.",
        "unreachable": "La plateforme est injoignable.",
        "no_map": "La carte n'a pas pu être dessinée.",
        "car_name": "Le nom que vous donnez à la voiture",
        "save_name": "Enregistrer le nom",
        "bad_name": "Une voiture ne peut pas porter ce nom.",
        "gone": "Cette voiture n'est pas dans votre garage.",
        "unanswered": "Aucune réponse : la commande est peut-être arrivée, peut-être pas.",
        "refresh": "Actualiser",
        "sign_out": "Se déconnecter",
        "again": "Réessayer",
        "go_on": "Continuer",
        "save": "Enregistrer",
        "mine": "Continuer avec ma saisie",
        "notices": "Messages",
    },
    "en": {
        "sign_in": "Sign in",
        "email": "Email",
        "password": "Password",
        "create": "Create one",
        "given": "First name",
        "family": "Last name",
        "create_account": "Create account",
        "check_mail": "Check your mail",
        "confirmed": "Your address is confirmed",
        "open": "Open",
        "add": "Add a car",
        "vin": "VIN",
        "check": "Check",
        "get_code": "Get the code",
        "code_expired": "This code has run out",
        "paired": "Your car is paired",
        "account": "Account",
        "choose_first": "Choose four digits",
        "choose_second": "The same digits once more",
        "your_password": "Your password",
        "save_code": "Save the safety code",
        "code_set": "Your safety code is set",
        "add_phone": "Add this phone",
        "phone_name": "Name of this phone",
        "phone_added": "This phone is now a key of your car",
        "to_car": "To the car",
        "code": "Safety code",
        "lock": "Lock",
        "lock_do": "Lock",
        "hide": "Hide",
        "way": "Walk to it",
        "locked": "locked",
        "unlocked": "unlocked",
        "unlock": "Unlock",
        "steps": "Steps of the command “{command}”",
        "sent": "Sent",
        "reached": "Reached the car",
        "executing": "Being carried out",
        "done": "Done",
        "refused": "Refused",
        "tries_left": "This is not your safety code. 4 tries left.",
        "no_network": "No connection. You see what was last known.",
        "unreachable": "The platform can't be reached.",
        "no_map": "The map could not be drawn.",
        "car_name": "Your name for the car",
        "save_name": "Save the name",
        "bad_name": "A car can't have this name.",
        "gone": "This car is not in your garage.",
        "unanswered": "No answer came: the command may have arrived or not.",
        "refresh": "Refresh",
        "sign_out": "Sign out",
        "again": "Try again",
        "go_on": "Go on",
        "save": "Save",
        "mine": "Go on with mine",
        "notices": "Notices",
    },
}
_VALUES: Final = """() => Object.fromEntries([...document.querySelectorAll("[role=row][data-signal]")].map(
  row => [row.dataset.signal, row.querySelector("[role=cell]").innerText.trim()]))"""
_IS_REMEMBERED: Final = """key => new Promise(tell => {
  const opening = indexedDB.open("openmarque");
  opening.onsuccess = () => {
    const kept = opening.result.transaction("cache").objectStore("cache").get("queries");
    kept.onsuccess = () => { opening.result.close(); tell((kept.result?.state.queries ?? []).some(query => query.queryKey.join() === key && Object.keys(query.state.data).length > 0)); };
  };
})"""
_IS_FORGOTTEN: Final = """vehicle => new Promise(tell => {
  const opening = indexedDB.open("openmarque");
  opening.onsuccess = () => {
    const kept = opening.result.transaction("cache").objectStore("cache").get("queries");
    kept.onsuccess = () => { opening.result.close(); tell(!(kept.result?.state.queries ?? []).some(query => query.queryKey.includes(vehicle))); };
  };
})"""
_NOTE_STATES: Final = """() => {
  const shown = globalThis.statesShown = [];
  const look = () => {
    const state = document.querySelector("section[data-command]")?.dataset.state;
    if (state !== undefined && state !== shown.at(-1)) shown.push(state);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] });
}"""


@dataclass
class App:
    """The app on one phone."""

    page: Page
    language: str = "fr"

    def says(self, key: str) -> str:
        """The words of this app's language."""
        return WORDS[self.language][key]

    def button(self, key: str) -> Locator:
        """The button that says this."""
        return self.page.get_by_role("button", name=self.says(key), exact=True)

    def heading(self, name: "str | re.Pattern[str]") -> Locator:
        """The page's title."""
        return self.page.get_by_role("heading", level=1, name=name)

    def signs_in(self, email: str, password: str) -> None:
        """Open the app, and give what a person gives."""
        self.page.goto("/")
        self.page.get_by_role("textbox", name=self.says("email")).fill(email)
        self.page.get_by_role("textbox", name=self.says("password")).fill(password)
        self.button("sign_in").click()
        expect(self.heading("Garage")).to_be_visible()

    def signs_up(self, given: str, family: str, email: str, password: str) -> None:
        """From the page for signing in to the notice that a mail was sent."""
        self.page.goto("/")
        self.page.get_by_role("link", name=self.says("create")).click()
        self.page.get_by_role("textbox", name=self.says("given"), exact=True).fill(given)
        self.page.get_by_role("textbox", name=self.says("family"), exact=True).fill(family)
        self.page.get_by_role("textbox", name=self.says("email")).fill(email)
        self.page.get_by_role("textbox", name=self.says("password")).fill(password)
        self.button("create_account").click()
        expect(self.heading(self.says("check_mail"))).to_be_visible()

    def follows(self, link: str) -> None:
        """Follow the link of the mail."""
        self.page.goto(link)
        expect(self.page.get_by_role("status")).to_contain_text(self.says("confirmed"))
        assert "#" not in self.page.url, "the link's secret stays in the history"

    def card(self, car: str) -> Locator:
        """The garage's cards of cars of this name."""
        return self.cards.filter(has_text=car)

    @property
    def cards(self) -> Locator:
        """All of the garage's cards of cars."""
        return self.page.locator("main a[href^='/cars/']")

    def opens_car(self, car: str) -> None:
        """From the garage to the page of a car."""
        self.card(car).first.click()
        expect(self.heading(re.compile(re.escape(car)))).to_be_visible()

    def asks_for_code(self, vin: str) -> str:
        """Add a car by its VIN: the code to be typed in it."""
        self.page.goto("/add")
        self.page.get_by_label(self.says("vin")).fill(vin)
        self.button("check").click()
        self.button("get_code").click()
        code = self.page.get_by_test_id("pairing-code")
        expect(code).to_be_visible()
        return re.sub(r"\D", "", code.inner_text())

    def says_that(self, key: str) -> None:
        """Wait until the page says this."""
        expect(self.page.get_by_text(self.says(key)).first).to_be_visible()

    def is_added_in(self, car: HeadUnit) -> None:
        """Add this phone: the car shows a code, the phone opens the address that it says."""
        self.page.goto(car.adds_a_phone())
        name = self.page.get_by_role("textbox", name=self.says("phone_name"))
        expect(name).not_to_have_value("")
        label = name.input_value()
        assert "#" not in self.page.url, "the car's secret stays in the history"
        self.button("add_phone").click()
        self.says_that("phone_added")
        car.knows_phone(label)

    def opens_page_of(self, vehicle_id: str) -> None:
        """Open the page of a car by its address."""
        self.page.goto(f"/cars/{vehicle_id}")
        expect(self.heading(re.compile("."))).to_be_visible()

    @property
    def sheet(self) -> Locator:
        """What asks once more before a remote command goes."""
        return self.page.get_by_role("dialog")

    def locks(self) -> None:
        """Press “Lock”, and confirm it."""
        self.hides_what_became_of_the_last_command()
        self.button("lock").click()
        self.sheet.get_by_role("button", name=self.says("lock_do"), exact=True).click()

    def unlocks(self, code: str) -> None:
        """Press “Unlock”, and type the safety code."""
        self.hides_what_became_of_the_last_command()
        self.button("unlock").click()
        self.types_code(code)

    def field(self, key: str) -> Locator:
        """The text field that says this."""
        return self.page.get_by_role("textbox", name=self.says(key), exact=True)

    def names_the_car(self, name: str) -> None:
        """Give a name on the page for it, and save it."""
        self.field("car_name").fill(name)
        self.button("save_name").click()

    def hides_what_became_of_the_last_command(self) -> None:
        """Press “Hide” if an outcome is shown, so that whatever is shown next is of the next command."""
        self.values()  # by then the page knows of earlier commands
        hide = self.button("hide")
        if hide.is_visible():
            hide.click()
            expect(hide).not_to_be_visible()

    def types_code(self, code: str) -> None:
        """Type a code where it is asked for."""
        self.sheet.get_by_label(self.says("code"), exact=True).fill(code)

    def sets_safety_code(self, code: str, password: str) -> None:
        """Choose a code for unlocking."""
        self.page.goto("/safety-code")
        self.page.get_by_label(self.says("choose_first"), exact=True).fill(code)
        self.page.get_by_label(self.says("choose_second"), exact=True).fill(code)
        self.page.get_by_role("textbox", name=self.says("your_password")).fill(password)
        self.button("save_code").click()
        expect(self.heading(self.says("account"))).to_be_visible()

    def notes_what_becomes_of_commands(self) -> None:
        """From now on note each state in which a remote command is shown."""
        self.page.evaluate(_NOTE_STATES)

    def noted(self) -> list[str]:
        """The states that were shown since then, in their order."""
        found: list[str] = self.page.evaluate("globalThis.statesShown")
        return found

    def sees_steps(self, command: str, *states: str) -> None:
        """Wait until the command has come to the last of `states`; exactly these steps are shown as having happened, in this order."""
        steps = self.page.get_by_role("list", name=self.says("steps").format(command=self.says(command)))
        expect(steps.locator(f"li[data-state={states[-1]}]")).to_be_visible(timeout=_OUTCOME_MS)
        happened = steps.locator("li[data-state]")
        assert happened.evaluate_all("items => items.map(item => item.dataset.state)") == list(states)
        for place, state in enumerate(states):
            expect(happened.nth(place)).to_contain_text(self.says(state))

    def hears_of(self, command: str, state: str) -> None:
        """Wait until the newest command of this name is shown in `state`."""
        life = self.page.locator(f"section[data-command={command}]")
        expect(life).to_have_attribute("data-state", state, timeout=_OUTCOME_MS)

    @property
    def drawing(self) -> Locator:
        """The drawn car."""
        return self.page.locator("main svg[role=img][data-lock]")

    def is_drawn(self, lock: str) -> None:
        """Wait until the car is drawn ``locked`` or ``unlocked``, and a screen reader says so."""
        expect(self.drawing).to_have_attribute("data-lock", lock)
        expect(self.drawing).to_have_accessible_name(re.compile(rf", {self.says(lock)},"))

    def values(self) -> dict[str, str]:
        """The values that the page of a car shows, once it shows some: signal → value, without its age."""
        expect(self.page.locator("[role=row][data-signal]").first).to_be_visible()
        found: dict[str, str] = self.page.evaluate(_VALUES)
        return found

    @property
    def way(self) -> Locator:
        """The button that leads to where the car is."""
        return self.page.get_by_role("button", name=self.says("way"))

    def draws_its_map(self) -> None:
        """Wait until the map of the car's page is painted."""
        expect(self.page.locator("[data-drawn]")).to_be_visible()

    def waits_until_it_moves(self) -> None:
        """Wait until the page, which nobody touches, says another place of the car than now: it may stand at a red light, or in a tunnel."""
        expect(self.way).not_to_have_attribute("data-place", str(self.way.get_attribute("data-place")), timeout=_STANDS_MS)

    def is_live(self) -> None:
        """Wait until the page hears the car as it speaks."""
        expect(self.page.locator("[data-live]")).to_have_attribute("data-live", "live", timeout=_OUTCOME_MS)

    def remote_commands(self, vehicle_id: str) -> list[dict[str, Any]]:
        """What the platform knows of the commands to a car, the newest first."""
        answer = self.page.request.get(f"/api/v1/vehicles/{vehicle_id}/remote-commands")
        assert answer.ok, answer.text()
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def is_kept_on_the_device(self) -> None:
        """Wait until the app would start without a network."""
        self.page.goto("/")
        expect(self.heading("Garage")).to_be_visible()
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        # The first visit of a page is not the service worker's; from the next on it is.
        self.page.reload()
        until(self.page, "navigator.serviceWorker.controller !== null", otherwise="the service worker never took the page")

    def tells_privacy_level(self, level: str) -> None:
        """Wait until the page of the car says that this level is in force."""
        expect(self.page.locator("[data-level]")).to_have_attribute("data-level", level)

    def knows_nothing_of(self, vehicle: str) -> None:
        """Wait until nothing that the car said or did is on the device any more."""
        until(self.page, _IS_FORGOTTEN, vehicle, otherwise="what was known of the car is still kept")

    def remembers(self, *key: str) -> None:
        """Wait until what the page shows is on the device: the app writes it down once a second, by the name it is asked for with."""
        until(self.page, _IS_REMEMBERED, ",".join(key), otherwise=f"nothing of {key} was kept")
