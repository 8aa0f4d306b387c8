"""The one engine: may this service, for this car and this owner, now, take this signal, keep this field, run this command?

Theory of operation:
    A question is answered in two steps. ``standing`` looks at what changes rarely (retention set, owner, equipment,
    contract, consent, switches in the app) and gives a ``Rule``: open in a window of time, or closed for a reason. ``judge``
    puts a rule beside the moment (privacy level, ceiling, switches in the car, time) and gives a ``Permit`` or a ``Refusal``.

    ``decide`` does both at once. The compiled policy (``openmarque.catalogue.policy``) is the table of all rules of one car;
    judging it is the second step alone, in the cloud's hot path and in the car. Both therefore give the same answer.

    Everything fails closed: unknown declaration, unknown item, unknown level, no facts → refusal. A legal duty is open at every
    level, without contract and after the policy has run out (PRV-2, ENR-8).

A ``Permit`` is made here and nowhere else; a lint holds that.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from openmarque.catalogue.declarations import Authority, Declaration, LegalBasis, Scope
from openmarque.catalogue.facts import ContractFact, Facts
from openmarque.catalogue.refusals import Reason, Refusal
from openmarque.kit.clock import to_ms
from openmarque.protocol.levels import Level, effective


class Kind(StrEnum):
    """What a question is about."""

    SIGNAL = "signal"
    MESSAGE = "message"
    FIELD = "field"
    COMMAND = "command"
    DOCUMENT = "document"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Ask:
    """May `declaration` take, keep, run, set or tell `name`? `captured` is the level when a value was captured; None: nothing captured yet."""

    declaration: str
    kind: Kind
    name: str
    captured: Level | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What can change between two messages: the car's level, its built-in ceiling, its switches, and the time.

    `level` None means unknown and counts as private. `switched_off` holds names of declarations and groups switched off in the car.
    """

    now_ms: int
    level: Level | None
    ceiling: Level = Level.POSITION
    switched_off: frozenset[str] = frozenset()
    remote_access: bool = True


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """One declaration as it stands for one car: `closed` for a reason, or open in [from_ms, until_ms).

    `names` maps ``kind:name`` to the privacy level it needs; `authorities` says who has to sign each command, as it counts for the
    brand. Unset bounds are open ends.
    """

    declaration: str
    version: int
    names: dict[str, Level]
    closed: str = ""
    from_ms: int | None = None
    until_ms: int | None = None
    duty: bool = False
    group: str = ""
    remote: bool = False
    authorities: dict[str, Authority] = {}


@dataclass(frozen=True, slots=True)
class Permit:
    """Proof that the engine said yes; whatever touches personal data or a car asks for one.

    `covers` are the names it covers, `level` the effective level it was judged at. It ends at `until_ms` (None: no end in sight)
    and with the policy version it was judged by.
    """

    declaration: str
    kind: Kind
    covers: frozenset[str]
    vehicle_id: UUID
    tenure_id: UUID | None
    policy_version: int
    level: Level
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data a judgement is about, and by which version of the policy."""

    vehicle_id: UUID
    tenure_id: UUID | None
    policy_version: int


_NO_SPAN: Final = (None, None)


def decide(declaration: Declaration | None, facts: Facts, ask: Ask) -> Permit | Refusal:
    """Answer `ask` from a declaration (None: there is none of that name) and the facts of one car. Pure."""
    if declaration is None or declaration.name != ask.declaration:
        return Refusal(ask.declaration, ask.name, Reason.UNDECLARED)
    subject = Subject(facts.vehicle_id, facts.tenure_id, facts.policy_version)
    return judge(standing(declaration, facts), subject, moment_of(facts), ask)


def moment_of(facts: Facts) -> Moment:
    """The moving part of `facts`."""
    return Moment(to_ms(facts.now), facts.level, facts.ceiling, facts.switched_off_in_car, facts.remote_access)


def standing(declaration: Declaration, facts: Facts) -> Rule:
    """How a declaration stands for a car, apart from the moment: the first step of every answer. Pure."""
    closed, (from_ms, until_ms) = _closed(declaration, facts)
    return Rule(
        declaration=declaration.name,
        version=declaration.version,
        names=names_of(declaration),
        closed=closed,
        from_ms=from_ms,
        until_ms=until_ms,
        duty=declaration.is_legal_duty,
        group=declaration.group,
        remote=declaration.remote,
        authorities={command.name: command.authority for command in declaration.commands},
    )


def judge(rule: Rule, subject: Subject, moment: Moment, ask: Ask) -> Permit | Refusal:
    """Answer `ask` by a rule at a moment: the second step. Pure."""
    needed = rule.names.get(f"{ask.kind}:{ask.name}")
    reason = Reason.UNDECLARED if needed is None else _refused(rule, moment, ask.captured, needed)
    if reason is not None:
        return Refusal(rule.declaration, ask.name, reason)
    return _permit(rule, subject, moment, ask.kind, frozenset((ask.name,)))


def open_names(rule: Rule, subject: Subject, moment: Moment, kind: Kind) -> Permit | Refusal:
    """A permit for every name of `kind` that is open at this moment: one answer for a whole message. Pure.

    A refusal when nothing is, for the reason of the rule as a whole, or of the least demanding name.
    """
    prefix = f"{kind}:"
    levels = {key.removeprefix(prefix): level for key, level in rule.names.items() if key.startswith(prefix)}
    covered = frozenset(name for name, needed in levels.items() if _refused(rule, moment, None, needed) is None)
    if covered:
        return _permit(rule, subject, moment, kind, covered)
    least = min(levels.values(), default=None)
    reason = Reason.UNDECLARED if least is None else _refused(rule, moment, None, least) or Reason.UNDECLARED
    return Refusal(rule.declaration, str(kind), reason)


def _permit(rule: Rule, subject: Subject, moment: Moment, kind: Kind, covers: frozenset[str]) -> Permit:
    return Permit(
        declaration=rule.declaration,
        kind=kind,
        covers=covers,
        vehicle_id=subject.vehicle_id,
        tenure_id=subject.tenure_id,
        policy_version=subject.policy_version,
        level=effective(moment.level, moment.ceiling),
        until_ms=rule.until_ms,
    )


def names_of(declaration: Declaration) -> dict[str, Level]:
    """Everything that a declaration covers, as ``kind:name``, with the privacy level that it needs."""
    floor = Level.PRIVATE if declaration.is_legal_duty else declaration.level
    names = {f"{Kind.SIGNAL}:{path}": level for path, level in declaration.signal_levels().items()}
    names |= {f"{Kind.FIELD}:{place}": level for place, level in declaration.field_levels().items()}
    names |= {f"{Kind.MESSAGE}:{name}": level for name, level in declaration.message_levels().items()}
    names |= {f"{Kind.COMMAND}:{command.name}": floor for command in declaration.commands}
    names |= {f"{Kind.DOCUMENT}:{spec.kind}": declaration.document_level(spec.kind) for spec in declaration.documents}
    names |= {f"{Kind.NOTICE}:{notice.kind}": Level.PRIVATE if notice.security else floor for notice in declaration.notices}
    return names


def _closed(declaration: Declaration, facts: Facts) -> tuple[str, tuple[int | None, int | None]]:
    """The reason why a declaration is closed for a car as such ("" when it is not), and its window of time."""
    if any(item.retention is None for item in declaration.items):
        return Reason.NO_RETENTION, _NO_SPAN
    if declaration.is_legal_duty:
        return "", _NO_SPAN
    if facts.tenure_id is None:
        return Reason.NO_TENURE, _NO_SPAN
    if declaration.capability and declaration.capability not in facts.capabilities:
        return Reason.NO_CAPABILITY, _NO_SPAN
    span: tuple[int | None, int | None] = _NO_SPAN
    if declaration.scope is Scope.SERVICE:
        contract = _best_contract(declaration, facts)
        if contract is None:
            return Reason.NO_CONTRACT, _NO_SPAN
        span = (to_ms(contract.starts_at), to_ms(contract.ends_at))
    if declaration.basis is LegalBasis.CONSENT and declaration.name not in facts.consents:
        return Reason.NO_CONSENT, _NO_SPAN
    if not facts.switched_off_in_app.isdisjoint(
        (declaration.name, declaration.group) if declaration.group else (declaration.name,)
    ):
        return Reason.SWITCHED_OFF, _NO_SPAN
    return "", span


def _best_contract(declaration: Declaration, facts: Facts) -> ContractFact | None:
    """The active contract that opens the declaration and serves the owner best: running now, else the one ending last."""
    included = [c for c in facts.contracts if c.active and declaration.name in c.opens]
    return max(included, key=lambda c: (c.starts_at <= facts.now < c.ends_at, c.ends_at), default=None)


def _refused(rule: Rule, moment: Moment, captured: Level | None, needed: Level) -> Reason | None:
    if rule.closed:
        return Reason(rule.closed)
    if rule.duty:
        return None
    return _out_of_window(rule, moment.now_ms) or _switched_off(rule, moment) or _too_private(moment, captured, needed)


def _out_of_window(rule: Rule, now_ms: int) -> Reason | None:
    if rule.from_ms is not None and now_ms < rule.from_ms:
        return Reason.CONTRACT_NOT_STARTED
    if rule.until_ms is not None and now_ms >= rule.until_ms:
        return Reason.CONTRACT_ENDED
    return None


def _switched_off(rule: Rule, moment: Moment) -> Reason | None:
    if rule.declaration in moment.switched_off or (rule.group and rule.group in moment.switched_off):
        return Reason.SWITCHED_OFF_IN_CAR
    if rule.remote and not moment.remote_access:
        return Reason.REMOTE_ACCESS_OFF
    return None


def _too_private(moment: Moment, captured: Level | None, needed: Level) -> Reason | None:
    if moment.ceiling < needed:
        return Reason.CEILING
    if effective(moment.level) < needed:
        return Reason.LEVEL_TOO_LOW
    if captured is not None and captured < needed:
        return Reason.CAPTURED_BELOW_LEVEL
    return None
