"""What the head-unit page shows, as plain values in one language; the page and its refresh both come from here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from openmarque.car.core import CarCore
from openmarque.car.headunit_phones import command_facts, moment
from openmarque.car.model import REMOTE_ACCESS, Notice, NoticeCode
from openmarque.car.pairing import PairingView
from openmarque.catalogue.declarations import Declaration
from openmarque.catalogue.register import Catalogue
from openmarque.kit.clock import from_ms
from openmarque.kit.texts import Texts, texts
from openmarque.protocol.commands import COMMAND_REPORT
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import HOUSEKEEPING

_LINK_ONLY: Final = tuple(t.purpose for t in HOUSEKEEPING if t.leaves_at is Level.PRIVATE)


def live_state(core: CarCore, language: str, now: datetime) -> dict[str, Any]:
    """What changes by itself, keyed by the element that shows it."""
    said = texts(language)
    glances = {name: said.text(f"glance.{name}.{key}") for name, key in core.glances().items()}
    return {
        "link": said.text(f"screen.link.{core.link_state.value}"),
        "outbox": said.text("screen.outbox.fill", count=core.outbox_fill),
        "policy": _policy(core, said, now),
        "level": int(core.privacy.level),
        "pairing": pairing_outcome(core, language),
        "notices": [_notice(notice, said) for notice in reversed(core.notices)],
        "glances": glances,
        **{f"glance-{name}": text for name, text in glances.items()},
    }


def pairing_outcome(core: CarCore, language: str) -> str:
    """The outcome of the pairing code that was typed last; "" when none was. REQ ENR-2."""
    return _outcome(texts(language), core.pairing.outcome, core.pairing.facts)


def levels(core: CarCore, catalogue: Catalogue, language: str) -> list[dict[str, Any]]:
    """Each level to choose from: its name, whether it is chosen, whether the car is built for it, which services it lets have data, and which it stops.

    A service stops at a level when it works at the highest one that this car is built for, and not at that level. One that takes commands
    (locking) sends no data of its own: it works where the car may tell the outcome of a remote command.
    """
    most = _working_at(core, catalogue, core.ceiling)
    said = texts(language)
    return [
        {
            "value": int(level),
            "name": said.text(f"screen.level.{int(level)}.name"),
            "what": said.text(f"screen.level.{int(level)}.what"),
            "chosen": core.privacy.level is level,
            "possible": level <= core.ceiling,
            "services": [said.purpose(d.name) for d in let_out],
            "stops": [said.label(d.name) for d in most if d not in _working_at(core, catalogue, level)],
        }
        for level, let_out in ((level, _services_at(core, catalogue, level)) for level in core.levels)
    ]


def switches(core: CarCore, catalogue: Catalogue, language: str) -> list[dict[str, Any]]:
    """Remote access first, then each service and group of services that can be switched off."""
    shown = core.switches()
    names = [REMOTE_ACCESS, *(name for name in shown if name != REMOTE_ACCESS)]
    return [
        {"name": name, "on": shown[name], "label": texts(language).label(name), "what": _what(catalogue, name, texts(language))}
        for name in names
    ]


def level_note(core: CarCore, language: str) -> str:
    """Who set the level and when. REQ PRV-6."""
    said = texts(language)
    if not core.privacy.counter:
        return said.text("screen.level.never_set")
    by = said.text_or(f"screen.by.{core.privacy.by}", core.privacy.by)
    return said.text("screen.level.set_by", at=moment(said, core.privacy.at_ms), by=by)


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


def _what(catalogue: Catalogue, name: str, said: Texts) -> str:
    """What a switch switches: remote access, a service, or a group of services."""
    if name == REMOTE_ACCESS:
        return said.text("screen.remote_access")
    return said.purpose(name) if name in catalogue.declarations else said.text("screen.group")


def _policy(core: CarCore, said: Texts, now: datetime) -> str:
    policy = core.policy
    if policy is None:
        return said.text("screen.policy.none")
    key = "screen.policy.valid" if now < from_ms(policy.valid_until_ms) else "screen.policy.expired"
    return said.text(key, version=policy.version, until=moment(said, policy.valid_until_ms))


def _notice(notice: Notice, said: Texts) -> dict[str, str]:
    facts: Mapping[str, object] = notice.facts
    match notice.code:
        case NoticeCode.LEVEL_CHANGED:
            facts = {"level_name": said.text(f"screen.level.{notice.facts['level']}.name")}
        case NoticeCode.SWITCH_CHANGED:
            state = said.text("screen.on" if notice.facts["on"] else "screen.off")
            facts = {"switch": said.label(str(notice.facts["switch"])), "state": state}
        case NoticeCode.OUTBOX_PURGED | NoticeCode.OUTBOX_FULL:
            facts = {"count": notice.facts["messages"]}
        case NoticeCode.PAIRING:
            facts = {"outcome": _outcome(said, str(notice.facts["outcome"]), notice.facts)}
        case NoticeCode.COMMAND_TAKEN | NoticeCode.COMMAND_DONE | NoticeCode.COMMAND_REFUSED | NoticeCode.COMMAND_FAILED:
            facts = command_facts(notice.facts, said)
        case NoticeCode.PHONE_REFUSED:
            facts = {"why": said.text(f"screen.phone_refused.{notice.facts['reason']}")}
        case NoticeCode.DOCUMENT_SET | NoticeCode.DOCUMENT_LOST | NoticeCode.DOCUMENT_REFUSED:
            facts = _setting_facts(notice.facts, said)
        case _:
            pass
    return {"at": moment(said, notice.at_ms), "text": said.text(f"screen.notice.{notice.code.value}", **facts)}


def _setting_facts(facts: Mapping[str, str | int], said: Texts) -> dict[str, object]:
    """The facts of a notice about a settings document in words: what it is called, who set it, and why it was not taken."""
    by = said.text(f"screen.setting_by.{facts['by']}") if "by" in facts else ""
    why = said.reason_of(str(facts["reason"]), "document_unspecified") if "reason" in facts else ""
    return {"setting": said.label(str(facts.get("setting", ""))), "by": by, "why": why}


def _outcome(said: Texts, outcome: str, facts: Mapping[str, object]) -> str:
    if outcome == PairingView().outcome:
        return ""
    return said.text(f"screen.pairing.outcome.{outcome}", count=facts.get("minutes", 0), **facts)
