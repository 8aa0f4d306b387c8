"""What an app is told of a service that it has no part for."""

import pytest

from openmarque.catalogue.refusals import Reason, Refusal
from openmarque.domains.consent.described import described, signal_label
from openmarque.domains.consent.reading import ServiceAvailability
from openmarque.governance.platform import installed_catalogue
from openmarque.kit.text_files import LANGUAGES
from openmarque.kit.texts import texts
from openmarque.protocol.levels import Level
from tests.probe_service.declaration import PROBING


def test_a_service_that_no_app_knows_is_described_by_its_declaration_alone():
    standing = ServiceAvailability("probe", Level.DATA, Refusal("probe", "", Reason.LEVEL_TOO_LOW))
    told = described(standing, PROBING, "en")
    assert (told.declaration, told.open, told.reason) == ("probe", False, "level_too_low")
    assert told.cure == "Change the privacy level in the car."
    assert told.commands == ["probe_blink"]
    assert told.notices == ["probe_limit_passed"]
    assert [(document.kind, document.yours) for document in told.documents] == [
        ("probe_limits", True),
        ("probe_places", True),
        ("probe_campaign", False),
    ]


def test_the_signals_of_a_service_have_their_units_and_its_recipients_their_names():
    declarations = installed_catalogue().declarations
    status = described(ServiceAvailability("status", Level.DATA, None), declarations["status"], "de")
    finder = described(ServiceAvailability("car_finder", Level.POSITION, None), declarations["car_finder"], "en")
    assert status.label == "Zustand des Fahrzeugs"
    assert {"Vehicle.Speed": "km/h"}.items() <= {signal.path: signal.unit for signal in status.signals}.items()
    assert [recipient.country for recipient in finder.recipients] == ["IE", "GB"]
    assert {recipient.role for recipient in finder.recipients} == {"shows the place on a map, when you ask for it in the app"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_recipient_says_what_for_in_the_readers_language(language):
    declaration = installed_catalogue().declarations["car_finder"]
    told = described(ServiceAvailability("car_finder", Level.POSITION, None), declaration, language)
    assert {one.role for one in told.recipients} == {texts(language).text("recipient.map")}


def test_a_signal_that_nobody_gave_a_name_is_called_by_the_words_of_its_path():
    say = texts("en")
    assert signal_label("Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.IsPressureLow", say) == "Is pressure low"
    assert signal_label("Vehicle.Diagnostics.DTCCount", say) == "DTC count"
    assert signal_label("Vehicle.Speed", say) == "Speed"
