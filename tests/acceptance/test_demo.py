"""``openmarque up --demo`` as a visitor has it: one command, then a garage of cars that live, and one that opens by phone and code.

The program runs as a process of its own in a throwaway home; everything goes through the addresses that it prints.
"""

import base64
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from faults.ground import throwaway_home
from openmarque.protocol import commands as o
from openmarque.protocol import signals as vss
from openmarque.protocol.digital_keys import digital_key_mac
from tests.phones import Phone

pytestmark = pytest.mark.timeout(240)
PARKED = "Cime hybride"
MOVING = "Brise électrique"
CLOSED_LEVEL = "Puce"


@dataclass
class Visitor:
    """Somebody who read the card: signed in to the app, able to look at every head unit."""

    app: httpx.Client
    headunits: dict[str, str]
    safety_code: str
    card: str

    def cars(self) -> dict[str, dict[str, Any]]:
        """The garage by the name of the model; of two of one model the first."""
        found: dict[str, dict[str, Any]] = {}
        for car in self.get("/api/v1/vehicles")["items"]:
            found.setdefault(car["model"]["name"], car)
        return found

    def get(self, path: str) -> Any:
        answer = self.app.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def part(self, path: str, name: str, least: int = 1) -> Any:
        """A part of an answer; None while it has fewer than `least` members."""
        found = self.get(path)[name]
        return found if len(found) >= least else None

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        answer = self.app.post(path, json=body, headers={"Sec-Fetch-Site": "same-origin", **headers})
        assert answer.is_success, answer.text
        return answer.json()

    def signals(self, model: str) -> dict[str, Any]:
        status = self.get(f"/api/v1/vehicles/{self.cars()[model]['vehicle_id']}/status")
        return {path: signal["value"] for path, signal in status["signals"].items()}


def until(look: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """What `look` gives once it gives something; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(KeyError, httpx.TransportError):
            if found := look():
                return found
        time.sleep(0.1)
    pytest.fail(f"after {seconds:g} s: {what}")


def drives(visitor: Visitor) -> bool:
    return bool(visitor.signals(MOVING).get(vss.SPEED, 0) > 5)


def started(home: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OPENMARQUE_HOME": str(home), "OPENMARQUE_PORT": "0", "OPENMARQUE_MQTT_PORT": "0"}
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "openmarque.cli.main", "up", "--demo"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment | {"COLUMNS": "120"},
        start_new_session=True,
    )


def read_card(process: "subprocess.Popen[str]") -> str:
    """What is printed until the card is whole."""
    assert process.stdout is not None
    card = ""
    for line in process.stdout:
        card += line
        if "Access token" in line:
            return card
    pytest.fail(f"it ended: {card}")


def stopped(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def visit(card: str) -> Visitor:
    def said(label: str) -> str:
        found = re.search(rf"{label}\s+(\S+)", card)
        assert found, card
        return found[1]

    app = httpx.Client(base_url=said("The app"), timeout=10, headers={"Origin": said("The app").rstrip("/")})
    answer = app.post("/api/v1/sessions", json={"email": said("E-mail"), "password": said("Password")})
    assert answer.status_code == 201, answer.text
    pages = re.findall(r"│\s+([A-Z]\S+(?: \S+)?)\s+(http://127\.0\.0\.1:\d+)/ ", card)
    headunits = {name: page for name, page in reversed(pages) if name not in ("The app",)}
    return Visitor(app, headunits, said("Safety code"), card)


@dataclass
class Demo:
    """The program in its home; it can be started anew."""

    home: Path
    process: "subprocess.Popen[str]"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with throwaway_home() as home:
        running = Demo(home, started(home))
        try:
            yield running
        finally:
            stopped(running.process)


@pytest.fixture(scope="module")
def visitor(demo: Demo) -> Iterator[Visitor]:
    guest = visit(read_card(demo.process))
    yield guest
    guest.app.close()


@dataclass
class AddedPhone:
    """A phone that the visitor added in the parked car."""

    visitor: Visitor
    car: UUID
    phone: Phone = field(default_factory=Phone)

    @property
    def path(self) -> str:
        return f"/api/v1/vehicles/{self.car.hex}"

    def add(self) -> None:
        """Press the button in the car, follow the link that it shows, offer the key."""
        page = httpx.Client(base_url=self.visitor.headunits[PARKED], headers={"Origin": self.visitor.headunits[PARKED]})
        with page:
            token = re.search(r'name="token" value="([^"]+)"', page.get("/").text)
            assert token
            page.post("/phones/add", data={"token": token[1], "lang": "fr"})
            link = re.search(r"/phone#([0-9a-f]{32})\.([A-Za-z0-9_-]+)", unescape(page.get("/").text))
        assert link
        assert link[1] == self.car.hex
        secret = base64.urlsafe_b64decode(link[2] + "==")
        mac = digital_key_mac(secret, self.car, self.phone.spki)
        body = {"public_key": o.b64url(self.phone.spki), "label": self.phone.label, "mac": o.b64url(mac)}
        self.visitor.post(f"{self.path}/digital-keys", body)
        until(self.is_known, "the car stored the phone's digital key")

    def is_known(self) -> bool:
        items = self.visitor.get(f"{self.path}/digital-keys")["items"]
        return any(item["key_id"] == self.phone.key_id and item["state"] == "active" for item in items)

    def remote_commands(self, command: str, **more: str) -> dict[str, Any]:
        """Give a remote command, and wait for its outcome."""
        challenge = o.from_b64url(self.visitor.post(f"{self.path}/challenges")["challenge"])
        payload = self.phone.writes(command, challenge, command_id=uuid4().hex, vehicle_id=self.car.hex)
        body = {"command": command, "payload": o.b64url(payload), "signature": o.b64url(self.phone.signs(payload)), **more}
        remote_command = self.visitor.post(f"{self.path}/remote-commands", body, **{"Idempotency-Key": uuid4().hex})

        def outcome() -> dict[str, Any] | None:
            now: dict[str, Any] = self.visitor.get(f"{self.path}/remote-commands/{remote_command['command_id']}")
            return now if now["state"] in ("done", "failed", "refused", "expired") else None

        ended: dict[str, Any] = until(outcome, f"{command} had an outcome", 20)
        return ended


def test_the_garage_has_five_cars_of_three_powertrains_and_each_says_how_it_is(visitor: Visitor) -> None:
    cars = visitor.get("/api/v1/vehicles")["items"]
    assert len(cars) == 5
    assert {car["powertrain"] for car in cars} == {"COMBUSTION", "HYBRID", "ELECTRIC"}
    for car in cars:
        path = f"/api/v1/vehicles/{car['vehicle_id']}/status"
        signals = until(partial(visitor.part, path, "signals"), f"{car['model']['name']} said something")
        assert vss.ODOMETER in signals


def test_a_car_moves_as_it_is_watched(visitor: Visitor) -> None:
    until(lambda: visitor.signals(MOVING).get(vss.SPEED, 0) > 20, "a car drives", 60)
    first = visitor.signals(MOVING)
    until(
        lambda: (
            (visitor.signals(MOVING)[vss.LATITUDE], visitor.signals(MOVING)[vss.LONGITUDE])
            != (first[vss.LATITUDE], first[vss.LONGITUDE])
        ),
        "its place changes",
        60,
    )
    assert 42.4 < first[vss.LATITUDE] < 42.7
    assert 1.4 < first[vss.LONGITUDE] < 1.8


def test_the_trips_page_is_not_empty(visitor: Visitor) -> None:
    for car in visitor.get("/api/v1/vehicles")["items"]:
        path = f"/api/v1/vehicles/{car['vehicle_id']}/trips"
        trips = until(partial(visitor.part, path, "items", 2), "past trips")
        assert all(trip["distance_m"] > 2000 for trip in trips)


@pytest.mark.req("PRV-1c")
def test_the_car_that_shares_no_position_has_none(visitor: Visitor) -> None:
    until(lambda: visitor.signals(CLOSED_LEVEL).get(vss.SPEED, 0) > 10, "it drives", 90)
    assert visitor.signals(CLOSED_LEVEL).keys().isdisjoint({vss.LATITUDE, vss.LONGITUDE, vss.HEADING})


def test_the_parked_car_opens_and_locks_for_a_phone_that_was_added_in_it(visitor: Visitor) -> None:
    car = until(lambda: visitor.cars().get(PARKED), "the parked car")
    until(lambda: visitor.signals(PARKED).get(vss.DOORS_LOCKED[0]), "it is locked")
    phone = AddedPhone(visitor, UUID(car["vehicle_id"]))
    phone.add()
    opened = phone.remote_commands("unlock", safety_code=visitor.safety_code)
    assert (opened["state"], opened["reason"]) == ("done", "")
    assert [step["state"] for step in opened["steps"]][-1] == "done"
    until(lambda: visitor.signals(PARKED)[vss.DOORS_LOCKED[0]] is False, "it is unlocked", 20)
    closed = phone.remote_commands("lock")
    assert closed["state"] == "done"
    until(lambda: visitor.signals(PARKED)[vss.DOORS_LOCKED[0]], "it is locked again", 20)


def test_at_the_next_start_the_secrets_and_the_cars_are_the_same(demo: Demo, visitor: Visitor) -> None:
    def known(guest: Visitor) -> tuple[str, set[str]]:
        secrets = re.search(r"E-mail.*Safety code\s+\d+", guest.card, re.DOTALL)
        assert secrets
        return secrets[0], {car["vehicle_id"] for car in guest.get("/api/v1/vehicles")["items"]}

    before = known(visitor)
    stopped(demo.process)
    demo.process = started(demo.home)
    guest = visit(read_card(demo.process))
    assert known(guest) == before
    until(partial(drives, guest), "a car drives", 60)
    guest.app.close()
    assert (demo.home / "demo" / "owner.json").stat().st_mode & 0o777 == 0o600
