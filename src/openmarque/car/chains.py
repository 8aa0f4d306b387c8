"""Certificates as a car looks at them: whose one is, and whether a chain leads to the root that the car was given."""

from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def leaf_of(chain: bytes) -> x509.Certificate:
    """The first certificate of a chain: the car's own."""
    return x509.load_pem_x509_certificates(chain)[0]


def is_cars(chain: Sequence[x509.Certificate], roots: Iterable[x509.Certificate]) -> bool:
    """Whether a chain is for clients and leads to one of `roots`: each certificate issued by the next one, and not beyond its end."""
    try:
        usages = [certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value for certificate in chain]
    except x509.ExtensionNotFound:
        return False
    is_client = all(ExtendedKeyUsageOID.CLIENT_AUTH in usage for usage in usages)
    return is_client and all(map(_issued, chain, chain[1:])) and any(_issued(chain[-1], root) for root in roots)


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
        is_authority = above.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return is_authority and below.not_valid_after_utc <= above.not_valid_after_utc


def names_in(certificate: x509.Certificate) -> tuple[str, str]:
    """The vehicle id (as written) and the VIN that a certificate binds; ``ValueError`` when it is of another form."""
    names = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        others = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise ValueError("it has no alternative names") from None
    holders = others.get_values_for_type(x509.DirectoryName)
    vins = [str(a.value) for holder in holders for a in holder.get_attributes_for_oid(NameOID.SERIAL_NUMBER)]
    if len(names) != 1 or len(vins) != 1:
        raise ValueError("a car's certificate has one common name and one serialNumber")
    return names[0], vins[0]
