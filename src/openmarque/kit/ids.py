"""Opaque identifiers. All are random UUIDs (version 4), so that none tells anything about a person, a car or a count."""

from typing import NewType
from uuid import UUID, uuid4

VehicleId = NewType("VehicleId", UUID)
"""Names a car everywhere outside its one encrypted VIN column: topics, URLs, MQTT client id."""
TenureId = NewType("TenureId", UUID)
"""One owner's time with one car (vehicle × owner × period); the key of every personal row."""
AccountId = NewType("AccountId", UUID)
ContractId = NewType("ContractId", UUID)


def new_uuid() -> UUID:
    """A fresh random identifier from the operating system's generator."""
    return uuid4()


def wire(identifier: UUID) -> str:
    """The 32 lower-case hex digits used in topics, client ids and certificates (no dashes: one token, one form)."""
    return identifier.hex


def parse_wire(text: str) -> UUID:
    """The identifier written by `wire`; any other form raises ``ValueError`` (an id has exactly one spelling)."""
    identifier = UUID(hex=text)
    if identifier.hex != text:
        raise ValueError("an identifier is written as 32 lower-case hex digits")
    return identifier
