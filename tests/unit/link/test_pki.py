"""The certificate authority binds a car's id and VIN, renews with a fresh key only, and keeps cars and servers apart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from openmarque.kit.clock import ManualClock
from openmarque.kit.csr import certificate_request, new_car_key
from openmarque.kit.ids import VehicleId, wire
from openmarque.kit.vin import InvalidVin
from openmarque.link.pki import CertificateAuthority, MissingAuthority, RefusedRequest, identity_of
from openmarque.protocol.signing import key_id

VIN = "UU1TEST0000000001"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
def ca(tmp_path: Path, clock: ManualClock) -> CertificateAuthority:
    return CertificateAuthority.create(tmp_path / "pki", clock, name="Test", passphrase="long secret")


def leaf(chain: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain)[0]


@pytest.mark.req("LNK-1c")
def test_a_car_s_certificate_binds_its_id_and_vin_and_shows_no_vin_in_its_subject(ca: CertificateAuthority) -> None:
    car, key = VehicleId(uuid4()), new_car_key()
    issued = ca.issue_car(car, VIN, certificate_request(key, car))
    certificate = leaf(issued.chain_pem)
    assert identity_of(certificate) == (car, VIN)
    assert issued.key_id == key_id(key.public_key())
    assert certificate.subject.rfc4514_string() == f"CN={wire(car)}"
    assert VIN not in certificate.subject.rfc4514_string() + certificate.issuer.rfc4514_string()


def test_a_certificate_lives_ninety_days_and_is_due_after_two_thirds(ca: CertificateAuthority, clock: ManualClock) -> None:
    car = VehicleId(uuid4())
    issued = ca.issue_car(car, VIN, certificate_request(new_car_key(), car))
    assert issued.not_after == clock.now() + timedelta(days=90)
    assert timedelta(days=59) < issued.renew_from - clock.now() < timedelta(days=61)


def test_a_renewal_needs_a_key_that_was_never_used(ca: CertificateAuthority) -> None:
    car, key = VehicleId(uuid4()), new_car_key()
    first = ca.issue_car(car, VIN, certificate_request(key, car))
    with pytest.raises(RefusedRequest, match="fresh"):
        ca.renew_car(car, VIN, certificate_request(key, car), used_key_ids={first.key_id})
    second = ca.renew_car(car, VIN, certificate_request(new_car_key(), car), used_key_ids={first.key_id})
    assert second.serial != first.serial
    assert second.key_id != first.key_id


def request_with(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, *names: str) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_a_request_of_another_car_another_key_or_without_proof_is_refused(ca: CertificateAuthority) -> None:
    car, other = VehicleId(uuid4()), VehicleId(uuid4())
    good = certificate_request(new_car_key(), car)
    broken = bytearray(good)
    broken[-1] ^= 1
    weak = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    cases = {
        "another car": certificate_request(new_car_key(), other),
        "two names": request_with(new_car_key(), wire(car), wire(other)),
        "no name": request_with(new_car_key()),
        "rsa": request_with(weak, wire(car)),
        "p-384": request_with(ec.generate_private_key(ec.SECP384R1()), wire(car)),
        "broken signature": bytes(broken),
        "garbage": b"garbage",
        "empty": b"",
        "pem garbage": b"-----BEGIN nonsense",
    }
    for request in cases.values():
        with pytest.raises(RefusedRequest):
            ca.issue_car(car, VIN, request)
    assert ca.issue_car(car, VIN, good).vehicle_id == car


def test_no_certificate_is_made_for_a_wrong_vin(ca: CertificateAuthority) -> None:
    car = VehicleId(uuid4())
    with pytest.raises(InvalidVin):
        ca.issue_car(car, "UU1TESTO000000001", certificate_request(new_car_key(), car))


def test_the_root_s_key_is_encrypted_and_not_needed_to_issue(
    ca: CertificateAuthority, tmp_path: Path, clock: ManualClock
) -> None:
    root_key = tmp_path / "pki" / "root.key.pem"
    assert b"ENCRYPTED" in root_key.read_bytes()
    assert root_key.stat().st_mode & 0o777 == 0o600
    root_key.unlink()
    car = VehicleId(uuid4())
    again = CertificateAuthority(tmp_path / "pki", clock)
    assert again.issue_car(car, VIN, certificate_request(new_car_key(), car)).vehicle_id == car
    with pytest.raises(MissingAuthority):
        again.rotate_cars(name="Test", passphrase="long secret")


def test_after_a_rotation_old_and_new_certificates_are_both_below_the_anchors(ca: CertificateAuthority) -> None:
    car = VehicleId(uuid4())
    before = leaf(ca.issue_car(car, VIN, certificate_request(new_car_key(), car)).chain_pem)
    with pytest.raises(ValueError, match=r"password|decrypt"):
        ca.rotate_cars(name="Test", passphrase="wrong")
    ca.rotate_cars(name="Test", passphrase="long secret")
    after = leaf(ca.issue_car(car, VIN, certificate_request(new_car_key(), car)).chain_pem)
    anchors = x509.load_pem_x509_certificates(ca.car_anchors_file.read_bytes())
    assert len(anchors) == 2
    assert before.issuer != after.issuer
    for certificate in (before, after):
        certificate.verify_directly_issued_by(next(a for a in anchors if a.subject == certificate.issuer))
    for anchor in anchors:
        anchor.verify_directly_issued_by(ca.root)


def test_the_broker_s_certificate_is_kept_until_due_and_made_anew_for_other_names(
    ca: CertificateAuthority, clock: ManualClock
) -> None:
    first = ca.server_files(["localhost", "127.0.0.1"])[0].read_bytes()
    assert ca.server_files(["127.0.0.1", "localhost"])[0].read_bytes() == first
    other = ca.server_files(["mqtt.example"])[0].read_bytes()
    assert other != first
    clock.advance(timedelta(days=300))
    assert ca.server_files(["mqtt.example"])[0].read_bytes() != other


def test_a_broker_s_certificate_is_not_below_the_anchors_for_cars(ca: CertificateAuthority) -> None:
    server = leaf(ca.server_files(["localhost"])[0].read_bytes())
    anchors = x509.load_pem_x509_certificates(ca.car_anchors_file.read_bytes())
    assert server.issuer not in [anchor.subject for anchor in anchors]
    with pytest.raises(ValueError, match="serialNumber"):
        identity_of(server)


def test_an_ed25519_request_is_refused(ca: CertificateAuthority) -> None:
    car = VehicleId(uuid4())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wire(car))])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(ed25519.Ed25519PrivateKey.generate(), None)
    with pytest.raises(RefusedRequest, match="P-256"):
        ca.issue_car(car, VIN, request.public_bytes(Encoding.DER))
