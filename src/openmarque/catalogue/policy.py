"""The compiled policy: the rules of one car as signed, versioned data, judged in the cloud's hot path and in the car.

Rules:
    1. A policy is compiled from declarations and facts, signed by the platform's policy key, named by the SHA-256 of its bytes.
    2. It holds no privacy level. What the car does is the owner's level ∩ the ceiling built into the car ∩ the policy, so no
       policy, however made, can raise a level (PRV-6).
    3. After ``valid_until`` optional services close and legal duties stay.
    4. Versions of one car only grow; a car refuses an older one than it holds.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from openmarque.brands.pack import BrandPack
from openmarque.catalogue.decide import Ask, Kind, Moment, Permit, Rule, Subject, judge, names_of, open_names, standing
from openmarque.catalogue.declarations import Authority, Declaration
from openmarque.catalogue.facts import Facts
from openmarque.catalogue.refusals import Reason, Refusal
from openmarque.kit.clock import to_ms
from openmarque.kit.errors import OpenMarqueError
from openmarque.protocol import signing
from openmarque.protocol.levels import Level, effective
from openmarque.protocol.messages import STATUS, STATUS_WITH_PLACE
from openmarque.protocol.signals import PLACE_SIGNALS

VALIDITY: Final = timedelta(days=30)
"""How long a car may go on with a policy that it can't renew. A car rests up to a holiday without coverage; a stolen or sold
one must not go on for a season."""


_TERMS_DIGITS: Final = 32
_encode_terms: Final = msgspec.json.Encoder(order="deterministic").encode


class Policy(msgspec.Struct, frozen=True):
    """The rules of one car. `version` grows by one with each change of the facts behind it; times in ms since the epoch."""

    vehicle_id: UUID
    tenure_id: UUID | None
    version: int
    issued_ms: int
    valid_until_ms: int
    rules: tuple[Rule, ...]


class SignedPolicy(msgspec.Struct, frozen=True):
    """The policy's bytes as they were signed, with the signature and the id of the key."""

    policy: bytes
    key_id: str
    signature: bytes


class PolicyRejected(OpenMarqueError):
    """This policy is not for this car, not by the platform, or older than the one in force."""

    code = "policy-rejected"


def compile_policy(declarations: Iterable[Declaration], facts: Facts) -> Policy:
    """The rules of all `declarations` for the car in `facts`, in the order of their names. Pure."""
    rules = tuple(standing(d, facts) for d in sorted(declarations, key=lambda d: d.name))
    issued = to_ms(facts.now)
    return Policy(
        vehicle_id=facts.vehicle_id,
        tenure_id=facts.tenure_id,
        version=facts.policy_version,
        issued_ms=issued,
        valid_until_ms=to_ms(facts.now + VALIDITY),
        rules=rules,
    )


def terms_of(declarations: Iterable[Declaration], pack: BrandPack) -> str:
    """A name for all that a policy is compiled from besides the facts of its car: declarations and products. Another name, another policy."""
    rules = [
        (
            d.name,
            d.version,
            d.basis,
            d.capability,
            any(item.retention is None for item in d.items),
            names_of(d),
            d.group,
            d.remote,
        )
        for d in sorted(declarations, key=lambda d: d.name)
    ]
    authorities = [(command.name, command.authority) for d in declarations for command in d.commands]
    products = {name: sorted(product.declarations) for name, product in pack.products.items()}
    plans = {name: plan.products for name, plan in pack.plans.items()}
    return hashlib.sha256(_encode_terms((rules, sorted(authorities), products, plans))).hexdigest()[:_TERMS_DIGITS]


def policy_hash(policy: bytes) -> str:
    """The name under which a car acknowledges a policy: SHA-256 of its bytes, in hex."""
    return hashlib.sha256(policy).hexdigest()


def sign_policy(policy: Policy, key: signing.PrivateKey) -> bytes:
    """The frame that is stored and sent: ``SignedPolicy`` in MessagePack."""
    body = msgspec.msgpack.encode(policy)
    signature = signing.sign(key, signing.policy_statement(policy.vehicle_id, body))
    return msgspec.msgpack.encode(SignedPolicy(body, signing.key_id(key.public_key()), signature))


def open_policy(
    frame: bytes, vehicle_id: UUID, keys: Mapping[str, signing.PublicKey], newest: int | None = None
) -> tuple[Policy, str]:
    """The policy in `frame` and its hash, once it is proved to be for this car and by one of `keys` (by key id).

    `newest` is the version in force: an older one raises ``PolicyRejected``, as does everything else that is not as it should be.
    """
    try:
        signed = msgspec.msgpack.decode(frame, type=SignedPolicy)
        key = keys[signed.key_id]
        signing.verify(key, signing.policy_statement(vehicle_id, signed.policy), signed.signature)
        policy = msgspec.msgpack.decode(signed.policy, type=Policy)
    except (msgspec.DecodeError, KeyError, signing.BadSignature) as error:
        raise PolicyRejected(f"({type(error).__name__})") from error
    if policy.vehicle_id != vehicle_id:
        raise PolicyRejected("It names another car.")
    if newest is not None and policy.version < newest:
        raise PolicyRejected(f"Version {policy.version} is older than {newest}, which is in force.")
    return policy, policy_hash(signed.policy)


@dataclass(frozen=True, slots=True)
class OpenSignals:
    """Which signals may be taken at an effective level: the answer for a whole status message, good in [from_ms, until_ms)."""

    permits: tuple[Permit, ...]
    covers: frozenset[str]
    refusal: Refusal | None
    from_ms: int
    until_ms: int | None

    def good_at(self, now_ms: int) -> bool:
        """Whether the answer still stands at `now_ms`."""
        return self.from_ms <= now_ms and (self.until_ms is None or now_ms < self.until_ms)


class CompiledPolicy:
    """A policy made ready for judging. Not shared between threads; as fast as two dictionary look-ups for a status message."""

    def __init__(self, policy: Policy) -> None:
        """Index the rules of `policy` by declaration, by message type and by status level."""
        self.policy = policy
        self.subject = Subject(policy.vehicle_id, policy.tenure_id, policy.version)
        self._rules = {rule.declaration: rule for rule in policy.rules}
        self._by_message = {key: rule for rule in policy.rules for key in rule.names if key.startswith(f"{Kind.MESSAGE}:")}
        self._open_signals: dict[tuple[object, ...], OpenSignals] = {}

    def judge(self, ask: Ask, moment: Moment) -> Permit | Refusal:
        """Answer `ask` at `moment` by this policy; the same answer as ``decide`` on the facts it was compiled from."""
        rule = self._rules.get(ask.declaration)
        if rule is None:
            return Refusal(ask.declaration, ask.name, Reason.UNDECLARED)
        return self._expired(rule, ask.name, moment) or judge(rule, self.subject, moment, ask)

    def authority(self, declaration: str, command: str) -> Authority:
        """Who has to sign this command at least, by the policy; what the policy does not know is given by the platform."""
        rule = self._rules.get(declaration)
        return Authority.PLATFORM if rule is None else rule.authorities.get(command, Authority.PLATFORM)

    def judge_message(self, type_name: str, captured: Level, moment: Moment) -> Permit | Refusal:
        """May a service message of this type, captured at `captured`, be taken at `moment`?"""
        rule = self._by_message.get(f"{Kind.MESSAGE}:{type_name}")
        if rule is None:
            return Refusal("", type_name, Reason.UNDECLARED)
        ask = Ask(rule.declaration, Kind.MESSAGE, type_name, captured)
        return self._expired(rule, type_name, moment) or judge(rule, self.subject, moment, ask)

    def open_signals(self, type_name: str, captured: Level, moment: Moment) -> OpenSignals:
        """Every signal that a status message of this type may carry at `moment`, over all declarations.

        The type itself limits too: one without place covers no place signal.
        """
        level = effective(moment.level, captured)
        key = (type_name, level, moment.ceiling, moment.switched_off, moment.remote_access)
        known = self._open_signals.get(key)
        if known is None or not known.good_at(moment.now_ms):
            known = self._open_signals[key] = self._find_open_signals(type_name, replace(moment, level=level))
        return known

    def _find_open_signals(self, type_name: str, moment: Moment) -> OpenSignals:
        permits: list[Permit] = []
        refusals: list[Refusal] = []
        for rule in self.policy.rules:
            answer = self._expired(rule, type_name, moment) or open_names(rule, self.subject, moment, Kind.SIGNAL)
            if isinstance(answer, Permit):
                permits.append(answer)
            elif answer.reason is not Reason.UNDECLARED:
                refusals.append(answer)
        covers = frozenset[str]().union(*(permit.covers for permit in permits))
        if type_name == STATUS:
            covers -= PLACE_SIGNALS
        elif type_name != STATUS_WITH_PLACE or covers.isdisjoint(PLACE_SIGNALS):
            covers = frozenset()  # a status with place where no place may be taken should not have left the car at all
        first = refusals[0] if refusals else Refusal("", type_name, Reason.UNDECLARED)
        return OpenSignals(tuple(permits), covers, None if covers else first, moment.now_ms, self._next_change(moment.now_ms))

    def _next_change(self, now_ms: int) -> int | None:
        """The next instant at which some rule opens or closes by time alone."""
        instants = {self.policy.valid_until_ms}
        for rule in self.policy.rules:
            instants |= {at for at in (rule.from_ms, rule.until_ms) if at is not None}
        return min((at for at in instants if at > now_ms), default=None)

    def _expired(self, rule: Rule, name: str, moment: Moment) -> Refusal | None:
        if rule.duty or moment.now_ms < self.policy.valid_until_ms:
            return None
        return Refusal(rule.declaration, name, Reason.POLICY_EXPIRED)
