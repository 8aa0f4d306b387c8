"""When a car may be locked and unlocked, and when it counts as locked."""

import pytest

from openmarque.catalogue.command_reasons import CommandReason
from openmarque.protocol import signals as vss
from openmarque.services.lock.rules import LOCK, UNLOCK, is_done, is_locked, may_lock, may_unlock

ALL_LOCKED = dict.fromkeys((*vss.DOORS_LOCKED, vss.TRUNK_LOCKED), True)


@pytest.mark.req("RC-5a")
@pytest.mark.parametrize("path", [*vss.DOORS_LOCKED, vss.TRUNK_LOCKED])
def test_one_unlocked_door_makes_the_car_unlocked(path):
    assert is_locked(ALL_LOCKED) is True
    assert is_locked(ALL_LOCKED | {path: False}) is False
    assert not is_done(LOCK, ALL_LOCKED | {path: False})


def test_a_car_whose_locks_say_nothing_is_neither_locked_nor_unlocked():
    assert is_locked({}) is None
    assert not is_done(LOCK, {})
    assert not is_done(UNLOCK, {})


def test_a_car_with_two_doors_is_locked_when_both_are():
    two = dict.fromkeys(vss.DOORS_LOCKED[:2], True)
    assert is_locked(two) is True
    assert is_done(LOCK, two)
    assert is_done(UNLOCK, dict.fromkeys(two, False))


def test_unlocking_is_done_when_no_door_is_locked_any_more():
    unlocked = dict.fromkeys(vss.DOORS_LOCKED, False)
    assert is_done(UNLOCK, unlocked | {vss.TRUNK_LOCKED: True})
    assert not is_done(UNLOCK, unlocked | {vss.DOORS_LOCKED[2]: True})
    assert not is_done(UNLOCK, ALL_LOCKED | {vss.TRUNK_LOCKED: False})


@pytest.mark.parametrize("path", [*vss.DOORS_OPEN, vss.TRUNK_OPEN])
def test_a_car_with_something_open_is_not_locked(path):
    assert may_lock({}) is None
    assert may_lock({path: False}) is None
    assert may_lock({path: True}) is CommandReason.DOOR_OPEN


@pytest.mark.parametrize(
    ("latest", "reason"),
    [
        ({vss.SPEED: 0.0}, None),
        ({vss.SPEED: 0.9}, None),
        ({vss.SPEED: 1}, CommandReason.MOVING),
        ({vss.SPEED: -1.0}, CommandReason.MOVING),
        ({vss.SPEED: 30.0, vss.IGNITION: "OFF"}, CommandReason.MOVING),
        ({vss.IGNITION: "OFF"}, None),
        ({vss.IGNITION: "LOCK"}, None),
        ({vss.IGNITION: "ON"}, CommandReason.STATE_UNKNOWN),
        ({}, CommandReason.STATE_UNKNOWN),
    ],
)
def test_a_car_is_unlocked_only_when_it_is_known_to_stand(latest, reason):
    assert may_unlock(latest) is reason
