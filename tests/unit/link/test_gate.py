"""The gate's judgement on a certificate, without a broker."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from openmarque.kit.clock import ManualClock
from openmarque.kit.csr import certificate_request, new_car_key
from openmarque.kit.ids import VehicleId, wire
from openmarque.link.gate import LONGEST_GRANT, STALE_GRANT, Authoriser, Grant, Refusal
from openmarque.link.gate_jwt import BadToken, read_request
from openmarque.link.pki import CarCertificate, CertificateAuthority
from openmarque.link.pki_keys import KeyRing
from openmarque.link.revocation import SnapshotReader, write_snapshot

VIN = "UU1TEST0000000001"


class World:
    def __init__(self, tmp_path: Path) -> None:
        self.path = tmp_path
        self.clock = ManualClock(datetime(2026, 11, 22, tzinfo=UTC))
        self.ca = CertificateAuthority.create(tmp_path / "pki", self.clock, name="Test", passphrase="x")
        self.ring = KeyRing(tmp_path / "keys", self.clock)
        self.snapshot = tmp_path / "snapshot.json"
        self.write(1)
        reader = SnapshotReader(self.snapshot, self.ring, self.clock)
        self.gate = Authoriser(self.ca.car_anchors_file, reader, self.clock)

    def write(self, version: int, *serials: str, vehicles: frozenset[UUID] = frozenset()) -> None:
        write_snapshot(self.snapshot, self.ring, self.clock, version=version, serials=frozenset(serials), vehicles=vehicles)

    def car(self, ca: CertificateAuthority | None = None) -> CarCertificate:
        vehicle = VehicleId(uuid4())
        return (ca or self.ca).issue_car(vehicle, VIN, certificate_request(new_car_key(), vehicle))

    def decide(self, car: CarCertificate, client_id: str | None = None) -> Grant | Refusal:
        return self.gate.decide([car.chain_pem.decode()], client_id or wire(car.vehicle_id))

    def reason(self, car: CarCertificate, client_id: str | None = None) -> str:
        decision = self.decide(car, client_id)
        assert isinstance(decision, Refusal)
        return decision.reason


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.req("LNK-1d")
def test_a_good_car_may_speak_only_as_itself(world: World) -> None:
    car = world.car()
    grant = world.decide(car)
    assert isinstance(grant, Grant)
    name = wire(car.vehicle_id)
    assert grant.publish == [
        f"v.{name}.up.{channel}" for channel in ("urgent", "event", "status", "hello", "csr", "challenge", "pair")
    ]
    assert grant.subscribe == [f"v.{name}.down", f"v.{name}.down.>", "$MQTT.sub.>"]
    assert VIN not in str(grant)


def test_a_grant_ends_with_the_day_or_with_the_certificate(world: World) -> None:
    car = world.car()
    grant = world.decide(car)
    assert isinstance(grant, Grant)
    assert grant.expires == world.clock.now() + LONGEST_GRANT
    world.clock.advance(timedelta(days=90, hours=-1))
    world.write(2)
    grant = world.decide(car)
    assert isinstance(grant, Grant)
    assert grant.expires == car.not_after


def test_a_revoked_serial_and_a_revoked_car_are_refused(world: World) -> None:
    one, two = world.car(), world.car()
    world.write(2, one.serial, vehicles=frozenset({two.vehicle_id}))
    assert world.reason(one) == world.reason(two) == "revoked"
    assert isinstance(world.decide(world.car()), Grant)


def test_another_car_s_client_id_is_refused(world: World) -> None:
    one, two = world.car(), world.car()
    assert world.reason(one, wire(two.vehicle_id)) == "foreign-client-id"
    assert world.reason(one, VIN) == "foreign-client-id"
    assert world.reason(one, wire(one.vehicle_id).upper()) == "foreign-client-id"


def test_an_expired_or_not_yet_valid_certificate_is_judged_by_our_clock(world: World) -> None:
    car = world.car()
    world.clock.advance(timedelta(days=-1))
    assert world.reason(car) == "not-yet-valid"
    world.clock.advance(timedelta(days=91))
    assert world.reason(car) == "expired"


def test_a_foreign_certificate_is_refused_and_not_counted_against_the_car_it_names(world: World, tmp_path: Path) -> None:
    foreign = CertificateAuthority.create(tmp_path / "foreign", world.clock, name="Test", passphrase="x")
    decision = world.decide(world.car(foreign))
    assert decision == Refusal("foreign-certificate", None)


def test_a_certificate_that_only_names_our_intermediate_as_issuer_is_foreign(world: World) -> None:
    anchor = x509.load_pem_x509_certificate(world.ca.car_anchors_file.read_bytes())
    good = x509.load_pem_x509_certificate(world.car().chain_pem)
    key = new_car_key()
    builder = x509.CertificateBuilder().subject_name(good.subject).issuer_name(anchor.subject).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(good.not_valid_before_utc).not_valid_after(good.not_valid_after_utc)
    for extension in good.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    forged = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    name = str(next(iter(good.subject)).value)
    assert world.gate.decide([forged], name) == Refusal("foreign-certificate", None)


def test_the_broker_s_own_certificate_the_intermediate_and_none_are_no_cars(world: World) -> None:
    server = world.ca.server_files(["localhost"])[0].read_text()
    anchor = world.ca.car_anchors_file.read_text()
    for chain in ([server], [anchor], ["garbage"], ["schön"]):
        assert world.gate.decide(chain, "x") == Refusal("not-a-car-certificate")
    assert world.gate.decide([], "x") == Refusal("no-certificate")


def test_a_stale_snapshot_gives_short_grants_and_none_refuses_everybody(world: World, tmp_path: Path) -> None:
    car = world.car()
    assert isinstance(world.decide(car), Grant)
    world.clock.advance(timedelta(hours=30))
    grant = world.decide(car)
    assert isinstance(grant, Grant)
    assert grant.expires == world.clock.now() + STALE_GRANT
    blind = Authoriser(world.ca.car_anchors_file, SnapshotReader(tmp_path / "none", world.ring, world.clock), world.clock)
    refusal = blind.decide([car.chain_pem.decode()], wire(car.vehicle_id))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "no-revocation-snapshot"


def test_certificates_of_the_next_intermediate_are_taken_without_a_restart(world: World) -> None:
    old = world.car()
    assert isinstance(world.decide(old), Grant)
    world.ca.rotate_cars(name="Test", passphrase="x")
    assert isinstance(world.decide(world.car()), Grant)
    assert isinstance(world.decide(old), Grant)


def test_a_request_that_no_server_signed_gets_no_answer() -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    body = {"iss": "N" + "A" * 55, "aud": "nats-authorization-request", "nats": {}}
    for token in (b"", b"a.b.c", f"{part({})}.{part(body)}.{part('x' * 64)}".encode(), b"\xff\xfe.."):
        with pytest.raises(BadToken):
            read_request(token)
