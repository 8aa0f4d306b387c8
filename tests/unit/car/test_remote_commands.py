"""Remote commands in the car: run once, in time, by who has to give them, and told as the sensors show it."""

from dataclasses import replace

import msgspec
import pytest

from openmarque.brands.pack import CommandTerms, load_pack
from openmarque.car.sparing import ANSWERS_COUNTED_MS, MOST_ANSWERS
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.protocol import commands as o
from openmarque.protocol import signals as vss
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from tests.cars import CATALOGUE, NEXT_OWNER, START_MS, VEHICLE, Car, Platform, policy
from tests.phones import LOCKED, PARKED, UNLOCKED, Owned, Phone, sealed


@pytest.fixture
def owned() -> Owned:
    return Owned()


BEGUN = [("reached", ""), ("executing", "")]


@pytest.mark.req("RC-6f")
def test_a_car_that_its_owner_unlocks_is_unlocked_and_says_so_when_its_locks_show_it(owned):
    assert owned.gives(owned.remote_commands("unlock")) == BEGUN
    assert owned.done == ["unlock"]
    owned.waits(2)
    assert owned.reports == BEGUN, "what was hoped for is not told"
    owned.senses(UNLOCKED)
    assert owned.reports == [*BEGUN, ("done", "")]


def test_locking_needs_no_code(owned):
    owned.senses(UNLOCKED)
    payload = owned.phone.writes("lock", owned.challenge())
    assert owned.gives(sealed(payload, owned.phone.signs(payload), code_fresh=False)) == BEGUN
    owned.senses(LOCKED)
    assert owned.reports[-1] == ("done", "")


@pytest.mark.req("AUT-10a")
def test_a_brand_that_asks_for_the_code_before_locking_is_obeyed_by_the_car():
    brand = msgspec.structs.replace(load_pack(), commands={"lock": CommandTerms(code=True)})
    careful = policy(catalogue=Catalogue(installed_services(), pack=brand))
    owned = Owned(platform=Platform(policy=careful))
    owned.senses(UNLOCKED)
    payload = owned.phone.writes("lock", owned.challenge())
    assert owned.gives(sealed(payload, owned.phone.signs(payload), code_fresh=False)) == [("refused", "code_not_fresh")]
    payload = owned.phone.writes("lock", owned.challenge())
    assert owned.gives(sealed(payload, owned.phone.signs(payload), code_fresh=True))[-2:] == BEGUN


@pytest.mark.req("RC-1a", "RC-1b")
@pytest.mark.parametrize("on_the_way_s", [0, 3, 5])
@pytest.mark.parametrize("command", ["lock", "unlock"])
def test_what_is_not_done_eight_seconds_after_the_owners_request_has_failed(owned, command, on_the_way_s):
    owned.senses(UNLOCKED if command == "lock" else LOCKED)
    frame = owned.remote_commands(command)
    owned.waits(on_the_way_s)
    owned.gives(frame)
    owned.waits(8 - on_the_way_s - 0.1)
    assert owned.reports == BEGUN
    owned.waits(0.1)
    assert owned.reports[-1] == ("failed", "no_effect")
    owned.senses(LOCKED if command == "lock" else UNLOCKED)
    assert len(owned.reports) == 3, "what comes later changes nothing"


def test_a_command_that_could_not_begin_in_time_does_nothing(owned):
    frame = owned.remote_commands("unlock")
    owned.waits(5.1)
    assert owned.gives(frame) == [("refused", "late")]
    assert owned.done == []


def test_a_phone_wins_no_time_by_naming_a_later_request(owned):
    owned.gives(owned.remote_commands("unlock", valid_ms=o.CHALLENGE_LIVES_MS))
    owned.waits(8)
    assert owned.reports[-1] == ("failed", "no_effect")


def test_a_minute_spent_on_the_code_is_not_counted_as_the_commands_time(owned):
    frame = owned.remote_commands("unlock", valid_ms=65_000)
    owned.waits(63)
    owned.gives(frame)
    owned.waits(4.9)
    assert owned.reports == BEGUN
    owned.waits(0.1)
    assert owned.reports[-1] == ("failed", "no_effect")


def test_the_time_of_a_command_passes_by_the_steady_clock_whatever_the_other_one_does(owned):
    owned.gives(owned.remote_commands("unlock"))
    owned.car.ms -= 3_600_000
    assert owned.car.core.wake_in_ms(owned.car.now) <= 8_000
    owned.waits(8)
    assert owned.reports[-1] == ("failed", "no_effect")


@pytest.mark.req("RC-6d")
def test_the_same_command_again_repeats_its_last_report_and_runs_nothing(owned):
    frame = owned.remote_commands("unlock")
    owned.gives(frame)
    assert owned.gives(frame) == [("executing", "")]
    owned.senses(UNLOCKED)
    owned.waits(200)
    assert owned.gives(frame) == [("done", "")], "also when it is long late"
    assert owned.done == ["unlock"]


@pytest.mark.req("RC-6d")
def test_a_server_that_repeats_commands_again_and_again_fills_no_outbox(owned):
    frames = [owned.remote_commands("unlock", key_id="ab" * 16), owned.remote_commands("lock")]
    for frame in frames:
        owned.gives(frame)
    said = len(owned.reports)
    for number in range(500):
        owned.gives(frames[number % 2])
    assert len(owned.reports) == said + MOST_ANSWERS
    owned.waits(ANSWERS_COUNTED_MS / 1000)
    assert owned.gives(frames[0]) == [("refused", "unknown_phone")]


def test_commands_that_run_are_remembered_however_many_there_are(owned, monkeypatch):
    monkeypatch.setattr("openmarque.car.command_runs.JOURNAL_KEPT", 0)
    assert owned.gives(owned.remote_commands("unlock")) == [("reached", ""), ("executing", "")]
    owned.senses(UNLOCKED)
    assert owned.reports[-1] == ("done", "")


@pytest.mark.req("RC-6b", "RC-6d")
def test_a_refused_command_stays_refused_when_it_comes_again(owned):
    owned.senses({vss.SPEED: 50.0})
    frame = owned.remote_commands("unlock")
    assert owned.gives(frame) == [("refused", "moving")]
    owned.senses({vss.SPEED: 0.0})
    assert owned.gives(frame) == [("refused", "moving")]
    assert owned.done == []


@pytest.mark.req("RC-6d")
def test_a_restart_ends_what_ran_and_never_runs_it_again(owned):
    frame = owned.remote_commands("unlock")
    owned.gives(frame)
    owned.car.power_up()
    owned.talks(owned.car.connect())
    assert owned.reports == [*BEGUN, ("failed", "interrupted")]
    assert owned.gives(frame) == [("failed", "interrupted")]
    assert owned.done == ["unlock"]


@pytest.mark.req("RC-6d")
def test_counter_and_journal_are_stored_before_anything_is_done(owned):
    class Dead(Exception):
        """The power failed."""

    def die(point: str) -> None:
        if point == "before_commit":
            raise Dead

    frame = owned.remote_commands("unlock")
    owned.car.store.fault = die
    with pytest.raises(Dead):
        owned.car.hears("command", frame)
    assert owned.done == []
    owned.car.store.fault = lambda point: None
    owned.car.power_up()
    owned.talks(owned.car.connect())
    assert owned.gives(frame) == [("refused", "challenge_unknown")]
    assert owned.done == []


def test_a_restart_voids_every_challenge(owned):
    frame = owned.remote_commands("unlock")
    owned.car.power_up()
    owned.talks(owned.car.connect())
    owned.senses(PARKED)
    assert owned.gives(frame) == [("refused", "challenge_unknown")]


@pytest.mark.req("RC-6c")
@pytest.mark.parametrize("step_s", [-86_400, 0, 86_400])
def test_a_remote_command_is_in_time_by_the_steady_clock_alone(owned, step_s):
    in_time, late = owned.remote_commands("lock", valid_ms=15_000), owned.remote_commands("unlock", valid_ms=15_000)
    owned.car.ms += step_s * 1000
    owned.waits(15)
    assert owned.gives(in_time) == [*BEGUN, ("done", "")]
    owned.waits(0.001)
    assert owned.gives(late) == [("refused", "late")]
    assert owned.done == ["lock"]


def test_a_steady_clock_that_goes_back_makes_the_car_refuse(owned):
    frame, ticket = owned.remote_commands("unlock"), owned.shows_ticket()
    owned.car.steady_ms -= 1
    assert owned.gives(frame) == [("refused", "clock_in_doubt")]
    owned.hears("key", Phone().offers(ticket))
    assert owned.phone_reports[-1][1] == "no_ticket"
    assert owned.gives(owned.remote_commands("unlock")) == BEGUN


def test_the_car_remembers_its_newest_eight_challenges(owned):
    challenges = [owned.challenge() for _ in range(9)]
    assert len(set(challenges)) == 9
    assert owned.gives(owned.remote_commands("lock", challenges[0])) == [("refused", "challenge_unknown")]
    assert owned.gives(owned.remote_commands("lock", challenges[1]))[:2] == BEGUN


@pytest.mark.req("RC-6c")
def test_no_command_lives_longer_than_its_challenge(owned):
    frame = owned.remote_commands("unlock", valid_ms=o.CHALLENGE_LIVES_MS)
    owned.waits(300)
    other = owned.remote_commands("lock")
    owned.waits(0.001)
    assert owned.gives(frame) == [("refused", "late")]
    assert owned.gives(other)[:2] == BEGUN


def test_commands_of_a_phone_run_in_the_order_in_which_it_gave_them(owned):
    first, second = owned.remote_commands("unlock"), owned.remote_commands("lock")
    owned.gives(second)
    assert owned.gives(first) == [("refused", "old_counter")]
    assert owned.done == ["lock"]


@pytest.mark.req("RC-6b")
@pytest.mark.parametrize(
    ("bent", "reason"),
    [
        ({"command": "open_roof"}, "unknown_command"),
        ({"key_id": "ab" * 16}, "unknown_phone"),
        ({"key_id": ""}, "not_authorised"),
        ({"command": "refresh"}, "not_authorised"),
        ({"challenge": o.b64url(bytes(16))}, "challenge_unknown"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused_with_its_reason(owned, bent, reason):
    assert owned.gives(owned.remote_commands("unlock", **bent)) == [("refused", reason)]
    assert owned.done == []


@pytest.mark.req("RC-7b", "RC-7c")
def test_nobody_unlocks_without_the_phones_own_signature_and_a_fresh_code(owned):
    for signature in (b"", bytes(64), b"\xff" * 64, bytes(63), Phone().signs(b"x")):
        payload = owned.phone.writes("unlock", owned.challenge())
        assert owned.gives(sealed(payload, signature)) == [("refused", "bad_signature")]
    payload = owned.phone.writes("unlock", owned.challenge())
    assert owned.gives(sealed(payload, owned.phone.signs(payload), code_fresh=False)) == [("refused", "code_not_fresh")]
    assert owned.done == []


def test_what_the_platform_did_not_sign_for_this_car_is_not_even_answered(owned):
    payload = owned.phone.writes("unlock", owned.challenge())
    signature = owned.phone.signs(payload)
    genuine = msgspec.msgpack.decode(sealed(payload, signature), type=o.SignedCommand)
    foreign = msgspec.structs.replace(genuine, platform_signature=bytes(64))
    unknown = msgspec.structs.replace(genuine, platform_key_id="ab" * 16)
    vouched = msgspec.msgpack.decode(sealed(payload, signature, code_fresh=False), type=o.SignedCommand)
    for frame in (foreign, unknown, msgspec.structs.replace(vouched, code_fresh=True)):
        assert owned.gives(msgspec.msgpack.encode(frame)) == []
    assert owned.gives(sealed(payload, signature, vehicle=NEXT_OWNER)) == []
    other_car = owned.phone.writes("unlock", owned.challenge(), vehicle_id=NEXT_OWNER.hex)
    assert owned.gives(sealed(other_car, owned.phone.signs(other_car))) == []
    assert owned.gives(sealed(payload + b" ", owned.phone.signs(payload + b" "))) == []
    assert owned.done == []
    assert sum(n for kind, n in owned.car.core.counts("ignored").items() if kind.startswith("command:")) == 6


@pytest.mark.req("PRV-10a", "RC-6e")
def test_private_mode_remote_access_off_and_closed_rules_refuse_every_command(owned):
    before = owned.remote_commands("unlock")
    owned.talks(owned.car.switch("remote_access", on=False))
    assert owned.gives(before) == [("refused", "remote_access_off")]
    owned.talks(owned.car.switch("remote_access", on=True))
    owned.talks(owned.car.switch("lock", on=False))
    assert owned.gives(owned.remote_commands("unlock")) == [("refused", "switched_off_in_car")]
    owned.talks(owned.car.switch("lock", on=True))
    owned.hears("policy", policy(2, off=["lock"]))
    assert owned.gives(owned.remote_commands("unlock")) == [("refused", "switched_off")]
    owned.hears("policy", policy(3))
    in_private = owned.remote_commands("unlock")
    owned.talks(owned.car.set_level(Level.PRIVATE))
    assert owned.gives(in_private) == [], "in private mode not even a refusal leaves"
    assert owned.hears("challenge", msgspec.msgpack.encode(o.ChallengeRequest(99))) == []
    owned.talks(owned.car.set_level(Level.DATA))
    assert owned.gives(in_private) == [("refused", "level_too_low")]
    assert owned.done == []


@pytest.mark.req("PRV-5a")
def test_a_report_that_waits_when_private_mode_comes_is_deleted(owned):
    owned.gives(owned.remote_commands("unlock"))
    owned.car.senses(UNLOCKED)
    owned.car.disconnect()
    owned.car.set_level(Level.PRIVATE)
    owned.talks(owned.car.connect())
    assert owned.reports == BEGUN


def test_before_the_platforms_welcome_no_command_is_taken_and_no_challenge_given(owned):
    frame = owned.remote_commands("unlock")
    owned.car.disconnect()
    owned.car.connect()
    assert owned.car.hears("command", frame) == []
    assert owned.car.hears("challenge", msgspec.msgpack.encode(o.ChallengeRequest(99))) == []
    assert owned.done == []


def test_a_newer_command_takes_the_place_of_the_one_that_runs(owned):
    owned.gives(owned.remote_commands("unlock"))
    assert owned.gives(owned.remote_commands("lock")) == [("failed", "superseded"), *BEGUN, ("done", "")]
    assert owned.done == ["unlock", "lock"]


@pytest.mark.req("RC-6b")
@pytest.mark.parametrize(
    ("sensed", "command", "reason"),
    [
        ({vss.SPEED: 3.0}, "unlock", "moving"),
        ({vss.SPEED: -3.0}, "unlock", "moving"),
        ({vss.DOORS_OPEN[3]: True}, "lock", "door_open"),
        ({vss.TRUNK_OPEN: True}, "lock", "door_open"),
    ],
)
def test_the_car_does_not_do_what_is_not_safe_now(owned, sensed, command, reason):
    owned.senses(sensed)
    assert owned.gives(owned.remote_commands(command)) == [("refused", reason)]
    assert owned.done == []


@pytest.mark.req("LNK-2l")
def test_a_refresh_says_everything_anew_and_is_done_when_it_was_said(owned):
    owned.platform.applied[Lane.STATUS].clear()
    assert owned.gives(owned.refresh()) == BEGUN
    assert owned.done == ["refresh"]
    owned.senses({vss.SPEED: 0.0})
    assert owned.reports == BEGUN, "one signal is not all of them"
    owned.waits(1)
    owned.senses(PARKED)
    assert owned.reports[-1] == ("done", "")
    assert owned.platform.shown() == PARKED, "also what did not change"
    owned.platform.applied[Lane.STATUS].clear()
    owned.senses(PARKED)
    assert owned.platform.shown() == {}, "afterwards only what is due"


def test_a_refresh_that_the_sensors_do_not_answer_fails_and_says_nothing_old(owned):
    owned.platform.applied[Lane.STATUS].clear()
    owned.gives(owned.refresh())
    owned.waits(15)
    assert owned.reports[-1] == ("failed", "no_effect")
    assert owned.platform.shown() == {}


def test_an_old_refresh_of_the_platform_is_refused_too(owned):
    owned.gives(owned.refresh(counter=5))
    owned.senses(PARKED)
    assert owned.gives(owned.refresh(counter=4)) == [("refused", "old_counter")]


@pytest.mark.parametrize("beyond", [o.MAX_COUNTER, START_MS + 2 * 86_400_000])
def test_whoever_had_the_platforms_key_for_a_day_can_not_use_up_its_numbers(owned, beyond):
    assert owned.gives(owned.refresh(counter=beyond)) == [("refused", "not_authorised")]
    assert owned.gives(owned.refresh(counter=START_MS)) == BEGUN


def test_the_car_tells_the_platform_what_it_can_do(owned):
    assert owned.platform.hellos[-1].commands == ("lock", "refresh", "unlock")
    assert set(CATALOGUE.commands()) == {"lock", "refresh", "unlock"}


def test_a_new_owner_inherits_no_command_and_no_phone(owned):
    frame = owned.remote_commands("unlock")
    owned.gives(owned.remote_commands("lock"))
    owned.hears("policy", policy(2, tenure=NEXT_OWNER))
    assert owned.car.core.phones == () == owned.car.core.remote_commands
    assert owned.gives(frame) == [("refused", "challenge_unknown")]
    assert owned.gives(owned.remote_commands("unlock")) == [("refused", "unknown_phone")]
    owned.hears("policy", policy(3))
    assert owned.gives(owned.remote_commands("unlock")) == [("refused", "unknown_phone")], "nor does the way back bring them"


def test_a_car_without_command_keys_takes_no_command():
    owned = Owned()
    owned.car.core._remote_commands._profile = replace(owned.car.core._profile, command_keys={})
    assert owned.gives(owned.remote_commands("unlock")) == []


@pytest.mark.parametrize("kind", ["command", "key", "keys", "challenge"])
def test_what_nobody_can_read_changes_nothing(owned, kind):
    held = owned.car.core.phones
    for frame in (b"", b"\xc1", bytes(20_000), b"\x91" * 20_000, b"\x96" + b"\x91" * 5_000, msgspec.msgpack.encode([None] * 9)):
        assert owned.hears(kind, frame) == []
    assert owned.car.core.phones == held
    assert owned.done == []
    assert owned.gives(owned.remote_commands("lock"))[:2] == BEGUN


def test_the_journal_stays_small_and_keeps_what_runs(owned):
    running = owned.remote_commands("unlock")
    owned.gives(running)
    for _ in range(40):
        owned.gives(owned.remote_commands("unlock", key_id="ab" * 16))
    assert len(owned.car.core.remote_commands) == 32
    assert owned.gives(running) == [("executing", "")]


def test_a_car_that_nobody_owns_takes_no_phone():
    car = Car()
    assert not car.core.can_add_phone
    assert car.core.vehicle_id == VEHICLE


def test_what_was_said_by_a_clock_that_was_ahead_is_said_again_when_it_is_right(owned):
    owned.car.ms += 3 * 3_600_000
    owned.senses({vss.PARKING_LIGHTS: True})
    owned.car.ms -= 3 * 3_600_000
    owned.platform.applied[Lane.STATUS].clear()
    owned.senses({vss.PARKING_LIGHTS: True})
    assert owned.platform.shown() == {vss.PARKING_LIGHTS: True}
