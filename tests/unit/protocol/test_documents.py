"""What is signed for a settings document, that it can be read in one way only, and which of two changes counts."""

import json
from contextlib import suppress
from typing import Annotated, Literal
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from openmarque.protocol import documents as d
from openmarque.protocol import signing
from openmarque.protocol.documents import DocumentReason as Why
from openmarque.protocol.envelope import MAX_FRAME_BYTES, Envelope, Lane, Trust, encode, pack
from openmarque.protocol.levels import Level
from tests.cars import COMMAND_KEY, VEHICLE

KEYS = {signing.key_id(COMMAND_KEY.public_key()): COMMAND_KEY.public_key()}
TENURE = UUID(int=7)


class Timer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: Annotated[str, msgspec.Meta(pattern="^[0-2][0-9]:[0-5][0-9]$")]
    days: Annotated[tuple[Literal["mo", "tu"], ...], msgspec.Meta(max_length=7)] = ()


class Timers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    timers: Annotated[tuple[Timer, ...], msgspec.Meta(max_length=20)] = ()
    limit_kmh: Annotated[int, msgspec.Meta(ge=30, le=250)] | None = None
    name: Annotated[str, msgspec.Meta(max_length=40)] = ""


BODY = d.write_body(Timers((Timer("07:30", ("mo",)),), 90, "work"))


def document(**changed: object) -> d.Document:
    made = d.Document(VEHICLE.hex, TENURE.hex, "timers", 1_800_000_000, 1, BODY, d.Maker.OWNER, 1_800_000_000_123)
    return msgspec.structs.replace(made, **changed)


def read(text: bytes, *, max_bytes: int = 8192, is_current: bool = True) -> msgspec.Struct:
    return d.read_body(text, Timers, max_bytes=max_bytes, is_current=is_current)


def reason_of(frame: bytes, vehicle_id: UUID = VEHICLE) -> Why:
    with pytest.raises(d.DocumentRejected) as rejected:
        d.open_document(frame, vehicle_id, KEYS)
    return rejected.value.reason


# Bodies


def test_a_body_is_json_with_its_members_in_the_order_of_their_names():
    plain = {"limit_kmh": 90, "name": "work", "timers": [{"at": "07:30", "days": ["mo"]}]}
    assert json.dumps(plain, separators=(",", ":")).encode() == BODY
    assert read(BODY) == Timers((Timer("07:30", ("mo",)),), 90, "work")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"limit_kmh":90', b'{"limit_kmh":90,"limit_kmh":90'),
        (b'{"limit_kmh":90', b'{"limit_kmh":90.0'),
        (b'{"limit_kmh":90', b'{"limit_kmh":9e1'),
        (b'{"limit_kmh":90', b'{"limit_kmh":NaN'),
        (b'{"limit_kmh":90', b'{"limit_kmh":"90"'),
        (b'{"limit_kmh":90', b'{"limit_kmh":true'),
        (b'{"limit_kmh":90', b'{"limit_kmh":29'),
        (b'{"limit_kmh":90', b'{ "limit_kmh":90'),
        (b'{"limit_kmh":90,', b"{"),
        (b'"name":"work"', b'"name":"work","other":1'),
        (b'"name":"work"', b'"name":"w\\u006frk"'),
        (b'"name":"work"', b'"name":"wo\\u0000rk"'),
        (b'"name":"work"', b'"name":"wo\\u202erk"'),
        (b'"name":"work"', b'"name":"wo\xffrk"'),
        (b'"name":"work"', b'"name":' + b'"x"'.rjust(60, b"x")),
        (b'["mo"]', b'["mo","mo","mo","mo","mo","mo","mo","mo"]'),
        (b'["mo"]', b'["su"]'),
        (b'["mo"]', b"[" * 100_000),
        (b"}]}", b"}]}x"),
        (BODY, b""),
        (BODY, b"null"),
        (BODY, b"[" * 5_000 + b"]" * 5_000),
    ],
)
def test_no_other_spelling_is_a_body(old, new):
    text = BODY.replace(old, new, 1)
    assert text != BODY
    with pytest.raises(d.DocumentRejected) as rejected:
        read(text, max_bytes=10**6)
    assert rejected.value.reason is Why.UNFIT_BODY


def test_a_wrong_member_is_named_by_its_place():
    with pytest.raises(d.DocumentRejected, match=r"timers\[0\]\.at"):
        read(BODY.replace(b"07:30", b"7:30"))


def test_a_body_larger_than_its_kind_allows_is_not_read_at_all():
    with pytest.raises(d.DocumentRejected) as rejected:
        read(b"[" * 100_000)
    assert rejected.value.reason is Why.TOO_LARGE
    assert d.write_body(read(BODY, max_bytes=len(BODY))) == BODY


def test_a_body_of_an_earlier_schema_may_lack_what_has_a_default_today():
    assert read(b'{"limit_kmh":90}', is_current=False) == Timers(limit_kmh=90)
    with pytest.raises(d.DocumentRejected):
        read(b'{"limit_kmh":90}')
    with pytest.raises(d.DocumentRejected):
        read(b'{"limit_kmh": 90}', is_current=False)


@given(st.binary(max_size=200))
def test_whatever_comes_as_a_body_is_a_body_or_rejected(text):
    with suppress(d.DocumentRejected):
        assert d.write_body(read(text)) == text


# Frames


def test_a_car_reads_what_the_platform_signed_for_it():
    assert d.open_document(d.sign_document(COMMAND_KEY, document()), VEHICLE, KEYS) == document()
    numbered = document(kind="limits_2")  # a name that the catalogue takes
    assert d.open_document(d.sign_document(COMMAND_KEY, numbered), VEHICLE, KEYS) == numbered


def test_each_frame_that_is_not_for_this_car_by_this_platform_has_its_reason():
    frame = d.sign_document(COMMAND_KEY, document())
    signed = msgspec.msgpack.decode(frame, type=d.SignedDocument)
    other = msgspec.msgpack.encode(document(version=1_900_000_000))
    assert reason_of(d.sign_document(Ed25519PrivateKey.generate(), document())) is Why.WRONG_KEY
    assert reason_of(encode(msgspec.structs.replace(signed, document=other))) is Why.WRONG_KEY
    assert reason_of(encode(msgspec.structs.replace(signed, signature=bytes(64)))) is Why.WRONG_KEY
    assert reason_of(frame, UUID(int=1)) is Why.OTHER_CAR
    assert reason_of(bytes(d.MAX_DOCUMENT_BYTES + 1)) is Why.TOO_LARGE
    assert reason_of(b"\xc1") is Why.UNREADABLE
    assert reason_of(encode(msgspec.structs.replace(signed, document=b"\xc1"))) is Why.UNREADABLE


def test_a_signature_over_a_document_is_none_over_anything_else():
    frame = msgspec.msgpack.decode(d.sign_document(COMMAND_KEY, document()), type=d.SignedDocument)
    with pytest.raises(signing.BadSignature):
        signing.verify(COMMAND_KEY.public_key(), frame.document, frame.signature)


@pytest.mark.parametrize("changed", [{"version": 0}, {"version": 2**53}, {"kind": "Timers"}, {"schema": 0}, {"tenure_id": "x"}])
def test_the_platform_signs_nothing_that_no_car_would_take(changed):
    with pytest.raises(d.DocumentRejected):
        d.sign_document(COMMAND_KEY, document(**changed))


@given(st.binary(max_size=300))
def test_whatever_comes_as_a_frame_is_rejected_by_reason(frame):
    reason_of(frame)


def test_the_largest_body_fits_into_a_frame_either_way():
    body = bytes(d.MAX_BODY_BYTES)
    assert len(d.sign_document(COMMAND_KEY, document(kind="k" * 32, version=2**53 - 1, body=body))) <= d.MAX_DOCUMENT_BYTES
    report = d.DocumentReport(d.ReportState.CHANGED, 2**53 - 1, "a" * 64, "r" * 40, d.MAX_SCHEMA, body, 2**53 - 1)
    name = d.report_name("k" * 32)
    envelope = Envelope(2**53 - 1, Lane.EVENT, 2**53 - 1, 2**53 - 1, Trust.SYNCED, Level.DATA, name, pack(report))
    assert len(encode(envelope)) <= MAX_FRAME_BYTES


# Which change counts

VERSIONS = st.integers(0, 4)
HASHES = st.sampled_from(("a", "b"))


def test_the_change_that_reaches_the_row_first_counts_and_the_other_loses():
    assert d.weigh(7, "old", 7, "mine") is d.Verdict.COUNTS
    assert d.weigh(8, "mine", 7, "theirs") is d.Verdict.LOST
    assert d.weigh(8, "mine", 7, "mine") is d.Verdict.SAME, "both wanted the same: nobody lost"
    assert d.weigh(8, "mine", 9, "theirs") is d.Verdict.UNKNOWN, "a version that was never given proves nothing"
    assert d.weigh(0, "", 0, "first") is d.Verdict.COUNTS


@given(VERSIONS, HASHES, st.lists(st.tuples(VERSIONS, HASHES), max_size=6), st.integers(0, 6000))
def test_versions_only_grow_and_no_two_changes_made_on_one_version_both_count(newest, newest_hash, changes, ms):
    counted = []
    for made_on, changed_to in changes:
        if d.weigh(newest, newest_hash, made_on, changed_to) is d.Verdict.COUNTS:
            assert made_on not in counted
            counted.append(made_on)
            after = d.next_version(newest, ms)
            assert after > newest
            assert after >= ms
            newest, newest_hash = after, changed_to


def test_a_car_takes_no_version_below_the_one_it_holds_and_no_other_body_under_its_number():
    assert d.compare(7, "a", 8, "b") is d.Offer.NEWER
    assert d.compare(7, "a", 7, "a") is d.Offer.HELD
    assert d.compare(7, "a", 7, "b") is d.Offer.OLDER
    assert d.compare(7, "a", 6, "a") is d.Offer.OLDER


def test_a_version_answers_the_change_that_it_knows_of():
    mine = d.body_hash(b"mine")
    of_car = document(made_by=d.Maker.CAR, body=b"earlier", change=4)
    assert d.answers(document(body=b"mine"), 5, mine) is d.Pending.CONFIRMED
    assert d.answers(of_car, 5, mine) is d.Pending.OPEN, "made of an earlier change of the same car"
    assert d.answers(msgspec.structs.replace(of_car, change=5), 5, mine) is d.Pending.LOST
    assert d.answers(document(body=b"theirs", change=4), 5, mine) is d.Pending.LOST, "somebody else was faster"


def test_what_one_car_changes_in_a_row_is_no_quarrel_with_itself():
    assert d.weigh(9, "second", 7, "third", own_since=7) is d.Verdict.COUNTS
    assert d.weigh(9, "second", 8, "third", own_since=7) is d.Verdict.COUNTS
    assert d.weigh(9, "second", 6, "third", own_since=7) is d.Verdict.LOST
    assert d.weigh(9, "second", 10, "third", own_since=7) is d.Verdict.UNKNOWN


def test_a_report_is_a_message_of_its_declaration_and_level():
    kind = d.report_type("timers", "charging", Level.POSITION)
    assert (kind.name, kind.declaration, kind.leaves_at, kind.lane) == (
        "document_timers",
        "charging",
        Level.POSITION,
        Lane.EVENT,
    )
    assert d.kind_of(kind.name) == "timers"
