"""Subjects are declared, typed and never carry a VIN."""

from uuid import uuid4

import pytest

from openmarque.link.subjects import (
    DOWNLINK,
    LIVE,
    SUBJECTS,
    UPLINK,
    UndeclaredSubject,
    check_publish,
    check_subscribe,
    down_subject,
    live_subject,
    topic,
    vehicle_of,
)


def test_a_subject_is_filled_only_with_what_its_tokens_allow() -> None:
    car = uuid4()
    assert UPLINK.to(vehicle_id=car, lane="status") == f"v.{car.hex}.up.status"
    for wrong in (
        {"vehicle_id": "UU1TEST0000000001", "lane": "status"},
        {"vehicle_id": car, "lane": "other"},
        {"vehicle_id": car, "lane": "a.b"},
    ):
        with pytest.raises(UndeclaredSubject):
            UPLINK.to(**wrong)


def test_the_fast_forms_are_the_declared_ones() -> None:
    one = uuid4()
    assert down_subject(one, "ack") == DOWNLINK.to(vehicle_id=one, down="ack")
    assert live_subject(one) == LIVE.to(tenure_id=one)
    assert vehicle_of(down_subject(one, "ack")) == one
    assert topic(down_subject(one, "ack")) == f"v/{one.hex}/down/ack"


@pytest.mark.parametrize("pattern", ["v.*.up.*", "v.*.up.status", "v.*.up.hello", "v.*.up.csr", "live.*", "security.*"])
def test_declared_patterns_may_be_subscribed(pattern: str) -> None:
    check_subscribe(pattern)


@pytest.mark.parametrize(
    "subject", ["", "v", "v.*.up.status", "live.>", "v.ABC.up.status", "security.A b", "$SYS.REQ", "v.0.up.status\r\nPUB"]
)
def test_undeclared_subjects_are_refused(subject: str) -> None:
    with pytest.raises(UndeclaredSubject):
        check_publish(subject)


def test_every_subject_states_its_purpose() -> None:
    assert all(len(subject.purpose) > 20 for subject in SUBJECTS)
    with pytest.raises(ValueError, match="names no car"):
        vehicle_of(live_subject(uuid4()))
