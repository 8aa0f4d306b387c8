"""Who may connect, and what a connected car may say and hear at all: certificates, client ids, topics, sizes (issue 2, "Bad input").

The other half is ``test_hostile_car.py``. Beside each attack an innocent car goes on being acknowledged.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from faults import mqtt
from faults.cars import Car, client_tls
from faults.ground import Ground
from faults.mqtt import Kind, Will
from faults.speaker import Speaker, TalkingCar
from openmarque.car.bundle_files import CHAIN, KEY
from openmarque.kit.clock import ManualClock
from openmarque.kit.csr import certificate_request, key_pem, new_car_key
from openmarque.kit.vin import InvalidVin
from openmarque.link.pki import CertificateAuthority
from openmarque.protocol import signals as vss
from openmarque.protocol.envelope import Lane
from openmarque.protocol.messages import (
    STATUS,
    StatusBody,
)
from tests.acceptance.conftest import Innocent, NewCar, Rows, counted

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED_SUBSCRIPTION = 0x80


# Who may connect


@pytest.mark.req("LNK-1a", "LNK-1b")
@pytest.mark.parametrize(
    ("vin", "because"),
    [
        ("UU1TEST0000I00001", "contains I"),
        ("UU1TEST0000O00001", "contains O"),
        ("UU1TEST0000Q00001", "contains Q"),
        ("1HGCM82633A004353", "check digit"),
        ("UU1TEST000000001", "16 characters"),
    ],
)
async def test_a_mistyped_vin_is_not_provisioned(ground: Ground, database: Rows, vin: str, because: str) -> None:
    before = database.rows("SELECT count(*) FROM vehicle")
    with pytest.raises(InvalidVin, match=because) as refused:
        await ground.new_car(vin)
    assert refused.value.remedy
    assert database.rows("SELECT count(*) FROM vehicle") == before


async def connects(ground: Ground, tls: ssl.SSLContext, client_id: str) -> bool:
    """Whether the broker lets somebody in."""
    try:
        speaker = await Speaker.open(ground.mqtt_port, tls, mqtt.connect(client_id))
    except OSError:
        return False
    try:
        answer = await speaker.first(Kind.CONNACK)
        return answer is not None and answer.body[1] == 0
    finally:
        await speaker.close()


async def test_a_revoked_car_is_cut_off_and_kept_out(
    ground: Ground, new_car: NewCar, database: Rows, innocent: Innocent
) -> None:
    car = await new_car()
    talking = await TalkingCar.open(car, ground.mqtt_port)
    assert await ground.platform.revoke(car.vehicle_id, "stolen") == 1
    await talking.speaker.end()
    assert not await connects(ground, car.tls(), car.name)
    await counted(database, "connection-refused: revoked", car)
    await innocent.goes_on()


@asynccontextmanager
async def forged(ground: Ground, car: Car, issue: Callable[[bytes], bytes]) -> AsyncIterator[ssl.SSLContext]:
    """The TLS of somebody with `car`'s id and a certificate that `issue` makes for a fresh key's request."""
    key = new_car_key()
    folder = ground.settings.home / "forged" / uuid4().hex
    folder.mkdir(parents=True)
    (folder / KEY).write_bytes(key_pem(key))
    (folder / CHAIN).write_bytes(issue(certificate_request(key, car.vehicle_id)))
    yield client_tls(car.bundle.broker_ca, folder / CHAIN, folder / KEY)


@pytest.mark.req("LNK-1c")
async def test_an_expired_certificate_opens_nothing(
    ground: Ground, new_car: NewCar, database: Rows, innocent: Innocent
) -> None:
    car = await new_car()
    long_ago = ManualClock(ground.platform.clock.now() - timedelta(days=365))
    authority = CertificateAuthority(ground.settings.home / "pki", long_ago)
    before = database.security_events("handshake-failed")
    async with forged(ground, car, lambda csr: authority.issue_car(car.vehicle_id, "UU1TEST0000999999", csr).chain_pem) as tls:
        assert not await connects(ground, tls, car.name)
    await counted(database, "handshake-failed", before=before)
    await innocent.goes_on()


@pytest.mark.req("LNK-1c")
async def test_a_foreign_authority_makes_no_car_of_ours(
    ground: Ground, new_car: NewCar, database: Rows, innocent: Innocent
) -> None:
    car = await new_car()
    clock = ground.platform.clock
    foreign = CertificateAuthority.create(
        ground.settings.home / "foreign", clock, name=ground.platform.pack.name, passphrase="x"
    )
    before = database.security_events("handshake-failed")
    async with forged(ground, car, lambda csr: foreign.issue_car(car.vehicle_id, "UU1TEST0000999999", csr).chain_pem) as tls:
        assert not await connects(ground, tls, car.name)
    await counted(database, "handshake-failed", before=before)
    await innocent.goes_on()


@pytest.mark.req("LNK-1c")
async def test_a_car_can_not_vouch_for_itself(ground: Ground, new_car: NewCar, database: Rows, innocent: Innocent) -> None:
    car, key = await new_car(), new_car_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, car.name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = ground.settings.home / "self-signed"
    folder.mkdir()
    (folder / KEY).write_bytes(key_pem(key))
    (folder / CHAIN).write_bytes(certificate.public_bytes(Encoding.PEM))
    before = database.security_events("handshake-failed")
    assert not await connects(ground, client_tls(car.bundle.broker_ca, folder / CHAIN, folder / KEY), car.name)
    await counted(database, "handshake-failed", before=before)
    await innocent.goes_on()


@pytest.mark.req("LNK-1c")
@pytest.mark.parametrize("weakness", ["TLS 1.2", "no certificate", "no TLS"])
async def test_nobody_talks_below_mutual_tls_1_3(
    ground: Ground, new_car: NewCar, database: Rows, innocent: Innocent, weakness: str
) -> None:
    car = await new_car()
    before = database.security_events("handshake-failed")
    if weakness == "no TLS":
        reader, writer = await asyncio.open_connection("127.0.0.1", ground.mqtt_port)
        writer.write(mqtt.connect(car.name))
        # The broker hangs up, and does not think it worth a line in its log.
        assert await asyncio.wait_for(reader.read(4), 8) == b""
        writer.close()
    else:
        tls = ssl.create_default_context(cafile=str(car.bundle.broker_ca))
        if weakness == "TLS 1.2":
            tls = car.tls()
            tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_2
        assert not await connects(ground, tls, car.name)
        await counted(database, "handshake-failed", before=before)
    await innocent.goes_on()


@pytest.mark.req("LNK-1d")
async def test_taking_anothers_client_id_does_not_push_it_off(
    ground: Ground, hostile: TalkingCar, innocent: Innocent, database: Rows
) -> None:
    assert not await connects(ground, hostile.car.tls(), innocent.car.car.name)
    await counted(database, "connection-refused: foreign-client-id", hostile.car)
    assert await innocent.car.speaker.alive()
    await innocent.goes_on()


# What it may say and hear


@pytest.mark.req("LNK-1d")
async def test_speaking_for_another_car_changes_nothing_and_is_counted(
    hostile: TalkingCar, innocent: Innocent, database: Rows
) -> None:
    other = innocent.car
    lie = other.frame(Lane.STATUS, STATUS, StatusBody({vss.SPEED: (299.0, 0)}), seq=other.marks[Lane.STATUS] + 1)
    await hostile.speaker.send(mqtt.publish(other.car.up("status"), lie))
    await hostile.speaker.send(mqtt.publish(other.car.up("status"), lie, identifier=7))
    await hostile.speaker.send(mqtt.publish(f"v/{other.car.name}/down/ack", b"x"))
    await counted(database, "publish-violation", hostile.car)
    await innocent.goes_on()


@pytest.mark.req("LNK-1d")
async def test_a_will_can_not_speak_for_another_car(ground: Ground, hostile: TalkingCar, innocent: Innocent) -> None:
    other = innocent.car
    lie = other.frame(Lane.STATUS, STATUS, StatusBody({vss.SPEED: (299.0, 0)}), seq=other.marks[Lane.STATUS] + 1)
    await hostile.close()
    testator = await Speaker.open(
        ground.mqtt_port, hostile.car.tls(), mqtt.connect(hostile.car.name, will=Will(other.car.up("status"), lie))
    )
    await testator.first(Kind.CONNACK)
    await testator.close()  # without DISCONNECT: the will is due
    await asyncio.sleep(0.3)
    await innocent.goes_on()


async def test_listening_beyond_the_own_downlink_is_refused(hostile: TalkingCar, innocent: Innocent, database: Rows) -> None:
    other = innocent.car.car.name
    wanted = [
        f"v/{other}/down/#",
        f"v/{other}/up/#",
        "v/+/down/#",
        "v/#",
        "#",
        "$SYS/#",
        "+/+/down/ack",
        f"v/{hostile.car.name}/up/#",
    ]
    for topic in wanted:
        assert await hostile.speaker.subscribe(topic) in ([REFUSED_SUBSCRIPTION], []), topic
    await innocent.goes_on()
    own = f"v/{hostile.car.name}/down/"
    assert all(packet.topic.startswith(own) for packet in hostile.speaker.heard())
    await counted(database, "subscription-violation", hostile.car)


@pytest.mark.parametrize("channel", ["status", "event", "urgent", "hello", "csr", "pair", "challenge"])
async def test_ten_megabytes_end_the_connection_and_nobody_elses(
    hostile: TalkingCar, innocent: Innocent, database: Rows, channel: str
) -> None:
    sending = asyncio.create_task(hostile.say(channel, bytes(10_000_000)))
    await innocent.goes_on()
    await hostile.speaker.end()
    await asyncio.wait_for(sending, 8)
    await counted(database, "payload-too-large", hostile.car)


async def test_bytes_that_are_no_mqtt_end_the_connection(hostile: TalkingCar, innocent: Innocent, database: Rows) -> None:
    before = database.security_events("malformed")
    await hostile.speaker.send(b"\x00\x00GET / HTTP/1.1\r\n\r\n" + b"\xff" * 500)
    await hostile.speaker.end()
    await counted(database, "malformed", before=before)
    await innocent.goes_on()
