"""What the car does towards a certificate: make a key and ask.

The car never tells its VIN here: the platform knows which VIN the vehicle id has, and writes it into the certificate itself.
"""

from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from openmarque.kit.ids import wire


def new_car_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key (the curve that telematics units' secure elements have)."""
    return ec.generate_private_key(ec.SECP256R1())


def certificate_request(key: ec.EllipticCurvePrivateKey, vehicle_id: UUID) -> bytes:
    """A PKCS #10 request, DER, with the vehicle id as common name, signed by `key` as proof of possession."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wire(vehicle_id))])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The private key as PKCS #8 PEM, not encrypted: the caller keeps it in a 0600 file or a secure element."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
