"""The screen in the car, as its people use it: the head-unit page in a browser of its own."""

import io
import re
from dataclasses import dataclass
from typing import Final

import zxingcpp
from PIL import Image
from playwright.sync_api import Locator, Page, expect

_LEVELS: Final = {
    "fr": {1: "Privé", 2: "Données sans position", 3: "Données et position"},
    "en": {1: "Private", 2: "Data without position", 3: "Data and position"},
}


@dataclass
class HeadUnit:
    """The page of one car, open, in English."""

    page: Page

    def opens(self, url: str) -> "HeadUnit":
        """Show the page at `url`."""
        self.page.goto(f"{url}?lang=en")
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        return self

    def leaves(self) -> None:
        """Turn the screen off."""
        self.page.goto("about:blank")

    def is_connected(self) -> None:
        """Wait until the car says that its link is open."""
        expect(self.page.locator("#link")).to_have_text("connected")

    def is_at(self, level: int) -> None:
        """Wait until the car says that this privacy level is in force."""
        expect(self.page.locator("body")).to_have_attribute("data-level", str(level))

    def chooses_level(self, level: int) -> None:
        """Press the button of a privacy level."""
        self.page.get_by_role("button", name=f"Choose: {_LEVELS['en'][level]}", exact=True).click()
        self.is_at(level)

    def types_code(self, code: str) -> None:
        """Type a pairing code and send it."""
        self.page.locator("#code").fill(code)
        self.page.locator("form[action='/pairing'] button").click()

    def says_of_pairing(self, text: str) -> None:
        """Wait until the car says this about pairing."""
        expect(self.page.locator("#pairing")).to_contain_text(re.compile(text, re.IGNORECASE))

    @property
    def code(self) -> Locator:
        """The code for a phone."""
        return self.page.get_by_role("img", name=re.compile("^(Code QR|QR code)"))

    def asks_to_add_a_phone(self) -> None:
        """Press “Add a phone”; a code that is still shown is taken away before."""
        add = self.page.get_by_role("button", name=re.compile("^(Add a phone|Ajouter un téléphone)$"))
        expect(add.or_(self.code)).to_be_visible()
        if self.code.is_visible():
            self.stops_adding()
        add.click()
        expect(self.code).to_be_visible()

    def stops_adding(self) -> None:
        """Press “Stop”."""
        self.page.get_by_role("button", name=re.compile("^(Stop|Arrêter)$")).click()
        expect(self.code).not_to_be_visible()

    def adds_a_phone(self) -> str:
        """Press “Add a phone”, and read the code on the screen as a phone's camera does: the address that it says."""
        self.asks_to_add_a_phone()
        (seen,) = zxingcpp.read_barcodes(
            Image.open(io.BytesIO(self.code.screenshot())), zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
        )
        return str(seen.text)

    def knows_phone(self, label: str) -> None:
        """Wait until the car lists a phone of this name."""
        expect(self.page.locator("#phones .row strong", has_text=label).first).to_be_visible()
