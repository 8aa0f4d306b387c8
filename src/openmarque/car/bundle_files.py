"""The files of a bundle's folder: their names, and how they are read and replaced. See ``openmarque.car.identity``."""

import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

CAR_JSON: Final = "car.json"
KEY: Final = "car-key.pem"
CHAIN: Final = "car-chain.pem"
BROKER_CA: Final = "broker-ca.pem"
NEXT_KEY: Final = "next-key.pem"
NEXT_CHAIN: Final = "next-chain.pem"
STORE: Final = "car.sqlite3"
"""The car's memory, made by the agent at its first start."""


def finish_renewal(folder: Path) -> None:
    """Put the new certificate in place once its key is: the rest of a change that a power failure may have cut."""
    key, chain = folder / NEXT_KEY, folder / NEXT_CHAIN
    if key.is_file() and key.read_bytes() == (folder / KEY).read_bytes():
        if chain.is_file():
            write_whole(folder / CHAIN, chain.read_bytes())
            chain.unlink()
        key.unlink()


def read_private(path: Path) -> ec.EllipticCurvePrivateKey:
    """The private key in a file. Raises ``ValueError`` for one that is none on P-256."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path.name} is no P-256 key")
    return key


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file in one move, on the disk when this returns."""
    beside = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
