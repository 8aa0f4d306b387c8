"""Each purpose has its own keys; several verify while one signs."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag

from openmarque.kit.clock import ManualClock
from openmarque.link.pki_keys import KeyRing, LastKey, Purpose, UnknownKey
from openmarque.protocol.signing import key_id, sign, verify


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path, ManualClock(datetime(2026, 11, 22, tzinfo=UTC)))


def test_no_two_purposes_share_a_key(ring: KeyRing) -> None:
    ids = [ring.signing(p)[0] if p.signs else ring.secret(p)[0] for p in Purpose]
    assert len(set(ids)) == len(Purpose)
    assert ring.secret(Purpose.VIN_ENCRYPTION)[1] != ring.secret(Purpose.VIN_LOOKUP)[1]
    assert len(ring.secret(Purpose.VIN_LOOKUP)[1]) == 32


def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies(ring: KeyRing) -> None:
    old_id, old = ring.signing(Purpose.POLICY)
    signature = sign(old, b"statement")
    new_id = ring.rotate(Purpose.POLICY)
    assert ring.signing(Purpose.POLICY)[0] == new_id != old_id
    verify(ring.verifying(Purpose.POLICY)[old_id], b"statement", signature)
    assert key_id(ring.verifying(Purpose.POLICY)[new_id]) == new_id
    ring.retire(Purpose.POLICY, old_id)
    assert list(ring.verifying(Purpose.POLICY)) == [new_id]


def test_the_key_in_use_and_an_unknown_one_are_not_retired(ring: KeyRing) -> None:
    with pytest.raises(LastKey):
        ring.retire(Purpose.COMMAND, ring.signing(Purpose.COMMAND)[0])
    with pytest.raises(UnknownKey):
        ring.retire(Purpose.COMMAND, "0" * 32)
    with pytest.raises(UnknownKey):
        ring.secret(Purpose.VIN_LOOKUP, "0" * 32)


def test_what_another_process_rotated_is_seen_and_old_secrets_still_decrypt(ring: KeyRing, tmp_path: Path) -> None:
    name, secret = ring.secret(Purpose.VIN_ENCRYPTION)
    other = KeyRing(tmp_path, ManualClock(datetime(2026, 11, 23, tzinfo=UTC)))
    new_name = other.rotate(Purpose.VIN_ENCRYPTION)
    assert ring.secret(Purpose.VIN_ENCRYPTION)[0] == new_name
    assert ring.secret(Purpose.VIN_ENCRYPTION, name) == (name, secret)
    assert list(ring.secrets(Purpose.VIN_ENCRYPTION)) == [new_name, name]


def test_the_files_are_readable_by_this_user_only(ring: KeyRing, tmp_path: Path) -> None:
    for purpose in Purpose:
        ring.secrets(purpose)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_what_is_sealed_for_one_row_opens_for_that_row_alone_also_after_a_rotation(ring: KeyRing) -> None:
    row, other = UUID(int=1), UUID(int=2)
    sealed, key_id_ = ring.seal(Purpose.MAIL, b"a letter", row)
    assert b"a letter" not in sealed
    assert ring.seal(Purpose.MAIL, b"a letter", row)[0] != sealed, "each has a nonce of its own"
    assert ring.rotate(Purpose.MAIL) != key_id_
    assert ring.unseal(Purpose.MAIL, sealed, key_id_, row) == b"a letter"
    for swapped in ((Purpose.MAIL, sealed, key_id_, other), (Purpose.MAIL, sealed[:-1] + b"x", key_id_, row)):
        with pytest.raises(InvalidTag):
            ring.unseal(*swapped)
    with pytest.raises(UnknownKey):
        ring.unseal(Purpose.VIN_ENCRYPTION, sealed, key_id_, row)
