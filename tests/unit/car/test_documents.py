"""Settings documents in the car: verified, gone by, changed at its screen, kept and told, as the level and the owner allow."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from openmarque.car.document_records import SettingRefused, SettingUnknown
from openmarque.car.documents import UNPROVED_PAUSE_MS
from openmarque.car.headunit_state import live_state
from openmarque.car.model import NoticeCode
from openmarque.car.sparing import ANSWERS_COUNTED_MS, MOST_ANSWERS, REPEAT_PAUSE_MS
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.clock import from_ms
from openmarque.protocol import documents as d
from openmarque.protocol.documents import DocumentReason as Why
from openmarque.protocol.envelope import Lane, Trust
from openmarque.protocol.levels import Level
from tests.cars import COMMAND_KEY, NEXT_OWNER, OWNER, START, START_MS, VEHICLE, Car, Platform, converse, open_link, policy
from tests.probe_service import PROBE
from tests.probe_service import messages as m
from tests.probe_service.car import NO_MONDAYS, ProbeState

CATALOGUE = Catalogue([*(s for s in installed_services() if s.name != PROBE.name), PROBE])
SCHEMAS = {m.LIMITS: 2, m.PLACES: 1, m.CAMPAIGN: 1, m.DUTY: 1}


def probe_policy(version: int = 1, **more: Any) -> bytes:
    return policy(version, catalogue=CATALOGUE, **more)


@dataclass
class Owned:
    """A car of an owner, at level data and position, with the probe installed; and the platform's words to it."""

    car: Car = field(default_factory=lambda: Car(catalogue=CATALOGUE, steady_ms=1_000_000))
    platform: Platform = field(default_factory=lambda: Platform(policy=probe_policy()))

    def __post_init__(self) -> None:
        self.car.set_level(Level.POSITION)
        open_link(self.car, self.platform)
        self.skipped = len(self.told)

    skipped: int = 0
    """Reports of the first contact: of each kind that the car holds nothing."""

    @property
    def probe(self) -> ProbeState:
        state = self.car.core.service_state("probe")
        assert isinstance(state, ProbeState)
        return state

    def frame(
        self, what: msgspec.Struct, version: int = START_MS, kind: str = m.LIMITS, key: Any = COMMAND_KEY, **changed: Any
    ):
        tenure = "" if kind == m.CAMPAIGN else OWNER.hex
        made = d.Document(VEHICLE.hex, tenure, kind, version, SCHEMAS[kind], d.write_body(what), d.Maker.OWNER, version)
        return d.sign_document(key, msgspec.structs.replace(made, **changed))

    def hears(self, frame: bytes) -> list[tuple[str, int, str]]:
        """What the car says of a frame: (state, version, reason)."""
        before = len(self.told)
        self.talks(self.car.hears("document", frame))
        return [(r.state.value, r.version, r.reason) for r in self.told[before:]]

    def gets(
        self, what: msgspec.Struct, version: int = START_MS, kind: str = m.LIMITS, **more: Any
    ) -> list[tuple[str, int, str]]:
        return self.hears(self.frame(what, version, kind, **more))

    def sets(self, body: msgspec.Struct, kind: str = m.LIMITS) -> list[d.DocumentReport]:
        """What leaves the car when somebody at its screen sets this."""
        before = len(self.told)
        self.talks(self.car.did(self.car.core.set_here(self.car.now, kind, body)))
        return self.told[before:]

    def talks(self, frames: list[Any]) -> None:
        converse(self.car, self.platform, frames)

    def level(self, level: Level) -> None:
        self.talks(self.car.set_level(level))

    def reconnects(self) -> None:
        self.car.disconnect()
        open_link(self.car, self.platform)

    @property
    def told(self) -> list[d.DocumentReport]:
        """Every report that the platform took, in order."""
        read = msgspec.msgpack.Decoder(d.DocumentReport).decode
        every = [read(e.body) for e in self.platform.applied[Lane.EVENT] if e.type.startswith("document_")]
        return every[self.skipped :]

    @property
    def notices(self) -> list[NoticeCode]:
        return [notice.code for notice in self.car.core.notices if notice.code.value.startswith("document_")]


@pytest.fixture
def owned() -> Owned:
    return Owned()


# What comes from the platform


def test_a_car_goes_by_what_its_owner_set_and_says_so_by_hash(owned):
    assert owned.gets(m.Limits(90, name="Rain")) == [("applied", START_MS, "")]
    assert owned.told[-1].hash == d.body_hash(d.write_body(m.Limits(90, name="Rain")))
    assert owned.probe.limits == m.Limits(90, name="Rain")
    held = owned.car.core.setting(m.LIMITS)
    assert (held.version, held.body, held.made_by, held.is_told) == (START_MS, m.Limits(90, name="Rain"), d.Maker.OWNER, True)
    assert owned.notices == [NoticeCode.DOCUMENT_SET]


def test_what_it_goes_by_survives_a_restart_and_needs_no_network(owned):
    owned.gets(m.Limits(90))
    owned.car.disconnect()
    owned.car.power_up()
    assert owned.probe.limits == m.Limits(90)
    assert owned.car.core.setting(m.LIMITS).body == m.Limits(90)
    open_link(owned.car, owned.platform)
    assert owned.platform.hellos[-1].documents == {
        m.CAMPAIGN: (1, 0),
        m.DUTY: (1, 0),
        m.LIMITS: (2, START_MS),
        m.PLACES: (1, 0),
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tenure_id": NEXT_OWNER.hex}, Why.OTHER_TENURE),
        ({"tenure_id": ""}, Why.OTHER_TENURE),
        ({"version": START_MS + 86_400_001}, Why.VERSION_AHEAD),
        ({"schema": 3}, Why.NEWER_SCHEMA),
        ({"body": b'{"limit_kmh":90}'}, Why.UNFIT_BODY),
        ({"body": b'{"limit_kmh":NaN,"name":"","quiet":false,"tone":"bell","windows":[]}'}, Why.UNFIT_BODY),
        ({"body": b"[" * 8_000}, Why.UNFIT_BODY),
        ({"body": b" " * 8_193}, Why.TOO_LARGE),
        ({"body": d.write_body(m.Limits(name="monday"))}, NO_MONDAYS),
    ],
)
def test_a_document_that_does_not_fit_is_refused_for_its_reason_and_the_one_before_stays(owned, change, reason):
    owned.gets(m.Limits(90), START_MS - 10)
    before = owned.car.core.setting(m.LIMITS)
    change = {"version": START_MS} | change
    assert owned.gets(m.Limits(80), **change) == [("refused", change["version"], str(reason))]
    assert owned.probe.limits == m.Limits(90)
    assert owned.car.core.setting(m.LIMITS) == before
    assert owned.notices[-1] is NoticeCode.DOCUMENT_REFUSED
    owned.car.power_up()
    assert owned.car.core.setting(m.LIMITS).version == START_MS - 10


def test_asked_what_it_holds_a_car_shows_it_and_goes_by_nothing_else(owned):
    assert owned.gets(m.Limits(80), d.QUESTION) == [("applied", 0, "")]
    owned.gets(m.Limits(90), START_MS)
    assert owned.gets(m.Limits(80), d.QUESTION) == [("refused", d.QUESTION, Why.OLDER_VERSION)]
    assert d.open_document(owned.told[-1].proof, VEHICLE, owned.car.core._profile.command_keys).version == START_MS
    assert owned.gets(m.Limits(80), d.QUESTION, tenure_id=NEXT_OWNER.hex) == [("refused", d.QUESTION, Why.OTHER_TENURE)]
    assert owned.probe.limits == m.Limits(90)


def test_an_older_schema_is_read_with_todays_defaults(owned):
    assert owned.gets(m.Limits(), schema=1, body=b'{"limit_kmh":70}') == [("applied", START_MS, "")]
    assert owned.probe.limits == m.Limits(70)


def test_an_older_version_is_refused_with_the_newer_one_as_proof_and_the_same_one_is_said_again(owned):
    owned.gets(m.Limits(90), START_MS)
    newest = owned.frame(m.Limits(90), START_MS)
    assert owned.gets(m.Limits(80), START_MS - 1) == [("refused", START_MS - 1, Why.OLDER_VERSION)]
    assert d.open_document(owned.told[-1].proof, VEHICLE, owned.car.core._profile.command_keys).version == START_MS
    assert owned.gets(m.Limits(80), START_MS) == [("refused", START_MS, Why.OLDER_VERSION)], "another body under a known number"
    assert owned.probe.limits == m.Limits(90)
    owned.car.wait(REPEAT_PAUSE_MS / 1000)
    assert owned.hears(newest) == [("applied", START_MS, "")]
    assert owned.probe.configured == 1, "it goes by it already"


def test_a_server_that_replays_an_old_version_fills_no_outbox(owned):
    owned.gets(m.Limits(80), START_MS - 1)
    owned.gets(m.Limits(90), START_MS)
    old = owned.frame(m.Limits(80), START_MS - 1)
    before = len(owned.told)
    for _ in range(1_000):
        owned.hears(old)
    assert len(owned.told) == before + 1
    assert owned.probe.limits == m.Limits(90)


@pytest.mark.parametrize(
    "replayed", [(0, 1), (0, 2), (0, 1, 2)], ids=["old ones", "an old one and the one held", "all of them"]
)
def test_a_server_that_replays_old_versions_in_turns_fills_no_outbox_either(owned, replayed):
    frames = [owned.frame(m.Limits(80 + 5 * n), START_MS + n) for n in range(3)]
    owned.hears(frames[2])
    said, shown = len(owned.told), len(owned.notices)
    for number in range(600):
        owned.hears(frames[replayed[number % len(replayed)]])
    assert MOST_ANSWERS - 1 <= len(owned.told) - said <= MOST_ANSWERS
    assert len(owned.notices) - shown <= MOST_ANSWERS
    assert owned.gets(m.Limits(110), START_MS + 9) == [("applied", START_MS + 9, "")], "what is new is always said"
    owned.car.wait(ANSWERS_COUNTED_MS / 1000)
    assert owned.hears(frames[0]) == [("refused", START_MS, Why.OLDER_VERSION)]


def test_what_nobody_proved_is_counted_and_told_once_a_minute_at_most(owned):
    forger = Ed25519PrivateKey.generate()
    told = owned.gets(m.Limits(40), key=forger)
    for number in range(200):
        told += owned.gets(m.Limits(40), START_MS + number, key=forger)
        told += owned.gets(m.Limits(40), START_MS + number, vehicle_id="1" * 32)
        told += owned.hears(b"\xc1" * number)
    assert told == [("refused", START_MS, Why.WRONG_KEY)]
    assert owned.probe.limits == m.Limits()
    assert owned.car.core.counts("ignored")[f"document:{Why.WRONG_KEY}"] == 201
    assert owned.car.core.counts("ignored")[f"document:{Why.OTHER_CAR}"] == 200
    owned.car.wait(UNPROVED_PAUSE_MS / 1000)
    assert owned.gets(m.Limits(40), vehicle_id="1" * 32) == [("refused", START_MS, Why.OTHER_CAR)]


def test_a_kind_that_the_car_does_not_know_is_counted_and_harms_nothing(owned):
    assert owned.gets(m.Limits(40), kind=m.LIMITS, key=COMMAND_KEY) != []
    frame = d.sign_document(
        COMMAND_KEY, d.Document(VEHICLE.hex, OWNER.hex, "unknown_kind", START_MS, 1, b"{}", d.Maker.OWNER, 0)
    )
    assert owned.hears(frame) == []
    assert owned.car.core.counts("ignored")[f"document:{Why.UNKNOWN_KIND}"] == 1


@given(st.binary(max_size=300))
def test_whatever_comes_as_a_document_changes_nothing(frame):
    owned = Owned()
    owned.hears(frame)
    assert owned.probe == ProbeState()


def test_before_the_platforms_answer_to_the_greeting_no_document_is_taken(owned):
    owned.car.disconnect()
    assert owned.hears(owned.frame(m.Limits(90))) == []
    assert owned.car.core.counts("ignored")["document:before_welcome"] == 1


def test_a_car_whose_clock_was_never_set_believes_versions_up_to_what_it_heard():
    owned = Owned(Car(catalogue=CATALOGUE, trust=Trust.UNSET, ms=1_000, steady_ms=1_000))
    owned.platform.welcome = lambda frame, now_ms: Platform.welcome(owned.platform, frame, START_MS)  # type: ignore[method-assign]
    owned.reconnects()
    assert owned.gets(m.Limits(90)) == [("applied", START_MS, "")]


# Privacy, contract, owner


def test_in_private_mode_only_a_legal_document_is_taken_and_answered(owned):
    owned.level(Level.PRIVATE)
    assert owned.gets(m.Limits(90)) == []
    assert owned.probe.limits == m.Limits()
    assert owned.car.core.counts("documents")["refused:level_too_low"] == 1
    assert owned.gets(m.Duty(9), kind=m.DUTY) == [("applied", START_MS, "")]
    assert owned.probe.duty == m.Duty(9)


def test_places_are_taken_and_told_at_the_level_of_places_only(owned):
    owned.level(Level.DATA)
    assert owned.gets(m.Places((m.Circle(1, 2, 300),)), kind=m.PLACES) == []
    assert owned.sets(m.Places((m.Circle(3, 4, 500),)), m.PLACES) == []
    owned.level(Level.POSITION)
    assert [r.state.value for r in owned.told] == ["differs"]
    assert owned.gets(m.Places((m.Circle(1, 2, 300),)), kind=m.PLACES) == [("applied", START_MS, "")]


def test_what_waited_for_the_level_is_asked_for_when_it_is_back(owned):
    owned.gets(m.Limits(90))
    owned.level(Level.PRIVATE)
    before = len(owned.told)
    owned.level(Level.DATA)
    again = owned.told[before:]
    assert [(r.state.value, r.version) for r in again] == [("applied", 0), ("applied", START_MS)], "campaign, limits"
    owned.level(Level.DATA)
    assert owned.told[before:] == again


def test_when_the_contract_ends_the_document_stays_in_force_and_can_not_be_changed(owned):
    owned.gets(m.Limits(90))
    owned.platform.policy = probe_policy(2, contract_ends=START + timedelta(seconds=1))
    owned.reconnects()
    owned.car.wait(5)
    assert owned.gets(m.Limits(80), START_MS + 1) == []
    assert not_set(owned.car, m.LIMITS, m.Limits(70)) == "contract_ended"
    assert owned.probe.limits == m.Limits(90)
    assert owned.car.core.setting(m.LIMITS).closed == "contract_ended"


@pytest.mark.parametrize("then", [NEXT_OWNER, None])
def test_after_a_change_of_owner_nothing_of_the_former_ones_settings_is_in_the_car_but_the_cars_own(owned, then):
    owned.gets(m.Limits(90, name="mine"))
    owned.gets(m.Places((m.Circle(1, 2, 300),)), kind=m.PLACES)
    owned.gets(m.Campaign("C1"), kind=m.CAMPAIGN)
    owned.sets(m.Duty(9), m.DUTY)
    owned.platform.policy = probe_policy(2, tenure=then)
    owned.reconnects()
    core = owned.car.core
    assert owned.probe.limits == m.Limits()
    assert owned.probe.places == m.Places()
    assert owned.probe.duty == m.Duty()
    assert owned.probe.campaign == m.Campaign("C1")
    assert {setting.kind: setting.version for setting in core.settings} == {
        m.CAMPAIGN: START_MS, m.DUTY: 0, m.LIMITS: 0, m.PLACES: 0,
    }  # fmt: skip
    stored = b"".join(owned.car.store._records.values())
    assert b"mine" not in stored
    owned.car.power_up()
    assert owned.probe.campaign == m.Campaign("C1")
    open_link(owned.car, owned.platform)
    assert owned.gets(m.Limits(90)) in ([("refused", START_MS, Why.OTHER_TENURE)], [])
    if then is not None:
        assert owned.gets(m.Limits(60), tenure_id=then.hex) == [("applied", START_MS, "")]


# At the car's own screen


def test_a_change_at_the_screen_counts_at_once_and_is_told_with_what_it_was_made_on(owned):
    owned.gets(m.Limits(90))
    (report,) = owned.sets(m.Limits(70))
    assert (report.state, report.version, report.schema) == (d.ReportState.CHANGED, START_MS, 2)
    assert report.body == d.write_body(m.Limits(70))
    assert owned.probe.limits == m.Limits(70)
    held = owned.car.core.setting(m.LIMITS)
    assert (held.body, held.made_by, held.is_told) == (m.Limits(70), d.Maker.CAR, False)
    accepted = owned.gets(m.Limits(70), START_MS + 1, made_by=d.Maker.CAR, change=report.change)
    assert accepted == [("applied", START_MS + 1, "")]
    held = owned.car.core.setting(m.LIMITS)
    assert (held.version, held.is_told, held.lost) == (START_MS + 1, True, None)
    assert owned.probe.configured == 2, "its own change comes back as a number only"


def test_offline_a_change_counts_over_restarts_and_is_told_when_the_car_is_back(owned):
    owned.car.disconnect()
    owned.car.did(owned.car.core.set_here(owned.car.now, m.LIMITS, m.Limits(70)))
    owned.car.power_up()
    assert owned.probe.limits == m.Limits(70)
    owned.car.did(owned.car.core.set_here(owned.car.now, m.LIMITS, m.Limits(60)))
    owned.car.power_up()
    open_link(owned.car, owned.platform)
    assert owned.told[-1].body == d.write_body(m.Limits(60))
    changes = [r.change for r in owned.told if r.state is d.ReportState.CHANGED]
    assert changes == sorted(changes)
    owned.reconnects()
    assert owned.told[-1].body == d.write_body(m.Limits(60)), "the answer was lost: it is told once more"
    assert owned.told[-1].change == changes[-1]


def test_a_change_that_lost_is_kept_to_be_seen_and_told_with_who_was_faster(owned):
    owned.gets(m.Limits(90))
    (report,) = owned.sets(m.Limits(70))
    assert owned.gets(m.Limits(100), START_MS + 1, change=report.change) == [("applied", START_MS + 1, "")]
    held = owned.car.core.setting(m.LIMITS)
    assert (owned.probe.limits, held.body, held.lost) == (m.Limits(100), m.Limits(100), m.Limits(70))
    assert owned.notices[-1] is NoticeCode.DOCUMENT_LOST
    owned.car.power_up()
    assert owned.car.core.setting(m.LIMITS).lost == m.Limits(70)
    owned.car.did(owned.car.core.set_here(owned.car.now, m.LIMITS, m.Limits(80)))
    assert owned.car.core.setting(m.LIMITS).lost is None


def test_a_version_of_an_earlier_change_of_its_own_does_not_undo_the_later_one(owned):
    owned.gets(m.Limits(90))
    (first,) = owned.sets(m.Limits(80))
    (second,) = owned.sets(m.Limits(70))
    assert second.change > first.change
    assert owned.gets(m.Limits(80), START_MS + 1, made_by=d.Maker.CAR, change=first.change) == []
    assert owned.probe.limits == m.Limits(70)
    held = owned.car.core.setting(m.LIMITS)
    assert (held.version, held.is_told, held.lost) == (START_MS + 1, False, None)
    assert owned.gets(m.Limits(70), START_MS + 2, made_by=d.Maker.CAR, change=second.change) == [("applied", START_MS + 2, "")]


def test_what_was_changed_in_private_mode_never_leaves_and_is_told_to_differ_when_it_may_be(owned):
    owned.gets(m.Limits(90))
    owned.level(Level.PRIVATE)
    assert owned.sets(m.Limits(70)) == []
    owned.level(Level.DATA)
    report = next(r for r in owned.told if r.state is d.ReportState.DIFFERS)
    assert (report.state, report.reason, report.body, report.hash) == (d.ReportState.DIFFERS, Why.KEPT_PRIVATE, b"", "")
    assert owned.probe.limits == m.Limits(70)
    frames = b"".join(frame.payload for frame in owned.car.wire)
    assert d.write_body(m.Limits(70)) not in frames
    owned.sets(m.Limits(60))
    assert owned.told[-1].body == d.write_body(m.Limits(60)), "touched again at a level that lets it out"


def test_what_was_told_and_waits_is_purged_when_the_level_tightens(owned):
    owned.gets(m.Limits(90))
    owned.car.disconnect()
    owned.car.did(owned.car.core.set_here(owned.car.now, m.LIMITS, m.Limits(70)))
    owned.car.set_level(Level.PRIVATE)
    open_link(owned.car, owned.platform)
    assert [r.state.value for r in owned.told] == ["applied"]
    owned.level(Level.DATA)
    (report,) = (r for r in owned.told if r.state is d.ReportState.CHANGED)
    assert report.body == d.write_body(m.Limits(70)), "it was made at a level that let it out, and does again"


def test_a_change_taken_back_in_private_mode_never_was(owned):
    owned.gets(m.Limits(90))
    owned.level(Level.PRIVATE)
    owned.sets(m.Limits(70))
    owned.sets(m.Limits(90))
    assert owned.car.core.setting(m.LIMITS).is_told
    owned.level(Level.DATA)
    assert ("applied", START_MS) in [(r.state.value, r.version) for r in owned.told[1:]]
    assert "differs" not in [r.state.value for r in owned.told]


def test_the_screen_changes_only_what_is_the_cars_to_change_and_what_its_service_takes(owned):
    assert not_set(owned.car, m.CAMPAIGN, m.Campaign("C9")) == Why.NOT_SET_HERE
    assert not_set(owned.car, m.LIMITS, m.Limits(name="monday")) == NO_MONDAYS
    assert not_set(owned.car, m.LIMITS, m.Limits(9)) == Why.UNFIT_BODY
    assert not_set(owned.car, m.LIMITS, m.Limits(name="a\x00b")) == Why.UNFIT_BODY
    assert not_set(owned.car, m.LIMITS, m.Duty()) == Why.UNFIT_BODY
    with pytest.raises(SettingUnknown):
        owned.car.core.set_here(owned.car.now, "other", m.Limits())
    assert owned.probe == ProbeState()
    assert owned.told == []


def test_nobody_sets_anything_in_a_car_without_an_owner():
    car = Car(catalogue=CATALOGUE)
    assert not_set(car, m.LIMITS, m.Limits(90)) == "no_policy"


def not_set(car: Car, kind: str, body: msgspec.Struct) -> str:
    """Why the screen could not set it."""
    refused = car.core.set_here(car.now, kind, body).refused
    assert isinstance(refused, SettingRefused)
    return refused.reason


@pytest.mark.parametrize("language", ["en", "fr", "de", "es"])
def test_the_screen_says_in_words_what_became_of_settings(owned, language):
    owned.gets(m.Limits(90))
    owned.sets(m.Limits(70))
    owned.gets(m.Limits(100), START_MS + 1, change=2**50)
    owned.gets(m.Limits(name="monday"), START_MS + 2)
    notices: Any = live_state(owned.car.core, language, from_ms(owned.car.ms))["notices"]
    text = " ".join(notice["text"] for notice in notices)
    assert all(word not in text for word in ("document_", "{", "setting_by")), text


def test_power_lost_in_a_step_leaves_the_service_and_the_record_as_one(owned):
    owned.gets(m.Limits(90), START_MS - 10)

    def cut(point: str) -> None:
        if point == "before_commit":
            raise OSError("the power failed")

    owned.car.store.fault = cut
    with pytest.raises(OSError, match="power"):
        owned.car.hears("document", owned.frame(m.Limits(80)))
    owned.car.store.fault = lambda _point: None
    owned.car.power_up()
    assert (owned.probe.limits, owned.car.core.setting(m.LIMITS).version) == (m.Limits(90), START_MS - 10)


@pytest.mark.parametrize("level", list(Level))
def test_of_settings_documents_only_those_leave_that_their_level_allows(level):
    needed = {m.DUTY: Level.PRIVATE, m.LIMITS: Level.DATA, m.CAMPAIGN: Level.DATA, m.PLACES: Level.POSITION}
    told = {name for name in CATALOGUE.messages.allowed_at(level) if name in set(map(d.report_name, SCHEMAS))}
    assert told == {d.report_name(kind) for kind, least in needed.items() if least <= level}
