"""What the head-unit page shows, as plain values in one language; the page and its refresh both come from here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from openmarque.car.core import CarCore
from openmarque.car.headunit_phones import command_facts
from openmarque.car.model import REMOTE_ACCESS, Notice, NoticeCode
from openmarque.car.texts import text, text_or
from openmarque.catalogue.declarations import Declaration
from openmarque.catalogue.register import Catalogue
from openmarque.kit.clock import from_ms
from openmarque.kit.texts import texts
from openmarque.protocol.commands import COMMAND_REPORT
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import HOUSEKEEPING
from openmarque.services.trips.car import TripsState

_LINK_ONLY: Final = tuple(t.purpose for t in HOUSEKEEPING if t.leaves_at is Level.PRIVATE)


def live_state(core: CarCore, language: str, now: datetime) -> dict[str, Any]:
    """What changes by itself, keyed by the element that shows it."""
    trips = core.service_state("trips")
    running = isinstance(trips, TripsState) and trips.meter is not None
    return {
        "link": text(language, f"link.{core.link_state.value}"),
        "trip": text(language, "trip.running" if running else "trip.none"),
        "outbox": f"{core.outbox_fill} {text(language, 'outbox.messages')}",
        "policy": _policy(core, language, now),
        "level": int(core.privacy.level),
        "pairing": pairing_outcome(core, language),
        "notices": [_notice(notice, language) for notice in reversed(core.notices)],
    }


def pairing_outcome(core: CarCore, language: str) -> str:
    """What became of the pairing code that was typed last; "" when none was. REQ ENR-2."""
    return text(language, f"pairing.outcome.{core.pairing.outcome}", **core.pairing.facts)


def levels(core: CarCore, catalogue: Catalogue, language: str) -> list[dict[str, Any]]:
    """Each level to choose from: its name, whether it is chosen, whether the car is built for it, which services it lets have data, and which it stops.

    A service stops at a level when it works at the highest one that this car is built for, and not at that level. One that takes commands
    (locking) sends no data of its own: it works where the car may tell what became of a remote command.
    """
    most = _working_at(core, catalogue, core.ceiling)
    return [
        {
            "value": int(level),
            "name": text(language, f"level.{int(level)}"),
            "what": text(language, f"level.{int(level)}.what"),
            "chosen": core.privacy.level is level,
            "possible": level <= core.ceiling,
            "services": [d.purpose.get(language) or d.purpose["en"] for d in let_out],
            "stops": [_switch_name(d.name, language) for d in most if d not in _working_at(core, catalogue, level)],
        }
        for level, let_out in ((level, _services_at(core, catalogue, level)) for level in core.levels)
    ]


def switches(core: CarCore, catalogue: Catalogue, language: str) -> list[dict[str, Any]]:
    """Remote access first, then each service and group of services that can be switched off."""
    shown = core.switches()
    names = [REMOTE_ACCESS, *(name for name in shown if name != REMOTE_ACCESS)]
    return [{"name": name, "on": shown[name], **_switch_text(catalogue, name, language)} for name in names]


def level_note(core: CarCore, language: str) -> str:
    """Who set the level and when. REQ PRV-6."""
    if not core.privacy.counter:
        return text(language, "level.never_set")
    return text(
        language, "level.set_by", at=_moment(core.privacy.at_ms), by=text_or(language, f"by.{core.privacy.by}", core.privacy.by)
    )


def link_purposes() -> tuple[str, ...]:
    """What the link itself sends at every level."""
    return _LINK_ONLY


def _services_at(core: CarCore, catalogue: Catalogue, level: Level) -> list[Declaration]:
    types, paths = core.would_leave(level)
    return [
        declaration
        for declaration in catalogue.service_declarations()
        if not types.isdisjoint(declaration.message_levels()) or not paths.isdisjoint(declaration.signal_levels())
    ]


def _working_at(core: CarCore, catalogue: Catalogue, level: Level) -> list[Declaration]:
    let_out = _services_at(core, catalogue, level)
    takes_commands = COMMAND_REPORT in core.would_leave(level)[0]
    commandable = [d for d in catalogue.service_declarations() if d.commands and takes_commands and d.level <= level]
    return [*let_out, *(d for d in commandable if d not in let_out)]


def _switch_text(catalogue: Catalogue, name: str, language: str) -> dict[str, str]:
    if name == REMOTE_ACCESS:
        return {"label": text(language, "switch.remote_access"), "what": text(language, "switch.remote_access.what")}
    declaration = catalogue.declarations.get(name)
    label = _switch_name(name, language)
    if declaration is None:
        return {"label": label, "what": text(language, "group")}
    return {"label": label, "what": declaration.purpose.get(language) or declaration.purpose["en"]}


def _switch_name(name: str, language: str) -> str:
    return text_or(language, f"switch.{name}", texts(language).label(name))


def _policy(core: CarCore, language: str, now: datetime) -> str:
    policy = core.policy
    if policy is None:
        return text(language, "policy.none")
    until = from_ms(policy.valid_until_ms)
    return text(
        language,
        "policy.valid" if now < until else "policy.expired",
        version=policy.version,
        until=_moment(policy.valid_until_ms),
    )


def _notice(notice: Notice, language: str) -> dict[str, str]:
    facts: Mapping[str, object] = notice.facts
    match notice.code:
        case NoticeCode.LEVEL_CHANGED:
            facts = {"level_name": text(language, f"level.{notice.facts['level']}")}
        case NoticeCode.SWITCH_CHANGED:
            state = text(language, "on" if notice.facts["on"] else "off")
            facts = {"switch": _switch_name(str(notice.facts["switch"]), language), "state": state}
        case NoticeCode.PAIRING:
            facts = {"outcome": text(language, f"pairing.outcome.{notice.facts['outcome']}", **notice.facts)}
        case NoticeCode.COMMAND_TAKEN | NoticeCode.COMMAND_DONE | NoticeCode.COMMAND_REFUSED | NoticeCode.COMMAND_FAILED:
            facts = command_facts(notice.facts, language)
        case NoticeCode.PHONE_REFUSED:
            facts = {"why": text(language, f"phone_refused.{notice.facts['reason']}")}
        case _:
            pass
    return {"at": _moment(notice.at_ms), "text": text(language, f"notice.{notice.code.value}", **facts)}


def _moment(ms: int) -> str:
    """A moment for people, in UTC: the car knows no zone of its owner."""
    return f"{from_ms(ms):%Y-%m-%d %H:%M} UTC"
