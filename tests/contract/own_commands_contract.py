"""What commands do that a service of the platform gives by itself; run on memory by test_commands_store.py, on PostgreSQL by the integration tests."""

from uuid import UUID

import pytest

from openmarque.catalogue.command_arguments import ArgumentInvalid, ArgumentUnknown
from openmarque.domains.commands.errors import CommandRefused, CommandUnknown, NotForPlatform
from openmarque.domains.commands.giving import OwnCommands
from openmarque.domains.commands.states import State
from openmarque.parts.commands import OwnCommand
from openmarque.protocol.commands import verify_command
from openmarque.protocol.levels import Level
from openmarque.storage.memory import MemoryTransaction
from openmarque.storage.timers import MemoryTimerStore, PostgresTimerStore
from tests.contract.commands_contract import KEYS, SECOND, Scene
from tests.contract.link_contract import NOW


async def gives(scene: Scene, wanted: OwnCommand) -> UUID:
    async with scene.stores.tx() as tx:
        timers = MemoryTimerStore() if isinstance(tx, MemoryTransaction) else PostgresTimerStore()
        return await OwnCommands(scene.remote_commands, scene.stores.commands, timers).give(tx, scene.vehicle_id, wanted, NOW)


async def kept(scene: Scene) -> int:
    async with scene.stores.tx() as tx:
        return len(await scene.stores.commands.command_views(tx, scene.tenure_id, None, 10))


class OwnCommandsContract:
    """Subclass with a fixture ``scene`` (``CommandsContract``)."""

    async def test_a_service_gives_a_command_that_its_declaration_lists_and_the_owner_sees_why(self, scene: Scene) -> None:
        command_id = await gives(scene, OwnCommand("status", "refresh", "case_opened"))
        async with scene.stores.tx() as tx:
            view = await scene.stores.commands.command_view(tx, scene.tenure_id, command_id)
            row = await scene.stores.commands.lock_command(tx, command_id)
        assert view is not None
        assert row is not None
        assert (view.command, view.cause, view.state, view.phone) == ("refresh", "case_opened", State.ACCEPTED, None)
        assert (row.account_id, row.cause) == (scene.account_id, "case_opened"), "it counts as one of the owner's"
        async with scene.stores.tx() as tx:
            frame = await scene.remote_commands.progress.send_with(tx, command_id, bytes(16), NOW + SECOND)
        assert frame is not None
        assert verify_command(frame, scene.vehicle_id, KEYS)[1].key_id == ""
        asked = await scene.place(scene.asked("refresh"))
        assert asked.view is not None
        assert asked.view.cause == "", "an owner's own has none"

    @pytest.mark.req("RC-7b", "RC-7c")
    @pytest.mark.parametrize("command", ["lock", "unlock", "glow"])
    async def test_what_a_phone_or_a_safety_code_has_to_prove_is_given_by_no_service(self, scene: Scene, command: str) -> None:
        declaration = "lamp" if command == "glow" else "lock"
        with pytest.raises(NotForPlatform):
            await gives(scene, OwnCommand(declaration, command, "case_opened", {"duration_s": 5} if command == "glow" else {}))
        assert await kept(scene) == 0

    @pytest.mark.parametrize(
        ("wanted", "error"),
        [
            (OwnCommand("lamp", "refresh", "case_opened"), CommandUnknown),
            (OwnCommand("status", "no_such_command", "case_opened"), CommandUnknown),
            (OwnCommand("status", "refresh", ""), NotForPlatform),
            (OwnCommand("status", "refresh", "a cause of many words"), NotForPlatform),
            (OwnCommand("lamp", "blink", "case_opened"), ArgumentInvalid),
            (OwnCommand("lamp", "blink", "case_opened", {"duration_s": 601}), ArgumentInvalid),
            (OwnCommand("lamp", "blink", "case_opened", {"duration_s": 5, "loud": True}), ArgumentUnknown),
        ],
    )
    async def test_a_command_that_a_service_may_not_give_is_kept_nowhere(
        self, scene: Scene, wanted: OwnCommand, error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            await gives(scene, wanted)
        assert await kept(scene) == 0

    async def test_a_service_commands_no_car_that_nobody_may_command_and_none_that_the_engine_closes(
        self, scene: Scene
    ) -> None:
        await scene.level(Level.PRIVATE, 2)
        command_id = await gives(scene, OwnCommand("status", "refresh", "case_opened"))
        assert await scene.states(command_id) == ["refused"]
        await scene.stores.left(scene.vehicle_id)
        with pytest.raises(CommandRefused):
            await gives(scene, OwnCommand("status", "refresh", "case_opened"))
