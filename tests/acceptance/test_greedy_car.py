"""A car with a good certificate that asks for too much of what it may have: others don't wait for it, and its numbers don't run out."""

import asyncio
import time
from functools import partial

import msgspec
import pytest

from faults.ground import Ground, until
from faults.speaker import TalkingCar
from openmarque.car.agent import CarAgent
from openmarque.car.keyring import FileKeyring
from openmarque.car.model import LinkState
from openmarque.car.store import MemoryCarStore
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.domains.garage.service import RENEWALS_A_DAY
from openmarque.kit.clock import SystemClock
from openmarque.kit.csr import certificate_request, new_car_key
from openmarque.protocol import signing
from openmarque.protocol.envelope import Answer, Disposition, Lane, encode
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import (
    GONE,
    LEVEL_CHANGED,
    POLICY_ACCEPTED,
    UNKNOWN_POLICY,
    CertificateIssued,
    CertificateRequest,
    Hello,
    PolicyAccepted,
    Tombstone,
)
from tests.acceptance.conftest import Innocent, Rows

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _heard(car: TalkingCar, topic: str, times: int) -> bool:
    return len(car.speaker.heard(topic)) >= times


async def test_a_flood_of_level_changes_keeps_no_other_car_s_events_waiting(hostile: TalkingCar, innocent: Innocent) -> None:
    """Each is a barrier that costs a transaction of its own; three thousand held the lane up for a quarter of a minute."""
    forged = msgspec.structs.replace(hostile.level_statement(Level.DATA, 1), signature=b"x" * 70)
    frames = [hostile.frame(Lane.EVENT, LEVEL_CHANGED, forged) for _ in range(3000)]
    for frame in frames:
        await hostile.say("event", frame)
    for _ in range(5):
        async with asyncio.timeout(10):
            ack = await innocent.car.tell(
                Lane.EVENT, innocent.car.frame(Lane.EVENT, GONE, Tombstone(0, "test"), level=Level.PRIVATE)
            )
        assert ack.answers == (Answer(ack.watermark, Disposition.STORED),)


async def test_a_car_that_claims_ever_newer_policies_does_not_use_up_their_numbers(
    ground: Ground, hostile: TalkingCar, database: Rows
) -> None:
    """Its owner could make it unsaleable: the change of owner compiles a policy above the car's."""
    query = "SELECT version FROM car_policy WHERE vehicle_id = %s"
    began, ((before,),) = time.monotonic(), database.rows(query, (hostile.car.vehicle_id,))
    for _ in range(60):
        ((version,),) = database.rows(query, (hostile.car.vehicle_id,))
        await hostile.greet(policy_version=version + 999, policy_hash="another")
        await hostile.greet(policy_version=version, policy_hash="another")
    ((after,),) = database.rows(query, (hostile.car.vehicle_id,))
    # What it had at the beginning may have been compiled some seconds before; without the bound these greetings take 60,000 numbers.
    assert after - before <= time.monotonic() - began + 60
    assert hostile.car.tenure_id is not None
    async with ground.platform.database.begin() as tx:
        await ground.platform.garage.end_tenure(tx, hostile.car.tenure_id, ground.platform.clock.now())


async def test_a_policy_of_a_platform_restored_from_a_backup_is_still_overtaken(
    ground: Ground, hostile: TalkingCar, database: Rows
) -> None:
    query = "SELECT version FROM car_policy WHERE vehicle_id = %s"
    ((version,),) = database.rows(query, (hostile.car.vehicle_id,))
    await asyncio.sleep(5.1)  # what we hold was compiled that long ago, and in each second a newer one may have been
    await hostile.greet(policy_version=version + 3, policy_hash="given after the backup")
    assert database.rows(query, (hostile.car.vehicle_id,)) == [(version + 4,)]


async def test_a_policy_that_the_platform_does_not_know_is_not_noted_as_accepted(hostile: TalkingCar, database: Rows) -> None:
    query = "SELECT version, accepted_version, hash FROM car_policy WHERE vehicle_id = %s"
    ((version, accepted, name),) = database.rows(query, (hostile.car.vehicle_id,))
    for claimed in (PolicyAccepted(version + 1, name), PolicyAccepted(version, "ab" * 32), PolicyAccepted(2**62, name)):
        ack = await hostile.tell(Lane.EVENT, hostile.frame(Lane.EVENT, POLICY_ACCEPTED, claimed))
        assert [answer.reason for answer in ack.answers] == [UNKNOWN_POLICY]
    assert database.rows(query, (hostile.car.vehicle_id,)) == [(version, accepted, name)]
    ack = await hostile.tell(Lane.EVENT, hostile.frame(Lane.EVENT, POLICY_ACCEPTED, PolicyAccepted(version, name)))
    assert [answer.disposition for answer in ack.answers] == [Disposition.STORED]
    assert database.rows(query, (hostile.car.vehicle_id,)) == [(version, version, name)]


async def test_an_epoch_that_car_and_platform_have_both_forgotten_is_given_to_none_again(
    hostile: TalkingCar, database: Rows
) -> None:
    first = await hostile.greet(epoch=0)
    assert first.epoch >= first.time // 1000
    await asyncio.sleep(3)  # between a backup and its being put back a car forgets less often than once a second
    back = "UPDATE car_link SET epoch = %s WHERE vehicle_id = %s RETURNING epoch"
    assert database.rows(back, (hostile.epoch, hostile.car.vehicle_id)) == [(hostile.epoch,)]
    again = await hostile.greet(epoch=0)
    assert again.epoch > first.epoch


async def test_a_greeting_forged_in_a_car_s_name_keeps_the_car_itself_out_for_no_moment(
    ground: Ground, hostile: TalkingCar
) -> None:
    """Whoever holds the broker, or a stolen unit, claims the farthest epoch; a unit without memory, with the real agent, gets in all the same."""
    now = (await hostile.greet()).time // 1000
    far = now + 3652 * 86_400 - 60
    for absurd in (far + 3600, 2**53 - 1):
        assert (await hostile.greet(epoch=absurd)).epoch < far, "not followed beyond what our own clock can have been wrong by"
    assert (await hostile.greet(epoch=far)).epoch == far
    await hostile.speaker.close()
    agent = CarAgent(hostile.car.bundle, MemoryCarStore(), Catalogue(installed_services()), SystemClock(), spread=lambda: 0.0)
    life = asyncio.create_task(agent.run())
    try:
        async with asyncio.timeout(20):
            await agent.until(lambda core: core.link_state is LinkState.OPEN)
        assert agent.core.epoch == far + 1
    finally:
        while not life.done():
            life.cancel()
            await asyncio.wait({life}, timeout=1)


async def test_a_car_that_lost_everything_again_and_again_still_gets_its_welcome(
    hostile: TalkingCar, innocent: Innocent, database: Rows
) -> None:
    everything = {"event": 2**53 - 1, "urgent": 2**53 - 1}
    for epoch in range(hostile.epoch + 1, hostile.epoch + 601):
        await hostile.say("hello", encode(Hello(protocol=(2,), epoch=epoch, first=everything)))
    await until(
        lambda: (
            database.rows("SELECT epoch FROM car_link WHERE vehicle_id = %s", (hostile.car.vehicle_id,))
            == [(hostile.epoch + 600,)]
        ),
        "the last greeting was not taken",
        60,
    )
    assert database.rows("SELECT lost FROM car_link WHERE vehicle_id = %s", (hostile.car.vehicle_id,)) == [(2**53 - 1,)]
    await innocent.goes_on()


async def test_a_car_gets_only_so_many_certificates_a_day(hostile: TalkingCar, innocent: Innocent, database: Rows) -> None:
    keys, answers = FileKeyring(hostile.car.bundle), list[CertificateIssued]()
    for number in range(RENEWALS_A_DAY + 2):
        csr = certificate_request(new_car_key(), hostile.car.vehicle_id)
        signature = keys.sign(signing.renewal_statement(csr))
        await hostile.say("csr", encode(CertificateRequest(csr, keys.key_id, signature)))
        topic = f"v/{hostile.car.name}/down/cert"
        await until(partial(_heard, hostile, topic, number + 1), "no answer", 20)
        answers.append(msgspec.msgpack.decode(hostile.speaker.heard(topic)[-1].payload, type=CertificateIssued))
    # The one from its provisioning counts too.
    assert [bool(answer.chain) for answer in answers] == [True] * (RENEWALS_A_DAY - 1) + [False] * 3
    assert answers[-1].refused == "certificate-request-refused"
    query = "SELECT count(*) FROM certificate WHERE vehicle_id = %s"
    assert database.rows(query, (hostile.car.vehicle_id,)) == [(RENEWALS_A_DAY,)]
    await innocent.goes_on()
