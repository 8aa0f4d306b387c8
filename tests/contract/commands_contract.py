"""What commands, phones and safety codes do; run on memory by test_commands_store.py, on PostgreSQL by the integration tests."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from openmarque.domains.commands.codes import SafetyCodes
from openmarque.domains.commands.errors import (
    CommandIdTaken,
    CommandRefused,
    CommandStepImpossible,
    CounterUsed,
    DigitalKeyNotActive,
    DigitalKeyRevoked,
    DigitalKeyUnknown,
    RemoteCommandUnknown,
    SafetyCodeLocked,
    SafetyCodeNeeded,
    SafetyCodeNotSet,
    SafetyCodeUnfit,
    TooManyPhoneRequests,
    WrongSafetyCode,
)
from openmarque.domains.commands.phones import Phones
from openmarque.domains.commands.reports import Resend
from openmarque.domains.commands.requests import Approval, Asked, CommandReceipt, Signed
from openmarque.domains.commands.rules import commands_of
from openmarque.domains.commands.service import RemoteCommands
from openmarque.domains.commands.states import KeyState, State
from openmarque.domains.commands.store import CodeRow, CommandEligibility, CommandRow, CommandStore, CommandView, PhoneRow
from openmarque.domains.consent.service import LevelRecord, LevelStore
from openmarque.domains.notifications.memory import MemoryNotices
from openmarque.governance.platform import installed_catalogue
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.ids import AccountId, TenureId, VehicleId, wire
from openmarque.link.ports import LinkStore
from openmarque.link.subjects import down_subject
from openmarque.protocol import signing
from openmarque.protocol.commands import (
    CommandPayload,
    CommandReport,
    CommandStep,
    b64url,
    sign_as_phone,
    verify_command,
    write_payload,
)
from openmarque.protocol.digital_keys import DigitalKeyReport, DigitalKeyResult, open_list
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import Hello, LevelChanged
from openmarque.storage.memory import MemoryTransaction
from openmarque.storage.postgres import PostgresTransaction
from openmarque.storage.transaction import Transaction
from tests.contract.link_contract import NOW
from tests.lamps import catalogue_with_lamps

KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"o" * 32)
KEYS = {signing.key_id(KEY.public_key()): KEY.public_key()}
SECOND = timedelta(seconds=1)


class Stores(Protocol):
    """One implementation of every store, and how to make a car with an owner."""

    commands: CommandStore
    link: LinkStore
    levels: LevelStore
    compiler: StoringPolicyCompiler

    def tx(self) -> AbstractAsyncContextManager[Transaction]: ...

    async def owned_car(self) -> tuple[VehicleId, TenureId, AccountId]:
        """A car of ceiling 3 with telematics and the plan "connect" since `NOW`, whose owner may command it."""
        ...

    async def left(self, vehicle_id: VehicleId) -> None:
        """The car leaves the garage of its owner."""
        ...


class PlainHasher:
    """A hasher that hides nothing: what is tested is the counting."""

    async def hash(self, account_id: AccountId, code: str) -> tuple[str, str]:
        return f"{account_id}:{code}", "pepper"

    async def prove(self, row: CodeRow, code: str) -> bool:
        return row.hash == f"{row.account_id}:{code}"


@dataclass
class Scene:
    """A car at level 3 with a phone that it knows, and the use cases."""

    stores: Stores
    vehicle_id: VehicleId
    tenure_id: TenureId
    account_id: AccountId
    phone: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    counter: int = 0
    notices: MemoryNotices = field(default_factory=lambda: MemoryNotices(installed_catalogue().notices()))

    def __post_init__(self) -> None:
        store, commands = self.stores.commands, commands_of(catalogue_with_lamps().commands())
        self.remote_commands = RemoteCommands(store, self.stores.link, commands, lambda: KEY, kept=True, fresh_s=120)
        self.phones = Phones(store, self.stores.link, lambda: KEY, self.notices)
        self.codes = SafetyCodes(store, PlainHasher(), 4)
        self.resend = Resend(store, self.phones)

    @property
    def key_id(self) -> str:
        return signing.key_id(self.phone.public_key())

    def signed(self, command: str = "lock", **changes: Any) -> Signed:
        self.counter += 1
        members: dict[str, Any] = {
            "command_id": uuid4().hex,
            "vehicle_id": wire(self.vehicle_id),
            "command": command,
            "key_id": self.key_id,
            "counter": self.counter,
            "challenge": b64url(bytes(16)),
            "valid_ms": 5_000,
        }
        payload = write_payload(CommandPayload(**{**members, **changes}))
        return Signed(payload, sign_as_phone(self.phone, payload))

    def asked(self, command: str = "lock", signed: Signed | None = None, **changes: Any) -> Asked:
        return replace(Asked(self.vehicle_id, self.tenure_id, self.account_id, uuid4().hex, command, signed=signed), **changes)

    async def place(self, asked: Asked, after: timedelta = timedelta()) -> CommandReceipt:
        async with self.stores.tx() as tx:
            return await self.remote_commands.place(tx, asked, NOW + after)

    async def locks(self, after: timedelta = timedelta()) -> UUID:
        return (await self.place(self.asked("lock", self.signed()), after)).command_id

    async def reports(self, command_id: UUID, step: CommandStep, reason: str = "", **changes: Any) -> str:
        who = {"vehicle_id": self.vehicle_id, "tenure_id": self.tenure_id, "now": NOW + SECOND, **changes}
        async with self.stores.tx() as tx:
            report = CommandReport(wire(command_id), step, reason, 0)
            return await self.remote_commands.progress.report(tx, who["vehicle_id"], who["tenure_id"], report, who["now"])

    async def over(self, command_id: UUID, after: timedelta = timedelta(seconds=21)) -> None:
        async with self.stores.tx() as tx:
            await self.remote_commands.progress.time_over(tx, command_id, NOW + after)

    async def remote_command(self, command_id: UUID) -> CommandView:
        async with self.stores.tx() as tx:
            view = await self.stores.commands.command_view(tx, self.tenure_id, command_id)
        assert view is not None
        return view

    async def states(self, command_id: UUID) -> list[str]:
        return [str(step.state) for step in (await self.remote_command(command_id)).steps]

    async def offered(self, key: ec.EllipticCurvePrivateKey | None = None, after: timedelta = timedelta()) -> PhoneRow:
        spki = signing.public_bytes((key or self.phone).public_key())
        who = (self.vehicle_id, self.tenure_id, self.account_id)
        async with self.stores.tx() as tx:
            row, _ = await self.phones.request(tx, who, spki, "a phone", bytes(32), NOW + after)
        return row

    async def car_says(self, result: DigitalKeyResult, key_id: str | None = None, tenure_id: TenureId | None = None) -> str:
        async with self.stores.tx() as tx:
            report = DigitalKeyReport(key_id or self.key_id, result, "as the car shows it")
            return await self.phones.report(tx, self.vehicle_id, tenure_id or self.tenure_id, report, NOW + SECOND)

    async def known(self) -> dict[str, KeyState]:
        async with self.stores.tx() as tx:
            return {row.key_id: row.state for row in await self.stores.commands.owner_phones(tx, self.tenure_id)}

    async def greeted(self, after: timedelta = timedelta()) -> list[tuple[str, bytes]]:
        """What the car is sent behind the answer to its greeting: (last token of the subject, frame)."""
        async with self.stores.tx() as tx:
            await self.resend.greeted(tx, self.vehicle_id, Hello((2,), 0, {}), NOW + after)
            sent: list[tuple[str, bytes]] = list(tx.publications)  # type: ignore[attr-defined]
        prefix = down_subject(self.vehicle_id, "")
        return [(subject.removeprefix(prefix), frame) for subject, frame in sent if subject.startswith(prefix)]

    async def level(self, level: Level, counter: int) -> None:
        async with self.stores.tx() as tx:
            change = LevelChanged(level, counter, 1_700_000_000_000, "test", "k", b"s")
            await self.stores.levels.add(tx, LevelRecord(self.vehicle_id, self.tenure_id, change, NOW))
            await self.stores.compiler.recompile(tx, [self.vehicle_id], NOW)


class CommandsContract:
    """Subclass with a fixture ``command_stores``."""

    @pytest.fixture
    async def scene(self, command_stores: Stores) -> Scene:
        scene = Scene(command_stores, *await command_stores.owned_car())
        await scene.level(Level.POSITION, 1)
        await scene.offered()
        assert await scene.car_says(DigitalKeyResult.STORED) == ""
        return scene

    # Remote commands

    async def test_a_signed_command_is_sent_with_both_signatures(self, scene: Scene) -> None:
        signed = scene.signed()
        receipt = await scene.place(scene.asked("lock", signed))
        assert receipt.frame is not None
        remote_command, payload = verify_command(receipt.frame, scene.vehicle_id, KEYS)
        assert (remote_command.payload, remote_command.phone_signature, remote_command.code_fresh) == (
            signed.payload,
            signed.signature,
            False,
        )
        assert UUID(payload.command_id) == receipt.command_id
        assert await scene.states(receipt.command_id) == ["accepted", "sent"]

    @pytest.mark.req("RC-6a")
    async def test_reports_move_a_remote_command_on_and_repeated_ones_change_nothing(self, scene: Scene) -> None:
        command_id = await scene.locks()
        for step in (CommandStep.REACHED, CommandStep.EXECUTING, CommandStep.DONE, CommandStep.DONE, CommandStep.REACHED):
            assert await scene.reports(command_id, step) == ""
        assert await scene.states(command_id) == ["accepted", "sent", "reached", "executing", "done"]
        assert await scene.reports(command_id, CommandStep.FAILED, "no_effect") == "command_step_impossible"

    @pytest.mark.req("RC-6f")
    async def test_what_a_car_says_at_once_is_kept_step_by_step_and_told_once(self, scene: Scene) -> None:
        command_id = await scene.locks()
        steps = (CommandStep.REACHED, CommandStep.REACHED, CommandStep.FAILED, CommandStep.DONE)
        said = [CommandReport(wire(command_id), step, "no_effect", 0) for step in steps]
        async with scene.stores.tx() as tx:
            refused = await scene.remote_commands.progress.reports(tx, scene.vehicle_id, scene.tenure_id, said, NOW + SECOND)
            assert isinstance(tx, PostgresTransaction | MemoryTransaction)
            assert len(tx.publications) == 1
        assert refused == ["", "", "", "command_step_impossible"]
        view = await scene.remote_command(command_id)
        assert [(str(step.state), step.reason) for step in view.steps[2:]] == [("reached", ""), ("failed", "no_effect")]
        assert (view.state, view.reason) == (State.FAILED, "no_effect")

    async def test_a_new_command_is_told_as_it_is_kept(self, scene: Scene) -> None:
        await scene.level(Level.PRIVATE, 2)
        refused = await scene.place(scene.asked("lock", scene.signed()))
        await scene.level(Level.POSITION, 3)
        for receipt in (
            refused,
            await scene.place(scene.asked("lock", scene.signed())),
            await scene.place(scene.asked("lock")),
        ):
            assert receipt.view == await scene.remote_command(receipt.command_id)

    @pytest.mark.req("RC-6a")
    async def test_no_outcome_in_time_expires_and_a_late_true_report_corrects_it(self, scene: Scene) -> None:
        command_id = await scene.locks()
        await scene.over(command_id, timedelta(seconds=19))
        assert (await scene.remote_command(command_id)).state is State.SENT, "not before its time"
        await scene.over(command_id)
        await scene.over(command_id)
        view = await scene.remote_command(command_id)
        assert (view.state, view.reason) == (State.EXPIRED, "no_outcome")
        assert await scene.reports(command_id, CommandStep.REACHED) == ""
        assert (await scene.remote_command(command_id)).state is State.EXPIRED
        assert await scene.reports(command_id, CommandStep.REFUSED, "late") == ""
        view = await scene.remote_command(command_id)
        assert (view.state, view.reason) == (State.REFUSED, "late")
        assert await scene.states(command_id) == ["accepted", "sent", "expired", "refused"]

    async def test_a_report_of_another_car_or_tenure_or_command_is_refused(self, scene: Scene) -> None:
        command_id = await scene.locks()
        assert await scene.reports(command_id, CommandStep.DONE, vehicle_id=VehicleId(uuid4())) == "unknown_remote_command"
        assert await scene.reports(command_id, CommandStep.DONE, tenure_id=TenureId(uuid4())) == "no_tenure"
        assert await scene.reports(uuid4(), CommandStep.DONE) == "unknown_remote_command"
        async with scene.stores.tx() as tx:
            odd = CommandReport("no id", CommandStep.DONE, "", 0)
            assert (
                await scene.remote_commands.progress.report(tx, scene.vehicle_id, scene.tenure_id, odd, NOW)
                == "unknown_remote_command"
            )
        assert (await scene.remote_command(command_id)).state is State.SENT

    async def test_a_reason_of_the_car_that_is_no_code_is_not_kept(self, scene: Scene) -> None:
        command_id = await scene.locks()
        assert await scene.reports(command_id, CommandStep.REFUSED, "<b>call this number</b>") == ""
        assert (await scene.remote_command(command_id)).reason == "unspecified"

    @pytest.mark.req("RC-6d")
    async def test_a_counter_and_an_id_are_used_once(self, scene: Scene) -> None:
        signed = scene.signed()
        await scene.place(scene.asked("lock", signed))
        with pytest.raises(CounterUsed):
            await scene.place(scene.asked("lock", signed))
        with pytest.raises(CounterUsed):
            await scene.place(scene.asked("lock", scene.signed(counter=1)))
        taken = scene.signed(command_id=wire((await scene.place(scene.asked("lock", scene.signed()))).command_id))
        with pytest.raises(CommandIdTaken):
            await scene.place(scene.asked("lock", taken))

    @pytest.mark.req("RC-6b", "RC-6e")
    async def test_what_the_engine_does_not_permit_is_a_remote_command_that_is_refused(self, scene: Scene) -> None:
        await scene.level(Level.PRIVATE, 2)
        receipt = await scene.place(scene.asked("lock", scene.signed()))
        view = await scene.remote_command(receipt.command_id)
        assert (receipt.frame, view.state, view.reason) == (None, State.REFUSED, "level_too_low")
        assert await scene.reports(receipt.command_id, CommandStep.DONE) == "command_step_impossible"

    @pytest.mark.req("RC-7a")
    async def test_who_may_not_command_the_car_commands_nothing(self, scene: Scene) -> None:
        signed = scene.signed()
        with pytest.raises(CommandRefused):
            await scene.place(scene.asked("lock", signed, account_id=AccountId(uuid4())))
        await scene.stores.left(scene.vehicle_id)
        with pytest.raises(CommandRefused):
            await scene.place(scene.asked("lock", signed))

    @pytest.mark.req("RC-7b", "RC-7c")
    async def test_an_approval_needs_a_phone_its_own_command_and_a_fresh_code(self, scene: Scene) -> None:
        receipt = await scene.place(scene.asked("unlock", code_right=True))
        signed = scene.signed("unlock", command_id=wire(receipt.command_id))

        async def approve(after: timedelta, **changes: Any) -> CommandReceipt:
            approval = Approval(receipt.command_id, scene.tenure_id, scene.account_id, signed)
            async with scene.stores.tx() as tx:
                return await scene.remote_commands.approve(tx, replace(approval, **changes), NOW + after)

        with pytest.raises(RemoteCommandUnknown):
            await approve(SECOND, account_id=AccountId(uuid4()))
        with pytest.raises(RemoteCommandUnknown):
            await approve(SECOND, tenure_id=TenureId(uuid4()))
        with pytest.raises(CommandStepImpossible):
            await approve(timedelta(seconds=120))
        approved = await approve(timedelta(seconds=119))
        assert approved.frame is not None
        assert verify_command(approved.frame, scene.vehicle_id, KEYS)[0].code_fresh
        assert (await approve(timedelta(seconds=125))).frame is None, "again the same command, not sent again"
        assert await scene.states(receipt.command_id) == ["awaiting_phone", "accepted", "sent"]
        without = await scene.place(scene.asked("unlock"))
        signed = scene.signed("unlock", command_id=wire(without.command_id))
        with pytest.raises(SafetyCodeNeeded):
            await approve(SECOND, command_id=without.command_id)
        with pytest.raises(SafetyCodeNeeded):
            await scene.place(scene.asked("unlock", scene.signed("unlock")))

    async def test_the_platforms_own_command_goes_with_a_challenge_and_a_counter_that_grows(self, scene: Scene) -> None:
        counters = []
        for _ in range(2):
            receipt = await scene.place(scene.asked("refresh"))
            assert (receipt.frame, receipt.needs_challenge) == (None, True)
            async with scene.stores.tx() as tx:
                frame = await scene.remote_commands.progress.send_with(tx, receipt.command_id, bytes(range(16)), NOW + SECOND)
            assert frame is not None
            _, payload = verify_command(frame, scene.vehicle_id, KEYS)
            assert (payload.key_id, payload.challenge) == ("", b64url(bytes(range(16))))
            counters.append(payload.counter)
            async with scene.stores.tx() as tx:
                assert (
                    await scene.remote_commands.progress.send_with(tx, receipt.command_id, bytes(16), NOW + SECOND) is None
                ), "once"
            assert await scene.states(receipt.command_id) == ["accepted", "sent"]
        assert counters[0] < counters[1]
        late = await scene.place(scene.asked("refresh"))
        async with scene.stores.tx() as tx:
            assert (
                await scene.remote_commands.progress.send_with(tx, late.command_id, bytes(16), NOW + timedelta(seconds=20))
                is None
            )

    async def test_the_time_of_a_command_counts_from_when_its_request_came_in(self, scene: Scene) -> None:
        """A request may wait for its safety code's hash, or for a crowded database: that time is the command's."""
        at_the_door = NOW - timedelta(seconds=3)
        receipt = await scene.place(scene.asked("refresh", requested_at=at_the_door))
        assert receipt.view is not None
        refresh = commands_of(catalogue_with_lamps().commands())["refresh"]
        begins, lives = refresh.begins_within, refresh.lives
        assert (receipt.view.requested_at, receipt.view.expires_at) == (at_the_door, at_the_door + lives)
        async with scene.stores.tx() as tx:
            frame = await scene.remote_commands.progress.send_with(tx, receipt.command_id, bytes(16), NOW)
        assert frame is not None
        _, payload = verify_command(frame, scene.vehicle_id, KEYS)
        assert timedelta(milliseconds=payload.valid_ms) == begins - timedelta(seconds=3)
        late = await scene.place(scene.asked("refresh", requested_at=NOW - begins))
        async with scene.stores.tx() as tx:
            assert await scene.remote_commands.progress.send_with(tx, late.command_id, bytes(16), NOW) is None
        assert await scene.states(late.command_id) == ["accepted", "refused"]

    # A car that is away, and comes back

    @pytest.mark.req("RC-6b")
    async def test_a_remote_command_that_nobody_took_is_refused_and_not_sent_when_the_car_comes_back(
        self, scene: Scene
    ) -> None:
        command_id = await scene.locks()
        async with scene.stores.tx() as tx:
            await scene.remote_commands.progress.turn_down(tx, command_id, "car_offline", NOW + SECOND)
        view = await scene.remote_command(command_id)
        assert (view.state, view.reason) == (State.REFUSED, "car_offline")
        assert [kind for kind, _ in await scene.greeted(2 * SECOND)] == ["keys"]

    async def test_a_car_that_came_back_meanwhile_and_got_the_command_is_not_said_to_be_away(self, scene: Scene) -> None:
        command_id = await scene.locks()
        assert [kind for kind, _ in await scene.greeted()] == ["keys", "command"]
        async with scene.stores.tx() as tx:
            await scene.remote_commands.progress.turn_down(tx, command_id, "car_offline", NOW + SECOND)
        assert (await scene.remote_command(command_id)).state is State.SENT

    @pytest.mark.req("RC-6c")
    async def test_only_what_is_in_time_and_unheard_of_is_sent_again_behind_the_list_of_phones(self, scene: Scene) -> None:
        heard, unheard = await scene.locks(), await scene.locks(SECOND)
        await scene.reports(heard, CommandStep.REACHED)
        (kind, _), (second, frame) = await scene.greeted(2 * SECOND)
        assert (kind, second) == ("keys", "command")
        assert UUID(verify_command(frame, scene.vehicle_id, KEYS)[1].command_id) == unheard
        assert [kind for kind, _ in await scene.greeted(timedelta(seconds=21))] == ["keys"], "its time is over"

    # Phones

    async def test_a_phone_is_active_once_the_car_says_so_and_its_owner_hears_of_it_once(self, scene: Scene) -> None:
        assert await scene.known() == {scene.key_id: KeyState.ACTIVE}
        await scene.offered()
        await scene.car_says(DigitalKeyResult.STORED)
        assert [told.arguments for told in scene.notices.told] == [{"phone": "as the car shows it"}]
        await scene.car_says(DigitalKeyResult.WRONG_MAC)
        assert await scene.known() == {scene.key_id: KeyState.ACTIVE}

    @pytest.mark.req("RC-7b")
    async def test_a_phone_that_the_car_did_not_take_commands_nothing(self, scene: Scene) -> None:
        scene.phone = ec.generate_private_key(ec.SECP256R1())
        await scene.offered()
        with pytest.raises(DigitalKeyNotActive):
            await scene.locks()
        await scene.car_says(DigitalKeyResult.NO_TICKET)
        assert (await scene.known())[scene.key_id] is KeyState.REFUSED
        with pytest.raises(DigitalKeyNotActive):
            await scene.locks()

    @pytest.mark.req("AUT-6c")
    async def test_a_revoked_phone_is_on_no_list_and_no_late_report_brings_it_back(self, scene: Scene) -> None:
        other = ec.generate_private_key(ec.SECP256R1())
        awaited = (await scene.offered(other)).key_id
        async with scene.stores.tx() as tx:
            await scene.phones.revoke(tx, scene.tenure_id, scene.key_id, NOW + SECOND)
            sent: list[tuple[str, bytes]] = list(tx.publications)  # type: ignore[attr-defined]
        (frame,) = [frame for subject, frame in sent if subject == down_subject(scene.vehicle_id, "keys")]
        held = open_list(frame, scene.vehicle_id, KEYS)
        assert (held.key_ids, held.awaited) == ((awaited,), (awaited,))
        assert await scene.car_says(DigitalKeyResult.STORED) == ""
        assert (await scene.known())[scene.key_id] is KeyState.REVOKED
        newer = open_list((await scene.greeted(2 * SECOND))[0][1], scene.vehicle_id, KEYS)
        assert newer.version > held.version
        async with scene.stores.tx() as tx:
            with pytest.raises(DigitalKeyUnknown):
                await scene.phones.revoke(tx, scene.tenure_id, "0" * 32, NOW)

    @pytest.mark.req("AUT-6c", "RC-7b")
    async def test_a_thief_who_offers_a_revoked_key_again_gets_nothing_while_the_car_has_not_heard(self, scene: Scene) -> None:
        async with scene.stores.tx() as tx:
            await scene.phones.revoke(tx, scene.tenure_id, scene.key_id, NOW + SECOND)
        with pytest.raises(DigitalKeyRevoked):
            await scene.offered(after=SECOND)
        held = open_list((await scene.greeted(2 * SECOND))[0][1], scene.vehicle_id, KEYS)
        assert (held.key_ids, held.awaited) == ((), ()), "the car, back from where there is no coverage, forgets the phone"
        await scene.car_says(DigitalKeyResult.STORED)
        with pytest.raises(DigitalKeyNotActive):
            await scene.locks()

    async def test_a_remote_command_names_the_list_that_the_car_was_sent_last(self, scene: Scene) -> None:
        held = open_list((await scene.greeted())[0][1], scene.vehicle_id, KEYS)
        receipt = await scene.place(scene.asked("lock", scene.signed()))
        assert receipt.frame is not None
        assert verify_command(receipt.frame, scene.vehicle_id, KEYS)[0].keys_version == held.version

    async def test_when_the_car_leaves_the_garage_no_phone_remains(self, scene: Scene) -> None:
        await scene.stores.left(scene.vehicle_id)
        ((kind, frame),) = await scene.greeted(SECOND)
        assert (kind, open_list(frame, scene.vehicle_id, KEYS).key_ids) == ("keys", ())

    async def test_a_car_that_never_had_a_phone_is_told_of_none(self, command_stores: Stores) -> None:
        scene = Scene(command_stores, *await command_stores.owned_car())
        assert await scene.greeted() == []

    async def test_few_requests_wait_and_old_ones_make_room(self, scene: Scene) -> None:
        for _ in range(3):
            await scene.offered(ec.generate_private_key(ec.SECP256R1()))
        with pytest.raises(TooManyPhoneRequests):
            await scene.offered(ec.generate_private_key(ec.SECP256R1()))
        await scene.offered(ec.generate_private_key(ec.SECP256R1()), timedelta(minutes=11))
        assert sorted((await scene.known()).values()) == [KeyState.ACTIVE, KeyState.REQUESTED]

    async def test_a_report_on_a_phone_that_nobody_offered_is_refused(self, scene: Scene) -> None:
        assert await scene.car_says(DigitalKeyResult.STORED, "f" * 32) == "unknown_phone"
        assert await scene.car_says(DigitalKeyResult.STORED, tenure_id=TenureId(uuid4())) == "unknown_phone"

    async def test_in_private_mode_no_phone_is_offered(self, scene: Scene) -> None:
        await scene.level(Level.PRIVATE, 2)
        with pytest.raises(CommandRefused):
            await scene.offered()

    # The safety code

    @pytest.mark.req("AUT-7a", "AUT-7c")
    async def test_tries_are_counted_before_they_are_looked_at_and_a_right_one_clears_them(self, scene: Scene) -> None:
        async def tried(code: str, after: timedelta = timedelta()) -> CodeRow:
            async with scene.stores.tx() as tx:
                counted = await scene.codes.begin(tx, scene.account_id, NOW + after)
            await scene.codes.prove(counted, code)
            async with scene.stores.tx() as tx:
                await scene.codes.passed(tx, counted)
            return counted

        with pytest.raises(SafetyCodeNotSet):
            await tried("4817")
        with pytest.raises(SafetyCodeUnfit):
            await scene.codes.hashed(scene.account_id, "1234", NOW)
        chosen = await scene.codes.hashed(scene.account_id, "4817", NOW)
        async with scene.stores.tx() as tx:
            await scene.codes.choose(tx, chosen)
        for left in (4, 3, 2, 1):
            with pytest.raises(WrongSafetyCode) as wrong:
                await tried("0000")
            assert wrong.value.facts["tries_left"] == left
        assert (await tried("4817")).wrong == 5, "the last try may be the right one"
        for _ in range(5):
            with pytest.raises(WrongSafetyCode):
                await tried("0000")
        with pytest.raises(SafetyCodeLocked) as locked:
            await tried("4817", timedelta(minutes=14))
        assert locked.value.facts["wait_s"] == 60
        with pytest.raises(WrongSafetyCode):
            await tried("0000", timedelta(minutes=15))
        with pytest.raises(SafetyCodeLocked):
            await tried("4817", timedelta(minutes=44))
        assert (await tried("4817", timedelta(minutes=45))).wrong == 7
        async with scene.stores.tx() as tx:
            row = await scene.stores.commands.lock_code(tx, scene.account_id)
        assert row is not None
        assert (row.wrong, row.locked_until) == (0, None)

    # What stores promise beyond

    @pytest.mark.req("RC-6d")
    async def test_a_store_takes_each_id_key_and_counter_once(self, scene: Scene) -> None:
        store = scene.stores.commands
        row = CommandRow(
            uuid4(), scene.tenure_id, scene.vehicle_id, scene.account_id, "key-0001", b"f", "glow", {"duration_s": 5}, State.REFUSED, "late", 1, NOW,
            NOW + SECOND, key_id="a" * 32, counter=5,
        )  # fmt: skip
        async with scene.stores.tx() as tx:
            assert await store.add_command(tx, row, [State.REFUSED], NOW)
        twins = {
            "id": replace(row, idempotency_key="key-0002", counter=6),
            "key": replace(row, command_id=uuid4(), counter=7),
            "counter": replace(row, command_id=uuid4(), idempotency_key="key-0003"),
        }
        for name, twin in twins.items():
            async with scene.stores.tx() as tx:
                assert not await store.add_command(tx, twin, [State.REFUSED], NOW), name
        for fresh in (
            replace(row, command_id=uuid4(), idempotency_key="key-0004", key_id=None, counter=None),
            replace(row, command_id=uuid4(), idempotency_key="key-0005", key_id=None, counter=None),
        ):
            async with scene.stores.tx() as tx:
                assert await store.add_command(tx, fresh, [State.REFUSED], NOW)
        async with scene.stores.tx() as tx:
            assert await store.command_by_key(tx, scene.account_id, "key-0001") == row
            assert await store.command_by_key(tx, AccountId(uuid4()), "key-0001") is None
            assert await store.lock_command(tx, row.command_id) == row
            assert await store.lock_command(tx, uuid4()) is None
            assert await store.command_view(tx, TenureId(uuid4()), row.command_id) is None
            assert await store.eligibility(tx, scene.tenure_id, scene.account_id, NOW, NOW - SECOND) == CommandEligibility(
                True, 3, 0, "en"
            )
            assert await store.eligibility(tx, scene.tenure_id, AccountId(uuid4()), NOW, NOW) == CommandEligibility(
                False, 0, 0, ""
            )

    async def test_commands_are_read_newest_first_from_any_place_on(self, scene: Scene) -> None:
        receipt = [await scene.locks(SECOND * n) for n in range(4)]
        store = scene.stores.commands
        async with scene.stores.tx() as tx:
            newest = await store.command_views(tx, scene.tenure_id, None, 3)
            assert [view.command_id for view in newest] == receipt[:0:-1]
            rest = await store.command_views(tx, scene.tenure_id, (newest[-1].requested_at, newest[-1].command_id), 3)
            assert [view.command_id for view in rest] == receipt[:1]
            assert newest[0].phone == (scene.key_id, "as the car shows it")
            assert await store.command_views(tx, TenureId(uuid4()), None, 3) == []

    async def test_a_view_is_told_and_read_back_as_it_is(self, scene: Scene) -> None:
        view = await scene.remote_command(await scene.locks())
        assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(view)), CommandView) == view
