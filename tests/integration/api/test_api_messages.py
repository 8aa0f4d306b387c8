"""What a hacked car can write as the body of each message that any installed service or the link takes: nothing but its own can come of it.

Goes over every type of the must-arrive lanes that the catalogue knows, the services of others included; bodies are made from the types
(``tests.samples``). The real ingest on the real database takes them.
"""

from random import Random

import msgspec
import psycopg
import pytest

from openmarque.engines.postgres import PostgresServer
from openmarque.kit.settings import Settings
from openmarque.link.postgres import PostgresLinkStore
from openmarque.protocol import signals as vss
from openmarque.protocol.envelope import Lane, encode, pack
from openmarque.protocol.levels import Level
from tests.cars import CATALOGUE
from tests.integration.api.conftest import Car, Street
from tests.samples import broken, sample, service_samples, wrong

pytestmark = pytest.mark.asyncio(loop_scope="session")

TYPES = sorted(t.name for t in CATALOGUE.messages.types.values() if t.lane in (Lane.EVENT, Lane.URGENT))
_OF_A_TENURE = """
SELECT c.table_name, bool_or(c.column_name = 'tenure_id'), bool_or(c.column_name = 'vehicle_id')
  FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
 WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.column_name IN ('tenure_id', 'vehicle_id')
 GROUP BY 1 ORDER BY 1"""


def rows_of(url: str, car: Car) -> dict[str, str]:
    """What every table holds of one car and its tenure, as a fingerprint by table."""
    found = {}
    with psycopg.connect(url) as connection:
        for table, has_tenure, has_vehicle in connection.execute(_OF_A_TENURE).fetchall():
            owned = [f"{name} = %(id)s" for name, has in (("t.tenure_id", has_tenure), ("t.vehicle_id", has_vehicle)) if has]
            ids = {"t.tenure_id": car.tenure_id, "t.vehicle_id": car.vehicle_id}
            where = " OR ".join(one.replace("%(id)s", f"'{ids[one.partition(' ')[0]]}'") for one in owned)
            query = (
                f"SELECT count(*) || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t WHERE {where}"
            )
            ((found[table],),) = connection.execute(query.encode()).fetchall()
    return found


async def watermark(car: Car, lane: Lane) -> int:
    """Up to which number everything of this car is settled."""
    store = PostgresLinkStore(car.platform.database)
    async with car.platform.database.begin() as tx:
        return (await store.lock_cars(tx, [car.vehicle_id]))[car.vehicle_id].watermarks[lane]


async def neighbours(street: Street) -> tuple[Car, Car]:
    """A hacked car, and another owner's that has said something."""
    hacked, other = await street.car(await street.owner()), await street.car(await street.owner())
    await other.says({vss.SPEED: 41.0})
    return hacked, other


@pytest.mark.parametrize("name", TYPES)
async def test_whatever_a_body_says_the_lane_goes_on_and_nobody_elses_data_change(
    street: Street, api_settings: Settings, name: str
) -> None:
    url = PostgresServer(api_settings).address()
    hacked, other = await neighbours(street)
    before = rows_of(url, other)
    known = CATALOGUE.messages.types[name]
    assert known.lane is not None
    right = service_samples().get(name) or sample(known.body)
    bodies = list(wrong(right))
    assert len(bodies) > 20
    for body in bodies:
        await hacked.sends_raw(known.lane, name, msgspec.Raw(body))
    assert await watermark(hacked, known.lane) >= hacked.numbers[known.lane], (
        "whatever was sent is settled, so nothing blocks the lane"
    )
    # Frames of which not even the number can be read: counted, and answered by nothing.
    for frame in broken(encode(hacked.envelope(known.lane, name, pack(right))), Random(name)):
        await hacked.sends_frame(known.lane, frame)
    assert rows_of(url, other) == before
    await hacked.begins_anew()
    await hacked.sets_level(Level.POSITION)
    await hacked.says({vss.SPEED: 12.0})
    async with hacked.platform.database.begin() as tx:
        kept = await tx.rows("om_link", "SELECT signals FROM last_values WHERE vehicle_id = %s", (hacked.vehicle_id,))
    assert kept[0][0][vss.SPEED][0] == 12.0


async def test_the_fingerprint_of_a_neighbour_changes_with_a_row_of_the_neighbours(
    street: Street, api_settings: Settings
) -> None:
    url = PostgresServer(api_settings).address()
    _, other = await neighbours(street)
    before = rows_of(url, other)
    await other.says({vss.SPEED: 42.0})
    changed = {table for table, fingerprint in rows_of(url, other).items() if fingerprint != before[table]}
    assert any(table.startswith("last_values") for table in changed)
