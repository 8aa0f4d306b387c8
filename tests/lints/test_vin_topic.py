"""No VIN in a topic, subject, URL or path."""

import pytest

from tests.lints.planting import refusals
from tools.lints import vin_topic


@pytest.mark.parametrize(
    "leak",
    [
        "x = f'v/{vin}/up/event'",
        "x = f'v.{car.vin}.down'",
        "x = f'/api/v1/vehicles/{vin.upper()}/status'",
        "x = 'v/' + vin + '/up'",
        "x = 'v/' + str(self.vin)",
        "x = 'v.%s.up' % vin",
        "x = 'v.%s.up.%s' % (vin, lane)",
        "x = 'v/{}/up'.format(row['vin'])",
        "x = 'v/{who}/up'.format(who=owner_vin)",
        "x = '/'.join(['v', vin, 'up'])",
        "x = f'v/{vin[:11]}/up'",
        "x = f'v/{normalise_vin(text)}/up'",
        "x = home / vin",
        "client.publish(vin, b'')",
        "client.subscribe(f'{vin}-down')",
        "topic = 'car ' + vin",
        "connect(client_id=vin)",
        "connect(client_id=f'car-{vin}')",
        "def subject_of(car):\n    return car.vin",
        "router.get('/vehicles/{vin}/status')",
        "TOPIC = 'v/{vin}/up'",
    ],
)
def test_a_vin_in_an_address_is_refused(leak):
    assert refusals(vin_topic, leak) == [leak.count("\n") + 1]


@pytest.mark.parametrize(
    "innocent",
    [
        "x = f'v/{wire(vehicle_id)}/up/event'",
        "x = f'v/{wire(find_vehicle(vin))}/up'",
        "x = f'v/{ids[vin]}/up'",
        "x = f'v/{vin_hash}/up'",
        "x = f'/drivers/{driving}/{having_left}'",
        "raise InvalidVin(f'{vin} has no check digit.')",
        "subject = x509.Name([attribute(vin)])",
        "client.publish(topic, vin)",
        "route = planner.route(vin, end)",
        "x = miles / hours",
    ],
)
def test_the_opaque_id_and_other_uses_are_free(innocent):
    assert refusals(vin_topic, innocent) == []
