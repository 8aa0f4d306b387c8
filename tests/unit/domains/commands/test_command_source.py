"""What event streams tell of commands: each step once, the newest ten only."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from openmarque.domains.commands.sources import COMMANDS, NEWEST
from openmarque.domains.commands.states import State
from openmarque.domains.commands.store import CommandView, Step
from openmarque.http.events import GONE

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def view(number: int, *states: State) -> CommandView:
    at = NOW + number * SECOND
    steps = tuple(Step(state, "", at) for state in states)
    return CommandView(UUID(int=number), "lock", {}, states[-1], "", at, at + 20 * SECOND, ("a" * 32, "phone"), steps)


def update(remote_command: CommandView, language: str = "fr") -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode({"kind": "remote_commands", "remote_command": remote_command, "language": language})
    )
    return told


def merge(update: dict[str, Any], told: dict[str, Any]) -> dict[str, Any] | None:
    assert COMMANDS.merge_update is not None
    return COMMANDS.merge_update(update, told)


def test_an_update_tells_the_command_whole_and_an_older_one_nothing():
    done = view(1, State.ACCEPTED, State.SENT, State.DONE)
    told = merge(update(done), {})
    assert told is not None
    (name,) = told
    assert (name, told[name]["state"], len(told[name]["steps"])) == (UUID(int=1).hex, "done", 3)
    assert told[name]["message"] == "Fait\u00a0: les capteurs de la voiture le disent."
    assert merge(update(view(1, State.ACCEPTED, State.SENT)), told) == {}
    assert merge({"kind": "remote_commands"}, told) is None, "what can't be read has the part read anew"


def test_the_newest_ten_are_held_and_a_new_one_pushes_the_oldest_out():
    state: dict[str, Any] = {}
    for number in range(1, NEWEST + 1):
        told = merge(update(view(number, State.SENT)), state)
        assert told is not None
        assert GONE not in told.values()
        state |= told
    again = merge(update(replace(view(1, State.SENT, State.DONE))), state)
    assert again is not None
    assert GONE not in again.values()
    pushed = merge(update(view(NEWEST + 1, State.SENT)), state)
    assert pushed is not None
    assert [name for name, value in pushed.items() if value is GONE] == [UUID(int=1).hex]
