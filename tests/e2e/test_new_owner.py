"""A new person: an account by mail, a car of their own by the code typed in it, this phone by the code on its screen, then commands."""

from itertools import count

import pytest
from playwright.sync_api import Page, expect

from openmarque.brands.pack import load_pack
from tests.e2e.accessibility import violations
from tests.e2e.app import App
from tests.e2e.cars import from_the_factory
from tests.e2e.running import Running

PASSWORD = "three quiet otters"
MODEL, NAME = "brise", "Brise électrique"
POSITION = 3
_serials = count(700_001)


@pytest.fixture
def own_car(running, tmp_path):
    car = from_the_factory(running, load_pack(), MODEL, next(_serials), tmp_path / "bundle")
    car.starts()
    yield car
    car.dies()


def new_owner(running: Running, page: Page, email: str) -> App:
    """Somebody who has just signed up by mail, in English, and signed in."""
    app = App(page, "en")
    app.signs_up("Robin", "Example", email, PASSWORD)
    app.follows(running.link_of_mail(email))
    app.signs_in(email, PASSWORD)
    return app


@pytest.mark.req("ACC-1a", "ACC-2a", "ACC-4b", "ENR-2a", "ENR-2c", "PRV-6a", "RC-6a", "RC-6c", "RC-7c")
def test_a_new_owner_gets_an_account_a_car_and_a_key_and_opens_the_car(running, phone, in_car, own_car, watch):
    app = new_owner(running, phone("en"), "robin@owner.example")
    car = in_car(own_car.head_unit)
    car.is_connected()

    code = app.asks_for_code(own_car.vin)
    car.types_code(f"{(int(code) + 1) % 100_000_000:08d}")
    car.says_of_pairing("not for this car.*Tries left: 4")
    car.types_code(code)
    car.says_of_pairing("is paired")
    app.says_that("paired")
    assert violations(app.page) == []

    # The car is private, as it left the factory: the app says so and how to change it in this car; only the car changes it.
    app.opens_page_of(own_car.vehicle_id)
    app.tells_privacy_level("private")
    expect(app.page.get_by_text("SOS and assistance").first).to_be_visible()
    car.chooses_level(POSITION)
    app.tells_privacy_level("position")

    app.sets_safety_code("4831", PASSWORD)
    app.is_added_in(car)
    app.opens_page_of(own_car.vehicle_id)
    app.is_drawn("locked")
    with watch.expecting(403):
        app.unlocks("1111")
        expect(app.sheet).to_contain_text(app.says("tries_left"))
        assert violations(app.page) == []
    app.types_code("4831")
    app.sees_steps("unlock", "sent", "reached", "executing", "done")
    app.is_drawn("unlocked")
    app.locks()
    app.sees_steps("lock", "sent", "reached", "executing", "done")

    car.leaves()
    own_car.dies()
    with watch.expecting(409):
        app.button("unlock").click()
        expect(app.sheet.get_by_role("alert")).to_contain_text("not connected")
        assert violations(app.page) == []
    app.page.keyboard.press("Escape")
    before = app.remote_commands(own_car.vehicle_id)

    own_car.starts()
    car.opens(own_car.head_unit)
    car.is_connected()
    # What was kept for the car would come before anything new: a new command that is done shows that nothing was.
    app.locks()
    app.sees_steps("lock", "sent", "reached", "executing", "done")
    app.is_drawn("locked")
    after = app.remote_commands(own_car.vehicle_id)
    assert after[1:] == before
    assert [remote_command["command"] for remote_command in after] == ["lock", "lock", "unlock"]
    assert {remote_command["state"] for remote_command in after} == {"done"}


@pytest.mark.req("ENR-2b")
def test_a_code_that_has_run_out_pairs_nothing_and_both_sides_say_so(running, phone, in_car, own_car):
    app = new_owner(running, phone("en"), "late@owner.example")
    car = in_car(own_car.head_unit)
    car.is_connected()
    code = app.asks_for_code(own_car.vin)
    with running.database() as database:
        # A year passes.
        database.execute(
            "UPDATE pairing SET created_at = created_at - interval '366 days', expires_at = expires_at - interval '366 days'"
            " WHERE paired_at IS NULL AND voided_at IS NULL"
        )
    car.types_code(code)
    car.says_of_pairing("run out")
    app.says_that("code_expired")
    assert app.page.request.get("/api/v1/vehicles").json()["items"] == []


@pytest.mark.req("ENR-1a", "ENR-1e")
def test_a_car_that_can_not_be_connected_is_told_with_the_reason(running, phone):
    app = new_owner(running, phone("en"), "other@owner.example")
    app.page.goto("/add")
    app.page.get_by_label(app.says("vin")).fill("WVWZZZ1JZXW000001")
    app.button("check").click()
    expect(app.page.get_by_role("status").filter(has_text="Marque Exemple")).to_be_visible()
    assert violations(app.page) == []
    expect(app.button("get_code")).not_to_be_visible()
