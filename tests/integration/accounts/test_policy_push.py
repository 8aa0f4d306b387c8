"""A policy whose push was lost reaches a car that stays connected."""

from datetime import timedelta
from uuid import UUID, uuid4

from openmarque.link.timers import push_again
from tests.integration.accounts.conftest import House


async def issue(house: House, *, accepted: int = 0) -> UUID:
    """A car with version 2 of its policy, issued now."""
    vehicle_id, now = uuid4(), house.clock.now()
    async with house.tx() as tx:
        await tx.execute(
            "om_platform",
            "INSERT INTO model (model_id, brand_id, name, powertrain, capabilities)"
            " SELECT 'm', brand_id, 'M', 'ELECTRIC', '{}' FROM brand ON CONFLICT DO NOTHING",
        )
        await tx.execute(
            "om_platform",
            "INSERT INTO vehicle (vehicle_id, brand_id, model_id, vin_sealed, vin_key_id, vin_lookup, ceiling, levels, provisioned_at)"
            " SELECT %s, brand_id, 'm', '', 'k', %s, 'POSITION', '{PRIVATE,DATA,POSITION}', %s FROM brand",
            (vehicle_id, vehicle_id.bytes, now),
        )
        await tx.execute(
            "om_platform",
            "INSERT INTO car_policy (vehicle_id, version, frame, hash, open_declarations, level, ceiling, remote_access,"
            " switched_off, issued_at, valid_until, terms, accepted_version)"
            " VALUES (%s, 2, 'frame', '', '{}', 1, 3, true, '{}', %s, %s, '', %s)",
            (vehicle_id, now, now + timedelta(days=30), accepted),
        )
    return vehicle_id


async def pushed(house: House) -> list[tuple[str, bytes]]:
    async with house.tx() as tx:
        await push_again(tx, house.clock.now())
        return list(tx.publications)


async def test_a_policy_that_a_car_does_not_prove_is_pushed_again_for_ten_minutes(house: House):
    vehicle_id = await issue(house)
    await issue(house, accepted=2)
    assert await pushed(house) == [], "its answer may still be on its way"
    house.clock.advance(timedelta(seconds=30))
    assert await pushed(house) == [(f"v.{vehicle_id.hex}.down.policy", b"frame")]
    house.clock.advance(timedelta(minutes=10))
    assert await pushed(house) == [], "its next handshake mends it"
