"""The page in the car, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import LOOKS, violations


@pytest.mark.parametrize(("language", "scheme"), LOOKS)
def test_the_page_in_the_car_breaks_no_rule_of_accessibility(running, in_car, language, scheme):
    car = in_car(running.head_unit("Cime hybride"))
    car.page.emulate_media(color_scheme=scheme)
    car.page.goto(f"{running.head_unit('Cime hybride')}?lang={language}")
    assert violations(car.page) == []
    car.asks_to_add_a_phone()
    assert violations(car.page) == []
    car.stops_adding()


@pytest.mark.req("AUT-6b")
def test_the_code_for_a_phone_leads_to_this_platforms_app(running, in_car):
    car = in_car(running.head_unit("Cime hybride"))
    car.is_connected()
    address = car.adds_a_phone()
    assert address.startswith(f"{running.base}/phone#{running.vehicle('Cime hybride')}.")
    car.stops_adding()


def test_who_typed_a_code_stays_there_and_is_told_what_became_of_it_at_the_top_as_well(running, in_car):
    car = in_car(running.head_unit("Cime hybride"))
    car.is_connected()
    car.types_code("00000000")
    expect(car.page).to_have_url(re.compile("#pairing$"))
    expect(car.page.get_by_label(re.compile("^Pairing code"))).to_be_in_viewport()
    car.says_of_pairing("not for this car.*Tries left")
    expect(car.page.locator("p.said")).to_contain_text(re.compile("not for this car.*Tries left"))
    assert violations(car.page) == []
