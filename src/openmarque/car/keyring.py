"""The car's keys in its bundle's folder: the certificate in use, and the next one while a renewal is under way. No cloud in here."""

import secrets
from pathlib import Path

from cryptography import x509

from openmarque.car.bundle_files import CHAIN, KEY, NEXT_CHAIN, NEXT_KEY, finish_renewal, read_private, write_whole
from openmarque.car.chains import is_cars, leaf_of, names_in
from openmarque.car.identity import Bundle
from openmarque.car.model import CertificateMismatch, Validity
from openmarque.kit.clock import to_ms
from openmarque.kit.csr import certificate_request, key_pem, new_car_key
from openmarque.kit.ids import wire
from openmarque.protocol import signing


class FileKeyring:
    """The ``Keyring`` of a bundle's folder. `use_next` decides which certificate the next connection is made with."""

    def __init__(self, bundle: Bundle) -> None:
        """Begin with the new certificate when there is one that was never tried, else with the one in use."""
        self._bundle = bundle
        self._in_use = KEY, CHAIN
        self._load()
        self.use_next()

    @property
    def key_path(self) -> Path:
        """The private key of the next connection."""
        return self._bundle.folder / self._in_use[0]

    @property
    def chain_path(self) -> Path:
        """The certificate chain of the next connection."""
        return self._bundle.folder / self._in_use[1]

    @property
    def key_id(self) -> str:
        """See ``Keyring``."""
        return signing.key_id(self._private.public_key())

    @property
    def validity(self) -> Validity:
        """See ``Keyring``."""
        return self._validity

    def sign(self, statement: bytes) -> bytes:
        """See ``Keyring``."""
        return signing.sign(self._private, statement)

    def use_next(self) -> bool:
        """Use the new certificate for the next connection, if there is one."""
        is_there = (self._bundle.folder / NEXT_CHAIN).is_file() and (self._bundle.folder / NEXT_KEY).is_file()
        if is_there:
            self._in_use = NEXT_KEY, NEXT_CHAIN
            self._load()
        return is_there

    def fall_back(self) -> None:
        """Use the old certificate again: the new one found no welcome."""
        self._in_use = KEY, CHAIN
        self._load()

    def request(self) -> bytes:
        """See ``Keyring``."""
        folder = self._bundle.folder
        (folder / NEXT_CHAIN).unlink(missing_ok=True)  # a chain never lies beside a key that is not its own
        fresh = new_car_key()
        write_whole(folder / NEXT_KEY, key_pem(fresh))
        return certificate_request(fresh, self._bundle.vehicle_id)

    def install(self, chain: bytes) -> None:
        """See ``Keyring``."""
        path = self._bundle.folder / NEXT_KEY
        try:
            certificates = x509.load_pem_x509_certificates(chain)
            fits = path.is_file() and read_private(path).public_key() == certificates[0].public_key()
            names = names_in(certificates[0])
            is_ours = is_cars(certificates, x509.load_pem_x509_certificates(self._bundle.broker_ca.read_bytes()))
        except (ValueError, OSError) as error:
            raise CertificateMismatch from error
        # The answer comes by the broker: whoever holds that must not leave the car with a certificate that no gate takes.
        if not fits or not is_ours or names != (wire(self._bundle.vehicle_id), self._bundle.vin):
            raise CertificateMismatch
        write_whole(self._bundle.folder / NEXT_CHAIN, chain)

    def random_bytes(self, size: int) -> bytes:
        """See ``Keyring``."""
        return secrets.token_bytes(size)

    def confirm(self) -> None:
        """See ``Keyring``."""
        if self._in_use[0] != NEXT_KEY:
            return
        write_whole(self._bundle.folder / KEY, self.key_path.read_bytes())
        finish_renewal(self._bundle.folder)
        self._in_use = KEY, CHAIN

    def _load(self) -> None:
        self._private = read_private(self.key_path)
        certificate = leaf_of(self.chain_path.read_bytes())
        self._validity = Validity(to_ms(certificate.not_valid_before_utc), to_ms(certificate.not_valid_after_utc))
