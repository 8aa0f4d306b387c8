"""The certificate authority: who is a car of ours, and who is our broker.

Theory of operation: the root is offline: its key lies in one encrypted PEM file that only `create` and `rotate_cars` need and that
the operator keeps elsewhere. Below it stand two intermediates, for cars and for servers, each limited by its extended key usage, so
that neither can vouch for the other's kind. A car's certificate (P-256, 90 days) binds the vehicle id (common name) and the VIN
(``serialNumber``, X.520 2.5.4.5, in a directoryName of the subject's alternative names: what stands in the subject itself is printed
by TLS libraries when they refuse a certificate, nats-server's log included). TLS 1.3 encrypts it on the wire. It is renewed from two thirds of its life on, always with a fresh
key. The issuing intermediate's key is on the platform (0600), apart from the command, policy and snapshot keys (`link.pki_keys`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, cast
from uuid import UUID

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from openmarque.engines.process import ensure_dir, write_private
from openmarque.kit.clock import Clock
from openmarque.kit.errors import CallerError, OpenMarqueError
from openmarque.kit.ids import VehicleId, parse_wire, wire
from openmarque.kit.vin import normalise_vin
from openmarque.protocol.signing import key_id

CAR_LIFE: Final = timedelta(days=90)
SERVER_LIFE: Final = timedelta(days=397)
"""Longest life of a server certificate that the CA/Browser Forum still allowed in 2026's baseline for private use; ours follows it."""
INTERMEDIATE_LIFE: Final = timedelta(days=365 * 5)
ROOT_LIFE: Final = timedelta(days=365 * 30)
"""Longer than a car lives: the root is what a car trusts from the line on."""
_BACKDATE: Final = timedelta(minutes=5)
"""A certificate is valid a little before it was made, for cars whose clock is behind."""


class RefusedRequest(CallerError):
    """This certificate request can't be granted."""

    code = "certificate-request-refused"
    cure = "Make a new request with a fresh P-256 key and the car's own vehicle id."
    http_status = 422


class MissingAuthority(OpenMarqueError):
    """The certificate authority of this home is incomplete."""

    code = "authority-missing"
    cure = "Run `openmarque migrate` (it makes one), or restore {path} from your safe."


@dataclass(frozen=True)
class CarCertificate:
    """One certificate issued to a car."""

    vehicle_id: VehicleId
    serial: str
    """X.509 serial number in lower-case hex; what the revocation list names."""
    key_id: str
    not_before: datetime
    not_after: datetime
    chain_pem: bytes
    """The certificate and its intermediate, as the car sends them."""

    @property
    def renew_from(self) -> datetime:
        """From then on the car should ask for the next one (two thirds of its life)."""
        return renewal_due(self.not_before, self.not_after)


def renewal_due(not_before: datetime, not_after: datetime) -> datetime:
    """Two thirds of the way through a validity: a month is left for a car that is rarely driven."""
    return not_before + (not_after - not_before) * 2 / 3


def serial_hex(certificate: x509.Certificate) -> str:
    """The serial number as the revocation list writes it."""
    return f"{certificate.serial_number:x}"


class CertificateAuthority:
    """Issues certificates from the two intermediates below a directory; make the directory's contents with `create`."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        """Use the authority in `directory`. Raises ``MissingAuthority`` if `create` has not run there."""
        self._dir = directory
        self._clock = clock
        if not (directory / "cars.key.pem").is_file():
            raise MissingAuthority(f"There is none in {directory}.", path=directory)
        self._cars = _Issuer.read(directory, "cars")
        self._servers = _Issuer.read(directory, "servers")

    @classmethod
    def create(cls, directory: Path, clock: Clock, *, name: str, passphrase: str) -> "CertificateAuthority":
        """Make root and intermediates called after the brand's `name`; what exists is kept, so it may be called at each start."""
        ensure_dir(directory, 0o700)
        if not (directory / "cars.key.pem").exists():
            root_key = ec.generate_private_key(ec.SECP256R1())
            root_name = _name(f"{name} Root CA")
            root = _authority(root_name, root_key, root_name, root_key, clock.now(), ROOT_LIFE, path_length=1, usage=None)
            write_private(directory / "root.key.pem", _key_text(root_key, passphrase))
            _write_public(directory / "root.pem", [root])
            _new_intermediate(directory, "servers", name, root, root_key, clock.now())
            _new_intermediate(directory, "cars", name, root, root_key, clock.now())
        return cls(directory, clock)

    def rotate_cars(self, *, name: str, passphrase: str) -> None:
        """Issue from a new intermediate for cars; certificates of the old ones stay good until they end. Needs the root's file.

        The broker must read `car_anchors_file` again afterwards (``NatsServer.reload``). Raises ``MissingAuthority`` when the
        root's file is away, ``ValueError`` on a wrong passphrase.
        """
        path = self._dir / "root.key.pem"
        if not path.exists():
            raise MissingAuthority("The root's key is not here.", path=path)
        root_key = cast("ec.EllipticCurvePrivateKey", load_pem_private_key(path.read_bytes(), passphrase.encode()))
        _new_intermediate(self._dir, "cars", name, self.root, root_key, self._clock.now())
        self._cars = _Issuer.read(self._dir, "cars")

    @property
    def root(self) -> x509.Certificate:
        """The root certificate, which cars trust."""
        return x509.load_pem_x509_certificate((self._dir / "root.pem").read_bytes())

    @property
    def root_file(self) -> Path:
        """The root certificate as PEM."""
        return self._dir / "root.pem"

    @property
    def car_anchors_file(self) -> Path:
        """Every intermediate for cars, newest first, PEM: the only certificates below which broker and gate take a client."""
        return self._dir / "cars.anchors.pem"

    def issue_car(self, vehicle_id: VehicleId, vin: str, request_bytes: bytes, *, life: timedelta = CAR_LIFE) -> CarCertificate:
        """A certificate for the key in `request_bytes` (PKCS #10, DER or PEM); the caller has decided that this car may have one.

        Raises ``RefusedRequest`` for a request that is unreadable, not signed by its own key, of another kind of key, or of another car.
        """
        key = _requested_key(request_bytes, vehicle_id)
        now = self._clock.now()
        holder = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, normalise_vin(vin))]))
        builder = _leaf(_name(wire(vehicle_id)), key, now - _BACKDATE, now + life, ExtendedKeyUsageOID.CLIENT_AUTH)
        builder = builder.add_extension(x509.SubjectAlternativeName([holder]), critical=False)
        certificate = self._cars.sign(builder)
        chain = certificate.public_bytes(Encoding.PEM) + self._cars.certificate.public_bytes(Encoding.PEM)
        return CarCertificate(vehicle_id, serial_hex(certificate), key_id(key), now - _BACKDATE, now + life, chain)

    def renew_car(
        self, vehicle_id: VehicleId, vin: str, request_bytes: bytes, *, used_key_ids: Collection[str]
    ) -> CarCertificate:
        """The next certificate of a car that holds a good one. `used_key_ids` are the keys it ever had: a known one is refused."""
        if key_id(_requested_key(request_bytes, vehicle_id)) in used_key_ids:
            raise RefusedRequest("Its key was used before; a renewal needs a fresh one.")
        return self.issue_car(vehicle_id, vin, request_bytes)

    def server_files(self, names: Sequence[str]) -> tuple[Path, Path]:
        """(chain, key) of the broker's certificate for `names` (DNS names or addresses); made anew when due or for other names."""
        chain_file, key_file = self._dir / "server.pem", self._dir / "server.key.pem"
        if chain_file.exists() and key_file.exists():
            current = x509.load_pem_x509_certificate(chain_file.read_bytes())
            due = renewal_due(current.not_valid_before_utc, current.not_valid_after_utc)
            if self._clock.now() < due and _names_of(current) == sorted(names):
                return chain_file, key_file
        key, now = ec.generate_private_key(ec.SECP256R1()), self._clock.now()
        builder = _leaf(_name(names[0]), key.public_key(), now - _BACKDATE, now + SERVER_LIFE, ExtendedKeyUsageOID.SERVER_AUTH)
        certificate = self._servers.sign(builder.add_extension(x509.SubjectAlternativeName(_general(names)), critical=False))
        write_private(key_file, _key_text(key, None))
        _write_public(chain_file, [certificate, self._servers.certificate])
        return chain_file, key_file


def identity_of(certificate: x509.Certificate) -> tuple[VehicleId, str]:
    """(vehicle id, VIN) that a car's certificate binds; ``ValueError`` if it isn't of a car's form."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise ValueError("a car's certificate has alternative names") from None
    vins = [
        a
        for name in alternative.get_values_for_type(x509.DirectoryName)
        for a in name.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    ]
    if len(names) != 1 or len(vins) != 1:
        raise ValueError("a car's certificate has one common name and one serialNumber")
    return VehicleId(parse_wire(str(names[0].value))), str(vins[0].value)


@dataclass(frozen=True)
class _Issuer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def read(cls, directory: Path, kind: str) -> "_Issuer":
        key = cast("ec.EllipticCurvePrivateKey", load_pem_private_key((directory / f"{kind}.key.pem").read_bytes(), None))
        # The file of anchors has the newest first, the one that the key belongs to.
        return cls(x509.load_pem_x509_certificates((directory / f"{kind}.anchors.pem").read_bytes())[0], key)

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        builder = builder.issuer_name(self.certificate.subject)
        builder = builder.add_extension(_issued_by(self.key.public_key()), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def _requested_key(request_bytes: bytes, vehicle_id: UUID) -> ec.EllipticCurvePublicKey:
    try:
        pem = request_bytes.startswith(b"-----")
        request = x509.load_pem_x509_csr(request_bytes) if pem else x509.load_der_x509_csr(request_bytes)
        key, names = request.public_key(), request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        proven = request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature):
        raise RefusedRequest("It can't be read.") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RefusedRequest("Its key is not a P-256 key.")
    if not proven:
        raise RefusedRequest("It is not signed by its own key.")
    if [str(n.value) for n in names] != [wire(vehicle_id)]:
        raise RefusedRequest("It names another car.")
    return key


def _new_intermediate(
    directory: Path, kind: str, name: str, root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, now: datetime
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = ExtendedKeyUsageOID.CLIENT_AUTH if kind == "cars" else ExtendedKeyUsageOID.SERVER_AUTH
    subject = _name(f"{name} {kind.capitalize()} CA {key_id(key.public_key())[:8]}")
    made = _authority(subject, key, root.subject, root_key, now, INTERMEDIATE_LIFE, path_length=0, usage=usage)
    anchors = directory / f"{kind}.anchors.pem"
    older = x509.load_pem_x509_certificates(anchors.read_bytes()) if anchors.exists() else []
    # Anchors before key: a crash in between leaves an anchor nobody uses, and never a key that nobody trusts.
    _write_public(anchors, [made, *(c for c in older if c.not_valid_after_utc > now)])
    write_private(directory / f"{kind}.key.pem", _key_text(key, None))


def _authority(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    life: timedelta,
    *,
    path_length: int,
    usage: x509.ObjectIdentifier | None,
) -> x509.Certificate:
    builder = _certificate(subject, key.public_key(), now - _BACKDATE, now + life).issuer_name(issuer)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(_key_usage(ca=True), critical=True)
    builder = builder.add_extension(_issued_by(issuer_key.public_key()), critical=False)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _leaf(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime, usage: x509.ObjectIdentifier
) -> x509.CertificateBuilder:
    builder = _certificate(subject, key, start, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(ca=False), critical=True)
    return builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)


def _certificate(subject: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(end)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    rest = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    flags = {"digital_signature": not ca, "key_cert_sign": ca, "crl_sign": ca, "encipher_only": False, "decipher_only": False}
    return x509.KeyUsage(**rest, **flags)


def _issued_by(key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general(names: Sequence[str]) -> list[x509.GeneralName]:
    result: list[x509.GeneralName] = []
    for name in names:
        try:
            result.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            result.append(x509.DNSName(name))
    return result


def _names_of(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted([*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))])


def _key_text(key: ec.EllipticCurvePrivateKey, passphrase: str | None) -> str:
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode("ascii")


def _write_public(path: Path, certificates: Sequence[x509.Certificate]) -> None:
    write_private(path, "".join(c.public_bytes(Encoding.PEM).decode("ascii") for c in certificates))
