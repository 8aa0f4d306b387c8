"""What event streams tell of commands and phones. REQ RC-4."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from openmarque.domains.commands.bodies import SHOWN, PhonesBody, command_body, phone_body
from openmarque.domains.commands.phones import LIVE_PART as PHONES_PART
from openmarque.domains.commands.postgres import PostgresCommands
from openmarque.domains.commands.progress import LIVE_PART as COMMANDS_PART
from openmarque.domains.commands.store import CommandView
from openmarque.http.edge import CarVisit
from openmarque.http.events import GONE, StreamPart
from openmarque.kit.ids import wire

NEWEST: Final = 10
_store: Final = PostgresCommands()


async def _read_commands(visit: CarVisit) -> dict[str, Any]:
    language = await _store.language(visit.tx, visit.account_id)
    views = await _store.command_views(visit.tx, visit.tenure_id, None, NEWEST)
    return {wire(view.command_id): command_body(view, language).model_dump(mode="json") for view in views}


def _merge_command(update: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any] | None:
    """The command that the update tells, unless more steps of it were told already: a remote command's steps only grow."""
    try:
        view = msgspec.convert(update.get("remote_command"), CommandView)
    except msgspec.ValidationError:
        return None
    name = wire(view.command_id)
    if name in told and len(told[name]["steps"]) > len(view.steps):
        return {}
    told_now: dict[str, Any] = {name: command_body(view, str(update.get("language", ""))).model_dump(mode="json")}
    others = sorted((known for known in told if known != name), key=lambda known: (told[known]["requested_at"], known))
    for pushed_out in others[: max(0, len(others) + 1 - NEWEST)]:
        told_now[pushed_out] = GONE
    return told_now


async def _read_keys(visit: CarVisit) -> dict[str, Any]:
    rows = await _store.owner_phones(visit.tx, visit.tenure_id)
    return PhonesBody(items=[phone_body(row) for row in rows if row.state in SHOWN]).model_dump(mode="json")


_COMMANDS_VERSION: Final = "SELECT concat_ws(' ', count(*), max(at)) FROM command_step WHERE tenure_id = %(tenure)s"
"""Whatever becomes of a command is a step of it."""
_KEYS_VERSION: Final = """
SELECT md5(string_agg(concat_ws(' ', key_id, label, state, reason, requested_at, changed_at), ' ' ORDER BY key_id))
  FROM digital_key WHERE tenure_id = %(tenure)s"""

COMMANDS: Final = StreamPart(COMMANDS_PART, _read_commands, _COMMANDS_VERSION, _merge_command)
"""The newest commands by id. Each step is told as it happens, whole, in the language of the account."""
DIGITAL_KEYS: Final = StreamPart(PHONES_PART, _read_keys, _KEYS_VERSION)
"""The digital keys of the car."""
