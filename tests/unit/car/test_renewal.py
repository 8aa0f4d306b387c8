"""The car's certificate: when a new one is asked for, and how key and chain change places without ever being lost."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from openmarque.car.bundle_files import CAR_JSON, CHAIN, KEY, NEXT_CHAIN, NEXT_KEY
from openmarque.car.identity import BundleContents, BundleUnusable, read_bundle, write_bundle
from openmarque.car.keyring import FileKeyring
from openmarque.car.model import CertificateMismatch, Channel, NoticeCode
from openmarque.kit.csr import key_pem, new_car_key
from openmarque.kit.ids import wire
from openmarque.protocol import signing
from openmarque.protocol.envelope import Trust, encode
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import CertificateIssued, CertificateRequest
from tests.cars import POLICY_KEY, START_MS, Car, Platform, TestKeyring, open_link, policy

VIN = "UU1TEST0000000042"
CAR = UUID(int=42)
HOUR_MS = 3_600_000
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def connected_car(keys: TestKeyring) -> tuple[Car, Platform]:
    car, platform = Car(keys=keys), Platform(policy=policy())
    open_link(car, platform)
    return car, platform


class TestAsking:
    """The certificate of these cars began a day before the start."""

    def test_the_car_asks_once_two_thirds_of_its_certificates_life_are_over(self):
        car, _ = connected_car(TestKeyring(until_ms=START_MS + 48 * HOUR_MS))
        assert [f.channel for f in car.wire if f.channel is Channel.CSR] == []
        assert car.core.wake_in_ms(car.now) == START_MS + 24 * HOUR_MS - car.ms
        (frame,) = car.wait(24 * 3600)
        assert frame.channel is Channel.CSR
        assert msgspec.msgpack.decode(frame.payload, type=CertificateRequest).csr == b"csr of a fresh key"

    def test_it_asks_again_when_no_answer_comes_ever_more_rarely(self):
        car, _ = connected_car(TestKeyring(until_ms=START_MS + 48 * HOUR_MS))
        car.wait(24 * 3600)
        asked = [minute for minute in range(1, 120) if car.wait(60)]
        assert asked == [1, 3, 7, 15, 31, 63]

    def test_nothing_is_asked_offline_or_by_a_clock_that_was_never_set(self):
        car, _ = connected_car(TestKeyring(until_ms=START_MS + 48 * HOUR_MS))
        car.trust = Trust.UNSET
        assert car.wait(30 * 3600) == []
        car.trust = Trust.SYNCED
        car.disconnect()
        assert car.wait(3600) == []

    def test_the_answer_is_installed_and_tried_in_a_new_connection_and_then_confirmed(self):
        keys = TestKeyring(until_ms=START_MS + 48 * HOUR_MS)
        car, platform = connected_car(keys)
        car.wait(24 * 3600)
        output = car.core.received(car.now, "cert", encode(CertificateIssued(b"chain for the fresh key")))
        assert output.reconnect
        assert [n.code for n in output.notices] == [NoticeCode.CERTIFICATE_RENEWED]
        assert keys.confirmed == 1
        assert car.wait(3600) == [], "nothing more is asked while the new one waits for its first connection"
        car.disconnect()
        open_link(car, platform)
        assert keys.confirmed == 2

    def test_a_certificate_for_another_key_is_counted_and_not_installed(self):
        car, _ = connected_car(TestKeyring())
        output = car.core.received(car.now, "cert", encode(CertificateIssued(b"another chain")))
        assert not output.reconnect
        assert car.core.counts("ignored") == {"cert:mismatch": 1}

    def test_a_refusal_is_told_and_the_car_asks_again_much_later(self):
        car, _ = connected_car(TestKeyring(until_ms=START_MS + 48 * HOUR_MS))
        car.wait(24 * 3600)
        output = car.core.received(car.now, "cert", encode(CertificateIssued(refused="key used before")))
        assert [n.code for n in output.notices] == [NoticeCode.CERTIFICATE_REFUSED]
        assert car.wait(5 * 3600) == []
        assert [f.channel for f in car.wait(3600)] == [Channel.CSR]


class Authority:
    """An authority of the tests: it issues by its own name and key."""

    def __init__(self, name: str, *, above: "Authority | None" = None, usage: x509.ObjectIdentifier | None = None) -> None:
        self.key = new_car_key()
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = certificate(self.name, self.key.public_key(), timedelta(days=3650))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        self.certificate = (above or self).sign(builder)

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.issuer_name(self.name).sign(self.key, hashes.SHA256())


def certificate(subject: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key).serial_number(x509.random_serial_number())
    return builder.not_valid_before(BEGIN).not_valid_after(BEGIN + life)


ROOT = Authority("root")
CARS = Authority("cars", above=ROOT, usage=ExtendedKeyUsageOID.CLIENT_AUTH)


def chain_for(
    key: ec.EllipticCurvePublicKey,
    *,
    vin: str = VIN,
    car: UUID = CAR,
    issuer: Authority = CARS,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
    life: timedelta = timedelta(days=90),
) -> bytes:
    """A car's certificate and its issuer's."""
    holder = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, vin)]))
    builder = certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wire(car))]), key, life)
    builder = builder.add_extension(x509.SubjectAlternativeName([holder]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = issuer.sign(builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False))
    return b"".join(one.public_bytes(Encoding.PEM) for one in (leaf, issuer.certificate))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle as it is provisioned."""
    key = new_car_key()
    contents = BundleContents(
        vehicle_id=CAR,
        host="localhost",
        mqtt_port=8883,
        policy_keys={signing.key_id(POLICY_KEY.public_key()): signing.public_bytes(POLICY_KEY.public_key())},
        ceiling=Level.DATA,
        levels=(Level.DATA, Level.PRIVATE),
        capabilities={"telematics"},
        key_pem=key_pem(key),
        chain_pem=chain_for(key.public_key()),
        broker_ca_pem=ROOT.certificate.public_bytes(Encoding.PEM),
        top_speed_kmh=85,
        battery_kwh=6.1,
    )
    write_bundle(tmp_path / "car", contents)
    return tmp_path / "car"


def renew(keyring: FileKeyring, **wrong: Any) -> bytes:
    """Ask, and the chain that a platform would answer with, but for what is `wrong` with it."""
    request = x509.load_der_x509_csr(keyring.request())
    key = request.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return chain_for(key, **wrong)


class TestBundle:
    def test_what_was_written_is_read_and_only_its_owner_may_read_it(self, folder):
        bundle = read_bundle(folder)
        assert (bundle.vehicle_id, bundle.vin) == (CAR, VIN)
        profile = bundle.profile()
        assert profile.ceiling is Level.DATA
        assert profile.levels == (Level.PRIVATE, Level.DATA)
        assert profile.equipment.top_speed_kmh == 85
        assert profile.policy_keys == {signing.key_id(POLICY_KEY.public_key()): POLICY_KEY.public_key()}
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}

    def test_levels_that_are_no_choice_are_refused_and_a_bundle_of_before_has_all_three(self, folder):
        facts = json.loads((folder / CAR_JSON).read_text())
        (folder / CAR_JSON).write_text(json.dumps({**facts, "levels": [2, 3]}))
        with pytest.raises(BundleUnusable, match="levels to choose from"):
            read_bundle(folder).profile()
        (folder / CAR_JSON).write_text(json.dumps({**facts, "levels": [1, 3]}))
        with pytest.raises(BundleUnusable, match="ceiling"):
            read_bundle(folder).profile()
        del facts["levels"]
        (folder / CAR_JSON).write_text(json.dumps(facts))
        assert read_bundle(folder).profile().levels == tuple(Level)

    def test_the_vin_is_in_the_certificate_alone(self, folder):
        assert [path.name for path in folder.iterdir() if VIN.encode() in path.read_bytes()] == []
        assert VIN not in repr(read_bundle(folder))

    @pytest.mark.parametrize("name", [CAR_JSON, KEY, CHAIN, "broker-ca.pem"])
    def test_a_missing_file_is_named(self, folder, name):
        (folder / name).unlink()
        with pytest.raises(BundleUnusable, match=name):
            read_bundle(folder)

    def test_a_key_of_another_certificate_is_refused(self, folder):
        (folder / KEY).write_bytes(key_pem(new_car_key()))
        with pytest.raises(BundleUnusable, match="is not the key"):
            read_bundle(folder)

    def test_a_certificate_of_another_car_is_refused(self, folder):
        key = new_car_key()
        (folder / KEY).write_bytes(key_pem(key))
        (folder / CHAIN).write_bytes(chain_for(key.public_key(), car=UUID(int=43)))
        with pytest.raises(BundleUnusable, match="another car"):
            read_bundle(folder)

    @pytest.mark.parametrize("text", ["", "{", '{"vehicle_id": "x"}', "[]"])
    def test_facts_that_are_none_are_refused(self, folder, text):
        (folder / CAR_JSON).write_text(text)
        with pytest.raises(BundleUnusable):
            read_bundle(folder)


class TestKeysOnDisk:
    def test_each_request_is_for_a_fresh_key_and_names_the_car_without_its_vin(self, folder):
        keyring = FileKeyring(read_bundle(folder))
        requests = [keyring.request() for _ in range(2)]
        keys = [x509.load_der_x509_csr(request).public_key() for request in requests]
        names = {signing.key_id(key) for key in keys if isinstance(key, ec.EllipticCurvePublicKey)}
        assert len(names | {keyring.key_id}) == 3
        assert all(VIN.encode() not in r and wire(CAR).encode() in r for r in requests)

    def test_the_new_certificate_is_used_next_and_replaces_the_old_once_confirmed(self, folder):
        keyring = FileKeyring(read_bundle(folder))
        old = keyring.key_id
        keyring.install(renew(keyring))
        assert keyring.key_id == old, "the connection that stands was made with the old one"
        assert keyring.use_next()
        new = keyring.key_id
        assert new != old
        keyring.confirm()
        assert not (folder / NEXT_KEY).exists()
        assert FileKeyring(read_bundle(folder)).key_id == new

    def test_until_it_is_confirmed_the_old_one_can_be_used_again(self, folder):
        keyring = FileKeyring(read_bundle(folder))
        old = keyring.key_id
        keyring.install(renew(keyring))
        restarted = FileKeyring(read_bundle(folder))
        assert restarted.key_id != old
        restarted.fall_back()
        assert restarted.key_id == old
        restarted.confirm()
        assert (folder / NEXT_CHAIN).exists(), "welcomed with the old one, the new one stays untried"

    def test_a_chain_for_another_key_car_or_vin_is_refused(self, folder):
        keyring = FileKeyring(read_bundle(folder))
        asked = renew(keyring)
        other = [
            chain_for(new_car_key().public_key()),
            renew(keyring, vin="UU1TEST0000000043"),
            renew(keyring, car=UUID(int=1)),
            b"x",
        ]
        for chain in (asked, *other):  # the first was right until another request replaced its key
            with pytest.raises(CertificateMismatch):
                keyring.install(chain)
        assert not (folder / NEXT_CHAIN).exists()

    @pytest.mark.parametrize(
        "forged",
        [
            pytest.param({"issuer": Authority("cars")}, id="by itself"),
            pytest.param({"issuer": Authority("cars", above=Authority("root"))}, id="by a stranger called as our root"),
            pytest.param({"issuer": Authority("servers", above=ROOT, usage=ExtendedKeyUsageOID.SERVER_AUTH)}, id="for servers"),
            pytest.param({"issuer": ROOT}, id="by the root itself"),
            pytest.param({"usage": ExtendedKeyUsageOID.SERVER_AUTH}, id="not for clients"),
            pytest.param({"life": timedelta(days=36500)}, id="longer than its issuer"),
        ],
    )
    def test_whoever_holds_the_broker_can_not_give_a_car_a_certificate_of_his_own(self, folder, forged):
        keyring = FileKeyring(read_bundle(folder))
        kept = {path.name: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(CertificateMismatch):
            keyring.install(renew(keyring, **forged))
        assert not keyring.use_next()
        assert {name: (folder / name).read_bytes() for name in kept} == kept
        keyring.install(renew(keyring))  # the right one is still taken

    @pytest.mark.parametrize("done", range(4))
    def test_a_power_failure_while_the_two_change_places_leaves_a_whole_pair(self, folder, done):
        """The change is: key written, chain written, next chain gone, next key gone. It stops after `done` of them."""
        keyring = FileKeyring(read_bundle(folder))
        keyring.install(renew(keyring))
        keyring.use_next()
        new, key, chain = keyring.key_id, (folder / NEXT_KEY).read_bytes(), (folder / NEXT_CHAIN).read_bytes()
        steps = [
            lambda: (folder / KEY).write_bytes(key),
            lambda: (folder / CHAIN).write_bytes(chain),
            (folder / NEXT_CHAIN).unlink,
            (folder / NEXT_KEY).unlink,
        ]
        for step in steps[:done]:
            step()
        again = FileKeyring(read_bundle(folder))
        assert again.key_id == new
        again.confirm()
        assert FileKeyring(read_bundle(folder)).key_id == new
        assert not (folder / NEXT_KEY).exists()
