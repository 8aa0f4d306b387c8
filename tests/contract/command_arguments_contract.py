"""What commands with arguments do, and from when their times count; run on memory by test_commands_store.py, on PostgreSQL by the integration tests."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from openmarque.catalogue.command_arguments import ArgumentInvalid, ArgumentUnknown
from openmarque.domains.commands.errors import CommandMismatch, IdempotencyKeyReused
from openmarque.domains.commands.requests import Approval, CommandReceipt
from openmarque.domains.commands.states import State
from openmarque.kit.ids import wire
from openmarque.protocol.commands import read_payload, verify_command
from tests.contract.commands_contract import KEYS, SECOND, Scene
from tests.contract.link_contract import NOW

GIVEN: Mapping[str, Any] = {"duration_s": 30, "side": "right"}
EVERY = {"duration_s": 30, "dimmed": False, "side": "right", "colour": "white", "note": ""}


class ArgumentsContract:
    """Subclass with a fixture ``scene`` (``CommandsContract``)."""

    async def test_the_car_gets_the_arguments_that_the_phone_signed_and_the_owner_sees_all_of_them(self, scene: Scene) -> None:
        signed = scene.signed("glow", arguments=GIVEN)
        receipt = await scene.place(scene.asked("glow", signed, arguments=GIVEN))
        assert receipt.frame is not None
        assert verify_command(receipt.frame, scene.vehicle_id, KEYS)[1].arguments == GIVEN
        assert receipt.view is not None
        assert receipt.view.arguments == EVERY
        assert (await scene.remote_command(receipt.command_id)).arguments == EVERY

    @pytest.mark.parametrize(
        "signed",
        [{}, {"duration_s": 60, "side": "right"}, {**GIVEN, "dimmed": True}, {**GIVEN, "loud": True}, {"duration_s": 601}],
    )
    async def test_a_phone_that_signed_other_arguments_commands_nothing(self, scene: Scene, signed: Mapping[str, Any]) -> None:
        with pytest.raises(CommandMismatch):
            await scene.place(scene.asked("glow", scene.signed("glow", arguments=signed), arguments=GIVEN))

    @pytest.mark.parametrize(
        ("given", "argument", "limits"),
        [
            ({}, "duration_s", "1 … 600 s"),
            ({"duration_s": 0}, "duration_s", "1 … 600 s"),
            ({"duration_s": 601}, "duration_s", "1 … 600 s"),
            ({"duration_s": 2**70}, "duration_s", "1 … 600 s"),
            ({"duration_s": "30"}, "duration_s", "1 … 600 s"),
            ({"duration_s": True}, "duration_s", "1 … 600 s"),
            ({"duration_s": 30.5}, "duration_s", "1 … 600 s"),
            ({"duration_s": None}, "duration_s", "1 … 600 s"),
            ({**GIVEN, "dimmed": 1}, "dimmed", "true | false"),
            ({**GIVEN, "side": "above"}, "side", "left | right"),
            ({**GIVEN, "side": ["left"]}, "side", "left | right"),
            ({**GIVEN, "colour": "RED"}, "colour", "white | amber"),
            ({**GIVEN, "note": "x" * 21}, "note", "ASCII, 0 … 20"),
            ({**GIVEN, "note": "é"}, "note", "ASCII, 0 … 20"),
            ({**GIVEN, "note": "two lines\n"}, "note", "ASCII, 0 … 20"),
            ({**GIVEN, "note": 'a"b'}, "note", "ASCII, 0 … 20"),
        ],
    )
    async def test_an_argument_that_is_wrong_is_named_with_its_limits(
        self, scene: Scene, given: Mapping[str, Any], argument: str, limits: str
    ) -> None:
        with pytest.raises(ArgumentInvalid) as refused:
            await scene.place(scene.asked("glow", arguments=given))
        assert refused.value.facts == {"argument": argument, "limits": limits}
        assert limits in refused.value.remedy

    async def test_an_argument_that_the_command_has_not_is_named_with_those_that_it_has(self, scene: Scene) -> None:
        with pytest.raises(ArgumentUnknown) as refused:
            await scene.place(scene.asked("glow", arguments={**GIVEN, "loud": True}))
        assert refused.value.facts["argument"] == "loud"
        assert "duration_s" in refused.value.remedy
        with pytest.raises(ArgumentUnknown):
            await scene.place(scene.asked("lock", arguments={"duration_s": 5}))
        with pytest.raises(ArgumentUnknown) as refused:
            await scene.place(scene.asked("lock", arguments={"<b>\n" * 50: 5}))
        assert refused.value.facts["argument"] == "?"

    async def test_the_same_request_names_the_same_arguments(self, scene: Scene) -> None:
        asked = scene.asked("glow", arguments=GIVEN)
        receipt = await scene.place(asked)
        assert (await scene.place(asked)).command_id == receipt.command_id
        spelt_out = replace(asked, arguments=dict(reversed(EVERY.items())))
        assert (await scene.place(spelt_out)).command_id == receipt.command_id
        with pytest.raises(IdempotencyKeyReused):
            await scene.place(replace(asked, arguments={"duration_s": 31, "side": "right"}))

    async def test_a_phone_that_approves_signs_the_arguments_that_were_asked_for(self, scene: Scene) -> None:
        receipt = await scene.place(scene.asked("glow", arguments=GIVEN))
        assert receipt.view is not None

        async def approve(arguments: Mapping[str, Any]) -> CommandReceipt:
            signed = scene.signed("glow", command_id=wire(receipt.command_id), arguments=arguments)
            approval = Approval(receipt.command_id, scene.tenure_id, scene.account_id, signed)
            async with scene.stores.tx() as tx:
                return await scene.remote_commands.approve(tx, approval, NOW + SECOND)

        with pytest.raises(CommandMismatch):
            await approve({**GIVEN, "duration_s": 600})
        with pytest.raises(CommandMismatch):
            await approve({})
        approved = await approve(receipt.view.arguments)
        assert approved.frame is not None
        assert verify_command(approved.frame, scene.vehicle_id, KEYS)[1].arguments == EVERY

    async def test_the_platforms_own_command_carries_its_arguments_and_begins_in_the_time_since_the_request(
        self, scene: Scene
    ) -> None:
        receipt = await scene.place(scene.asked("blink", arguments=GIVEN))
        async with scene.stores.tx() as tx:
            frame = await scene.remote_commands.progress.send_with(
                tx, receipt.command_id, bytes(range(16)), NOW + timedelta(seconds=1.5)
            )
        assert frame is not None
        payload = read_payload(verify_command(frame, scene.vehicle_id, KEYS)[0].payload)
        assert payload.arguments == EVERY
        assert payload.valid_ms == 2_500, "four seconds from the request, a second and a half of which are gone"

    @pytest.mark.req("RC-6c")
    async def test_a_car_that_answers_too_late_is_not_sent_what_it_could_not_begin_in_time(self, scene: Scene) -> None:
        receipt = await scene.place(scene.asked("blink", arguments=GIVEN))
        async with scene.stores.tx() as tx:
            late = NOW + timedelta(seconds=4)
            assert await scene.remote_commands.progress.send_with(tx, receipt.command_id, bytes(16), late) is None
        view = await scene.remote_command(receipt.command_id)
        assert (view.state, view.reason) == (State.REFUSED, "not_sent")
