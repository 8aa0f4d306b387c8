"""What settings documents do; run on memory by test_documents_store.py, on PostgreSQL by the integration tests."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from openmarque.catalogue.register import Catalogue
from openmarque.domains.commands.store import CommandStore
from openmarque.domains.consent.service import LevelRecord, LevelStore
from openmarque.domains.documents import errors as e
from openmarque.domains.documents.bundle import SettingsDocuments
from openmarque.domains.documents.rules import ANSWER_PAUSE, MOST_CHANGES
from openmarque.domains.documents.sending import DocumentKeys
from openmarque.domains.documents.service import Wish
from openmarque.domains.documents.states import State
from openmarque.domains.documents.store import DocumentRow, DocumentStore
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.link.ports import Accepted, LinkStore
from openmarque.link.subjects import down_subject
from openmarque.protocol import documents as d
from openmarque.protocol import signing
from openmarque.protocol.documents import DocumentReason as Why
from openmarque.protocol.envelope import Envelope, Lane, Trust, pack
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import Hello, LevelChanged
from openmarque.storage.memory import MemoryTransaction
from openmarque.storage.postgres import PostgresTransaction
from openmarque.storage.transaction import Transaction
from tests.contract.link_contract import NOW
from tests.probe_service import messages as m

KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"o" * 32)
KEYS = {signing.key_id(KEY.public_key()): KEY.public_key()}
NOW_MS = to_ms(NOW)
SECOND = timedelta(seconds=1)
ALL_KINDS = {m.LIMITS: 2, m.PLACES: 1, m.CAMPAIGN: 1, m.DUTY: 1}
"""What a car of today knows."""


class Stores(Protocol):
    """One implementation of every store, and how to make a car with an owner."""

    commands: CommandStore
    documents: DocumentStore
    link: LinkStore
    levels: LevelStore
    compiler: StoringPolicyCompiler
    catalogue: Catalogue

    def tx(self) -> AbstractAsyncContextManager[Transaction]: ...

    async def owned_car(self) -> tuple[VehicleId, TenureId, AccountId]:
        """A car of ceiling 3 with telematics and the plan "connect" since `NOW`, whose owner may command it."""
        ...

    async def sold(self, scene: "Scene") -> tuple[TenureId, AccountId]:
        """Another owner has the car a second after `NOW`."""
        ...

    async def contract_over(self, scene: "Scene") -> None:
        """The contract that includes the service has ended."""
        ...


@dataclass
class Scene:
    """A car at level 3 that was greeted, and the use cases."""

    stores: Stores
    vehicle_id: VehicleId
    tenure_id: TenureId
    account_id: AccountId
    sent: list[d.Document] = field(default_factory=list)
    levels_set: int = 0

    def __post_init__(self) -> None:
        keys = DocumentKeys(lambda: KEY, lambda: KEYS)
        stores = self.stores
        self.use = SettingsDocuments.wired(stores.documents, stores.link, stores.commands, stores.catalogue, keys)

    # The owner

    async def sets(
        self, body: msgspec.Struct, made_on: int = 0, kind: str = m.LIMITS, after: timedelta = timedelta(), **who: Any
    ):
        wish = Wish(
            who.get("vehicle_id", self.vehicle_id),
            who.get("tenure_id", self.tenure_id),
            who.get("account_id", self.account_id),
            kind,
            made_on,
            body,
        )
        async with self.stores.tx() as tx:
            row = await self.use.documents.set(tx, wish, NOW + after)
            self._note(tx)
        return row

    async def platform_sets(self, body: msgspec.Struct, kind: str, after: timedelta = timedelta()) -> DocumentRow:
        async with self.stores.tx() as tx:
            row = await self.use.documents.set_for_platform(tx, self.vehicle_id, kind, body, NOW + after)
            self._note(tx)
        return row

    async def row(self, kind: str = m.LIMITS) -> DocumentRow:
        async with self.stores.tx() as tx:
            (found,) = [row for row in await self.stores.documents.of_owner(tx, self.tenure_id) if row.kind == kind]
        return found

    async def kinds(self) -> dict[str, int]:
        async with self.stores.tx() as tx:
            return {row.kind: row.version for row in await self.stores.documents.of_owner(tx, self.tenure_id)}

    async def views(self, after: timedelta = timedelta()):
        async with self.stores.tx() as tx:
            found = await self.use.documents.views(tx, self.vehicle_id, self.tenure_id, NOW + after)
        return {view.kind.name: view for view in found}

    # The car

    async def says(self, report: d.DocumentReport, kind: str = m.LIMITS, after: timedelta = SECOND, **who: Any) -> str:
        envelope = Envelope(1, Lane.EVENT, 1, 0, Trust.SYNCED, Level.DATA, d.report_name(kind), pack(report))
        vehicle_id, tenure_id = who.get("vehicle_id", self.vehicle_id), who.get("tenure_id", self.tenure_id)
        async with self.stores.tx() as tx:
            message = Accepted(vehicle_id, tenure_id, envelope, report, None, NOW + after)
            refused = await self.use.reports.apply(tx, [message])
            self._note(tx)
        return str(refused.get(0, ""))

    async def applies(self, document: d.Document | None = None, after: timedelta = SECOND) -> str:
        document = document or self.sent[-1]
        report = d.DocumentReport(d.ReportState.APPLIED, document.version, d.body_hash(document.body))
        return await self.says(report, document.kind, after)

    async def refuses(self, reason: str, after: timedelta = SECOND, **changes: Any) -> str:
        report = d.DocumentReport(d.ReportState.REFUSED, self.sent[-1].version, reason=reason)
        return await self.says(msgspec.structs.replace(report, **changes), self.sent[-1].kind, after)

    async def changes(self, body: msgspec.Struct, made_on: int, change: int = 1, after: timedelta = SECOND, **more: Any) -> str:
        text = d.write_body(body)
        kind = more.pop("kind", m.LIMITS)
        report = d.DocumentReport(d.ReportState.CHANGED, made_on, d.body_hash(text), "", ALL_KINDS[kind], text, change, **more)
        return await self.says(report, kind, after)

    async def greets(
        self, held: Mapping[str, tuple[int, int] | None] | None = None, after: timedelta = timedelta()
    ) -> list[d.Document]:
        """What the car is sent behind the answer to its greeting; `held`: by kind (schema it knows, version it holds), None: unknown to it."""
        known: dict[str, tuple[int, int] | None] = {kind: (schema, 0) for kind, schema in ALL_KINDS.items()}
        known.update(held or {})
        documents = {kind: what for kind, what in known.items() if what is not None}
        before = len(self.sent)
        async with self.stores.tx() as tx:
            hello = Hello((2,), 1, {}, documents=documents)
            await self.use.sending.greeted(tx, self.vehicle_id, hello, NOW + after)
            self._note(tx)
        return self.sent[before:]

    async def time_comes(self, row: DocumentRow, after: timedelta) -> list[d.Document]:
        before = len(self.sent)
        async with self.stores.tx() as tx:
            await self.use.documents.unanswered(tx, row.document_id, NOW + after)
            self._note(tx)
        return self.sent[before:]

    async def sets_level(self, level: Level) -> None:
        self.levels_set += 1
        async with self.stores.tx() as tx:
            change = LevelChanged(level, self.levels_set, 0, "head unit", "k", b"s")
            await self.stores.levels.add(tx, LevelRecord(self.vehicle_id, self.tenure_id, change, NOW))
            await self.stores.compiler.recompile(tx, [self.vehicle_id], NOW)

    def _note(self, tx: Transaction) -> None:
        """Keep the documents that leave behind the commit, as the car would read them."""
        assert isinstance(tx, MemoryTransaction | PostgresTransaction)
        for subject, frame in tx.publications:
            if subject == down_subject(self.vehicle_id, "document"):
                self.sent.append(d.open_document(frame, self.vehicle_id, KEYS))


async def new_scene(stores: Stores) -> Scene:
    scene = Scene(stores, *await stores.owned_car())
    await scene.sets_level(Level.POSITION)
    return scene


class DocumentsContract:
    """Subclass with a fixture ``document_stores``."""

    @pytest.fixture
    async def scene(self, document_stores: Stores) -> Scene:
        return await new_scene(document_stores)

    # Setting

    async def test_what_an_owner_sets_goes_to_the_car_signed_and_waits_until_the_car_has_it(self, scene: Scene):
        row = await scene.sets(m.Limits(90, name="Rain"))
        assert (row.version, row.state, row.made_by) == (NOW_MS, State.WAITING, d.Maker.OWNER)
        (document,) = scene.sent
        assert (document.kind, document.version, document.schema) == (m.LIMITS, NOW_MS, 2)
        assert (document.vehicle_id, document.tenure_id) == (scene.vehicle_id.hex, scene.tenure_id.hex)
        assert d.read_body(document.body, m.Limits, max_bytes=8192) == m.Limits(90, name="Rain")
        assert await scene.applies(after=2 * SECOND) == ""
        row = await scene.row()
        assert (row.state, row.reported_version, row.state_at) == (State.IN_FORCE, NOW_MS, NOW + 2 * SECOND)
        assert await scene.applies(after=9 * SECOND) == ""
        assert (await scene.row()).state_at == NOW + 2 * SECOND, "in force since it was, not since it was said again"

    async def test_a_kind_in_which_nothing_was_set_shows_what_counts_then(self, scene: Scene):
        views = await scene.views()
        assert set(views) == set(ALL_KINDS)
        assert views[m.LIMITS].row.version == 0
        assert views[m.LIMITS].row.body["limit_kmh"] == 130
        assert views[m.LIMITS].closed == ""

    async def test_a_change_made_on_an_older_version_loses_and_is_told_what_counts(self, scene: Scene):
        first = await scene.sets(m.Limits(90))
        second = await scene.sets(m.Limits(100), first.version)
        assert second.version == first.version + 1, "two in one second: one above the other"
        with pytest.raises(e.DocumentConflict) as conflict:
            await scene.sets(m.Limits(50), first.version)
        newest = conflict.value.facts["row"]
        assert isinstance(newest, DocumentRow)
        assert (newest.version, newest.body["limit_kmh"]) == (second.version, 100)
        with pytest.raises(e.DocumentConflict):
            await scene.sets(m.Limits(50), second.version + 1)
        assert (await scene.row()).version == second.version
        assert len(scene.sent) == 2

    async def test_the_same_again_changes_nothing_whatever_it_was_made_on(self, scene: Scene):
        row = await scene.sets(m.Limits(90))
        assert await scene.sets(m.Limits(90)) == row
        assert await scene.sets(m.Limits(90), row.version) == row
        assert len(scene.sent) == 1

    async def test_an_unknown_kind_one_that_is_not_the_owners_and_a_stranger_set_nothing(self, scene: Scene):
        with pytest.raises(e.DocumentUnknown):
            await scene.sets(m.Limits(), kind="probe_other")
        with pytest.raises(e.DocumentNotYours):
            await scene.sets(m.Campaign("C1"), kind=m.CAMPAIGN)
        _, _, other = await scene.stores.owned_car()
        with pytest.raises(e.DocumentClosed, match="change none"):
            await scene.sets(m.Limits(90), account_id=other)
        assert scene.sent == []

    async def test_a_body_larger_than_the_kind_allows_is_refused_with_its_limit(self, scene: Scene):
        kinds = scene.use.sending.kinds
        assert isinstance(kinds, dict)
        kinds[m.LIMITS] = replace(kinds[m.LIMITS], spec=replace(kinds[m.LIMITS].spec, max_bytes=100))
        with pytest.raises(e.DocumentTooLarge) as refused:
            await scene.sets(m.Limits(windows=(m.Window(), m.Window())))
        assert refused.value.facts == {"limit": 100}
        assert scene.sent == []

    @pytest.mark.parametrize("level", [Level.PRIVATE, Level.DATA])
    async def test_what_the_level_closes_can_be_read_and_neither_set_nor_sent_but_a_legal_duty(
        self, scene: Scene, level: Level
    ):
        await scene.sets(m.Places((m.Circle(),)), kind=m.PLACES)
        await scene.sets_level(level)
        views = await scene.views()
        assert views[m.PLACES].closed == "level_too_low"
        assert views[m.PLACES].row.version
        assert views[m.LIMITS].closed == ("level_too_low" if level is Level.PRIVATE else "")
        with pytest.raises(e.DocumentClosed):
            await scene.sets(m.Places(), views[m.PLACES].row.version, m.PLACES)
        assert [document.kind for document in await scene.greets()] == []
        await scene.sets(m.Duty(9), kind=m.DUTY)
        assert scene.sent[-1].kind == m.DUTY
        await scene.sets_level(Level.POSITION)
        assert {document.kind for document in await scene.greets()} == {m.PLACES, m.DUTY}

    async def test_after_the_contract_what_is_in_the_car_stays_and_nothing_more_is_set(self, scene: Scene):
        row = await scene.sets(m.Limits(90))
        await scene.applies()
        await scene.stores.contract_over(scene)
        with pytest.raises(e.DocumentClosed, match="contract"):
            await scene.sets(m.Limits(100), row.version)
        assert (await scene.row()).body["limit_kmh"] == 90
        assert await scene.greets() == []

    async def test_the_platform_sets_its_own_kinds_on_whatever_is_the_newest(self, scene: Scene):
        first = await scene.platform_sets(m.Campaign("C1"), m.CAMPAIGN)
        second = await scene.platform_sets(m.Campaign("C1", "wanted"), m.CAMPAIGN)
        assert second.version > first.version
        assert scene.sent[-1].tenure_id == "", "it is the car's, whoever has it"
        with pytest.raises(e.DocumentNotYours):
            await scene.platform_sets(m.Limits(90), m.LIMITS)

    async def test_a_service_reads_what_counts_also_where_nothing_was_set(self, scene: Scene):
        async def counts(kind: str) -> msgspec.Struct:
            async with scene.stores.tx() as tx:
                return await scene.use.documents.current(tx, scene.vehicle_id, scene.tenure_id, kind)

        assert await counts(m.LIMITS) == m.Limits()
        await scene.sets(m.Limits(90, windows=(m.Window(1, 2),)))
        await scene.platform_sets(m.Campaign("C1"), m.CAMPAIGN)
        assert await counts(m.LIMITS) == m.Limits(90, windows=(m.Window(1, 2),))
        assert await counts(m.CAMPAIGN) == m.Campaign("C1")
        with pytest.raises(e.DocumentUnknown):
            await counts("probe_other")

    async def test_a_thousand_changes_a_minute_are_cut_to_what_a_car_bears(self, scene: Scene):
        version = 0
        for number in range(MOST_CHANGES):
            version = (await scene.sets(m.Limits(30 + number), version)).version
        with pytest.raises(e.TooManyChanges):
            await scene.sets(m.Limits(200), version)
        assert await scene.changes(m.Limits(200), version) == Why.TOO_MANY_CHANGES
        row = await scene.row()
        assert (row.state, row.reason, row.version) == (State.DIFFERS, Why.TOO_MANY_CHANGES, version)
        assert (await scene.sets(m.Limits(200), version, after=timedelta(minutes=1))).version > version

    # What the car says

    async def test_why_the_car_does_not_take_it_is_kept_until_it_does(self, scene: Scene):
        await scene.sets(m.Limits(90))
        assert await scene.refuses(Why.UNFIT_BODY) == ""
        assert (await scene.row()).state is State.REFUSED
        assert (await scene.row()).reason == Why.UNFIT_BODY
        assert await scene.refuses("probe_no_mondays") == ""
        assert (await scene.row()).reason == "probe_no_mondays"
        assert await scene.refuses("no\ncode") == ""
        assert (await scene.row()).reason == "document_unspecified"
        assert len(await scene.greets()) == 1, "it may have learnt to take it"
        assert (await scene.row()).state is State.WAITING
        await scene.applies()
        assert ((await scene.row()).state, (await scene.row()).reason) == (State.IN_FORCE, "")

    async def test_what_is_said_of_a_version_that_is_not_the_newest_says_nothing_of_the_newest(self, scene: Scene):
        first = await scene.sets(m.Limits(90))
        old = scene.sent[-1]
        await scene.sets(m.Limits(100), first.version)
        assert await scene.applies(old, after=10 * SECOND) == ""
        assert (await scene.row()).state is State.WAITING
        assert scene.sent[-1].version == first.version + 1
        assert len(scene.sent) == 3, "a car that goes by an older version is sent the newest"
        assert await scene.says(d.DocumentReport(d.ReportState.REFUSED, old.version, reason="x")) == ""
        assert (await scene.row()).state is State.WAITING

    async def test_a_car_that_repeats_itself_is_answered_only_so_often(self, scene: Scene):
        first = await scene.sets(m.Limits(90))
        old = scene.sent[-1]
        await scene.sets(m.Limits(100), first.version)
        for number in range(64):
            await scene.applies(old, after=10 * SECOND + number * timedelta(milliseconds=10))
        assert len(scene.sent) == 3
        await scene.applies(old, after=11 * SECOND + ANSWER_PAUSE)
        assert len(scene.sent) == 4

    async def test_a_hacked_car_makes_no_version_and_lies_only_about_itself(self, scene: Scene):
        row = await scene.sets(m.Limits(90))
        far = d.DocumentReport(d.ReportState.APPLIED, 2**53 - 1, "ab" * 32)
        assert await scene.says(far) == Why.UNKNOWN_VERSION
        assert await scene.says(msgspec.structs.replace(far, version=-1)) == "unreadable"
        assert await scene.says(msgspec.structs.replace(far, version=2**60)) == "unreadable"
        assert await scene.changes(m.Limits(50), 2**53 - 1) == Why.UNKNOWN_VERSION
        assert ((await scene.row()).version, (await scene.row()).state) == (row.version, State.WAITING)
        assert await scene.says(d.DocumentReport(d.ReportState.APPLIED, row.version, "ab" * 32)) == ""
        assert ((await scene.row()).state, (await scene.row()).reason) == (State.DIFFERS, Why.OTHER_BODY)
        vehicle_id, tenure_id, _ = await scene.stores.owned_car()
        ours = d.DocumentReport(d.ReportState.APPLIED, row.version, row.hash)
        assert await scene.says(ours, vehicle_id=vehicle_id, tenure_id=tenure_id) == Why.UNKNOWN_VERSION
        assert await scene.says(ours, "probe_other") == Why.UNKNOWN_KIND
        assert (await scene.row()).state is State.DIFFERS

    # Changes in the car

    async def test_a_change_in_the_car_that_comes_first_becomes_the_next_version(self, scene: Scene):
        row = await scene.sets(m.Limits(90))
        await scene.applies()
        assert await scene.changes(m.Limits(80), row.version) == ""
        now = await scene.row()
        assert (now.version, now.made_by, now.state) == (NOW_MS + 1_000, d.Maker.CAR, State.IN_FORCE)
        assert (scene.sent[-1].version, scene.sent[-1].made_by) == (now.version, d.Maker.CAR)
        with pytest.raises(e.DocumentConflict):
            await scene.sets(m.Limits(100), row.version)
        await scene.applies()
        assert await scene.greets({m.LIMITS: (2, now.version)}) == []

    async def test_a_change_in_the_car_may_be_the_first_of_all(self, scene: Scene):
        assert await scene.changes(m.Limits(80), 0) == ""
        assert ((await scene.row()).version, (await scene.row()).body["limit_kmh"]) == (NOW_MS + 1_000, 80)

    async def test_a_change_in_the_car_that_comes_second_loses_and_is_kept_to_be_seen(self, scene: Scene):
        first = await scene.sets(m.Limits(90))
        await scene.applies()
        second = await scene.sets(m.Limits(100), first.version)
        assert await scene.changes(m.Limits(80), first.version) == ""
        row = await scene.row()
        assert (row.version, row.body["limit_kmh"], row.state) == (second.version, 100, State.WAITING)
        assert row.lost is not None
        assert (row.lost.body["limit_kmh"], row.lost.at) == (80, NOW + SECOND)
        assert scene.sent[-1].version == second.version, "the car gets what counts"
        assert (await scene.sets(m.Limits(110), second.version)).lost is None

    async def test_both_made_the_same_change_and_nobody_loses(self, scene: Scene):
        first = await scene.sets(m.Limits(90))
        second = await scene.sets(m.Limits(100), first.version)
        assert await scene.changes(m.Limits(100), first.version) == ""
        row = await scene.row()
        assert (row.version, row.lost, row.state) == (second.version, None, State.IN_FORCE)
        assert scene.sent[-1].version == second.version, "the car learns the number"

    async def test_what_a_car_changes_twice_before_it_hears_an_answer_is_one_after_the_other(self, scene: Scene):
        first = await scene.sets(m.Limits(90))
        for number, limit in enumerate((80, 70, 60), 1):
            assert await scene.changes(m.Limits(limit), first.version, change=number) == ""
        row = await scene.row()
        assert (row.version, row.body["limit_kmh"], row.lost) == (NOW_MS + 1_002, 60, None)
        assert [document.change for document in scene.sent] == [0, 1, 2, 3], "the car learns which of its changes was heard"
        assert await scene.changes(m.Limits(50), NOW_MS + 1_001, change=4) == ""
        assert (await scene.row()).body["limit_kmh"] == 50
        second = await scene.sets(m.Limits(100), NOW_MS + 1_003)
        assert await scene.changes(m.Limits(40), NOW_MS + 1_003, change=5) == ""
        assert ((await scene.row()).version, (await scene.row()).body["limit_kmh"]) == (second.version, 100)

    async def test_a_restored_platform_that_hears_of_a_change_first_asks_what_it_was_made_on(self, scene: Scene):
        assert await scene.changes(m.Limits(80), NOW_MS - 9) == Why.UNKNOWN_VERSION
        assert [document.version for document in scene.sent] == [d.QUESTION]

    async def test_a_change_whose_answer_was_lost_counts_once(self, scene: Scene):
        assert await scene.changes(m.Limits(80), 0, change=5) == ""
        version = (await scene.row()).version
        assert await scene.changes(m.Limits(80), 0, change=5, after=10 * SECOND) == ""
        assert (await scene.row()).version == version
        assert [document.version for document in scene.sent] == [version, version]

    async def test_a_change_that_the_car_may_not_make_or_that_can_not_be_read_is_refused_and_the_owner_hears_it(
        self, scene: Scene
    ):
        assert await scene.changes(m.Campaign("C9"), 0, kind=m.CAMPAIGN) == Why.NOT_SET_HERE
        report = d.DocumentReport(d.ReportState.CHANGED, 0, schema=2, body=b'{"limit_kmh":9}', change=1)
        assert await scene.says(report) == Why.UNFIT_BODY
        assert ((await scene.row()).state, (await scene.row()).reason) == (State.DIFFERS, Why.UNFIT_BODY)
        newer = msgspec.structs.replace(report, schema=3, body=b'{"limit_kmh":90,"more":1}')
        assert await scene.says(newer) == Why.NEWER_SCHEMA
        assert (await scene.row()).reason == Why.NEWER_SCHEMA
        older = msgspec.structs.replace(report, schema=1, body=b'{"limit_kmh":90}')
        assert await scene.says(older) == "", "an older car lacks what has a default today"
        assert (await scene.row()).body == msgspec.to_builtins(m.Limits(90), str_keys=True) | {"windows": []}
        huge = msgspec.structs.replace(report, body=b"[" * 9_000, change=2)
        assert await scene.says(huge) == Why.TOO_LARGE

    async def test_a_change_that_the_car_keeps_to_itself_is_told_without_what_it_says(self, scene: Scene):
        row = await scene.sets(m.Limits(90))
        await scene.applies()
        assert await scene.says(d.DocumentReport(d.ReportState.DIFFERS, row.version, reason=Why.KEPT_PRIVATE, change=1)) == ""
        assert ((await scene.row()).state, (await scene.row()).reason) == (State.DIFFERS, Why.KEPT_PRIVATE)
        assert await scene.greets({m.LIMITS: (2, row.version)}) == []

    # A car that comes back

    async def test_a_car_that_comes_back_hears_of_what_it_does_not_hold_and_of_nothing_else(self, scene: Scene):
        limits = await scene.sets(m.Limits(90))
        await scene.applies()
        places = await scene.sets(m.Places((m.Circle(1, 2, 300),)), kind=m.PLACES)
        held = {m.LIMITS: (2, limits.version)}
        assert [document.kind for document in await scene.greets(held)] == [m.PLACES]
        assert [document.kind for document in await scene.greets(held | {m.PLACES: (1, places.version)})] == [m.PLACES], (
            "it holds it, and its word was lost"
        )
        await scene.applies()
        assert await scene.greets(held | {m.PLACES: (1, places.version)}) == []
        assert [document.kind for document in await scene.greets()] == [m.LIMITS, m.PLACES], "its memory is gone"

    async def test_a_car_that_can_not_take_it_is_not_sent_it_and_the_owner_reads_why(self, scene: Scene):
        await scene.sets(m.Limits(90))
        assert await scene.greets({m.LIMITS: None}) == []
        assert ((await scene.row()).state, (await scene.row()).reason) == (State.REFUSED, Why.UNKNOWN_KIND)
        assert await scene.greets({m.LIMITS: (1, 0)}) == []
        assert (await scene.row()).reason == Why.NEWER_SCHEMA
        assert [document.kind for document in await scene.greets({m.LIMITS: (2, 0)})] == [m.LIMITS], "its software is new"
        assert ((await scene.row()).state, (await scene.row()).reason) == (State.WAITING, "")

    async def test_a_car_that_had_it_and_was_greeted_for_falsely_is_told_again_until_it_answers(self, scene: Scene):
        row = await scene.sets(m.Limits(90))
        await scene.applies()
        assert await scene.greets({m.LIMITS: None}) == [], "somebody at the broker greets in its name and knows no kind"
        assert (await scene.row()).state is State.REFUSED
        held = {m.LIMITS: (2, row.version)}
        assert [document.version for document in await scene.greets(held)] == [row.version]
        assert len(await scene.greets(held)) == 1, "its answer was lost"
        assert len(await scene.time_comes(row, timedelta(seconds=30))) == 1
        await scene.applies(after=timedelta(seconds=31))
        assert (await scene.row()).state is State.IN_FORCE
        assert await scene.greets(held) == []

    async def test_what_is_not_answered_is_told_again_ever_more_seldom_until_it_is(self, scene: Scene):
        row = await scene.sets(m.Limits(90))
        assert await scene.time_comes(row, timedelta(seconds=29)) == []
        assert len(await scene.time_comes(row, timedelta(seconds=30))) == 1
        assert await scene.time_comes(row, timedelta(seconds=149)) == []
        assert len(await scene.time_comes(row, timedelta(seconds=150))) == 1
        await scene.applies(after=timedelta(seconds=151))
        assert await scene.time_comes(row, timedelta(hours=9)) == []
        again = await scene.sets(m.Limits(100), row.version, after=timedelta(hours=10))
        total = 0
        for hour in range(400):
            total += len(await scene.time_comes(again, timedelta(hours=11 + hour)))
        assert total == 7, "after that it waits for the car's greeting"
        assert len(await scene.greets(after=timedelta(hours=450))) == 1

    # Backups

    async def test_a_restored_platform_learns_from_the_car_what_it_had_signed_and_forgotten(self, scene: Scene):
        first = await scene.sets(m.Limits(90))
        newer = d.Document(
            scene.vehicle_id.hex, scene.tenure_id.hex, m.LIMITS, first.version + 7, 2, d.write_body(m.Limits(75)),
            d.Maker.OWNER, to_ms(NOW),
        )  # fmt: skip
        assert [document.version for document in await scene.greets({m.LIMITS: (2, newer.version)})] == [first.version]
        forged = [
            d.sign_document(ed25519.Ed25519PrivateKey.generate(), newer),
            d.sign_document(KEY, msgspec.structs.replace(newer, vehicle_id="1" * 32)),
            d.sign_document(KEY, msgspec.structs.replace(newer, tenure_id="1" * 32)),
            d.sign_document(KEY, msgspec.structs.replace(newer, kind=m.DUTY)),
            d.sign_document(KEY, msgspec.structs.replace(newer, version=first.version)),
            d.sign_document(KEY, msgspec.structs.replace(newer, schema=3)),
            d.sign_document(KEY, msgspec.structs.replace(newer, body=b"{}")),
            b"",
        ]
        for proof in forged:
            await scene.refuses(Why.OLDER_VERSION, proof=proof)
            assert ((await scene.row()).version, (await scene.row()).state) == (first.version, State.REFUSED)
        assert await scene.refuses(Why.OLDER_VERSION, proof=d.sign_document(KEY, newer)) == ""
        row = await scene.row()
        assert (row.version, row.body["limit_kmh"], row.state) == (newer.version, 75, State.IN_FORCE)
        assert (await scene.sets(m.Limits(80), row.version)).version > newer.version

    async def test_a_restored_platform_asks_for_a_document_that_it_has_never_heard_of(self, scene: Scene):
        (asked,) = await scene.greets({m.LIMITS: (2, NOW_MS - 50)})
        assert (asked.version, await scene.kinds()) == (d.QUESTION, {})
        assert await scene.says(d.DocumentReport(d.ReportState.APPLIED, 0)) == "", "it was an earlier owner's, and is gone"
        assert await scene.kinds() == {}
        known = msgspec.structs.replace(asked, version=NOW_MS - 50, body=d.write_body(m.Limits(66)))
        assert await scene.refuses(Why.OLDER_VERSION, proof=d.sign_document(KEY, known)) == ""
        assert ((await scene.row()).version, (await scene.row()).body["limit_kmh"]) == (NOW_MS - 50, 66)

    async def test_without_proof_the_same_goes_down_under_a_number_of_today(self, scene: Scene):
        row = await scene.sets(m.Limits(90))
        later = timedelta(hours=1)
        await scene.greets({m.LIMITS: (2, row.version + 60)}, later)
        assert await scene.refuses(Why.OLDER_VERSION, after=later) == ""
        fresh = await scene.row()
        assert (fresh.version, fresh.body, fresh.state) == (NOW_MS + 3_600_000, row.body, State.WAITING)
        assert scene.sent[-1].version == fresh.version
        assert await scene.refuses(Why.OLDER_VERSION, after=later + SECOND) == ""
        assert (await scene.row()).state is State.REFUSED, "a car that refuses every number keeps nobody busy"

    # Another owner

    async def test_nothing_of_a_former_owner_is_left_but_what_is_the_cars_own(self, scene: Scene):
        await scene.sets(m.Limits(90))
        await scene.sets(m.Places((m.Circle(1, 2, 300),)), kind=m.PLACES)
        await scene.sets(m.Duty(9), kind=m.DUTY)
        campaign = await scene.platform_sets(m.Campaign("C1"), m.CAMPAIGN)
        former = scene.tenure_id, scene.account_id
        scene.tenure_id, scene.account_id = await scene.stores.sold(scene)
        assert await scene.kinds() == {m.CAMPAIGN: campaign.version}
        with pytest.raises(e.DocumentClosed):
            await scene.sets(m.Limits(90), tenure_id=former[0], account_id=former[1], after=2 * SECOND)
        report = d.DocumentReport(d.ReportState.CHANGED, 0, schema=2, body=d.write_body(m.Limits(40)), change=1)
        assert await scene.says(report, tenure_id=None) == Why.OTHER_TENURE
        scene.tenure_id, theirs = former[0], scene.tenure_id
        assert await scene.kinds() == {}
        scene.tenure_id = theirs
        assert [document.kind for document in await scene.greets(after=2 * SECOND)] == [m.CAMPAIGN]
