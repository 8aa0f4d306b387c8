"""Keeps each car's compiled policy equal to the facts: the one use case by which a policy comes to be.

Whoever changes a fact (contract, tenure, consent, switch, level) calls ``recompile`` in the same transaction. The new version
guards every write from the commit on; the car gets it pushed, and again at each handshake until it proves that it holds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

import msgspec

from openmarque.brands.pack import BrandPack
from openmarque.catalogue.facts import Facts
from openmarque.catalogue.policy import Policy, SignedPolicy, compile_policy, policy_hash, sign_policy, terms_of
from openmarque.catalogue.register import Catalogue
from openmarque.kit.clock import from_ms
from openmarque.kit.ids import VehicleId
from openmarque.link.subjects import down_subject
from openmarque.protocol import signing
from openmarque.storage.transaction import Transaction

AT_ONCE: Final = 500
"""Policies in one transaction: half a second of signing, and no longer a lock on a car."""

_read_signed = msgspec.msgpack.Decoder(SignedPolicy).decode


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """A compiled policy ready to be stored, with the facts it is judged beside."""

    facts: Facts
    policy: Policy
    frame: bytes
    hash: str
    open_declarations: tuple[str, ...]
    terms: str
    """Of what it was compiled, besides the facts (``catalogue.policy.terms_of``)."""

    @property
    def valid_until(self) -> datetime:
        """When optional services close for a car that has heard nothing newer."""
        return from_ms(self.policy.valid_until_ms)


class FactsSource(Protocol):
    """Where facts come from: the domains, read in the caller's transaction."""

    async def facts(self, tx: Transaction, vehicles: Sequence[VehicleId], now: datetime) -> Mapping[VehicleId, Facts]:
        """The facts of each known car; `policy_version` is the stored one (0: none yet). Policy rows are locked until the end."""
        ...


class PolicyStore(Protocol):
    """Where compiled policies are kept."""

    async def save(self, tx: Transaction, records: Sequence[PolicyRecord]) -> None:
        """Store each record as its car's policy; the guards of the status lane follow its version in the same transaction."""
        ...

    async def outdated(self, tx: Transaction, terms: str, limit: int) -> Sequence[VehicleId]:
        """At most `limit` cars whose policy was compiled from other terms than `terms`, locked; those that somebody holds are left out."""
        ...


class StoringPolicyCompiler:
    """``PolicyCompiler`` of the link: compiles, signs, stores and pushes policies."""

    def __init__(
        self,
        catalogue: Catalogue,
        source: FactsSource,
        store: PolicyStore,
        key: signing.PrivateKey,
        pack: BrandPack | None = None,
    ) -> None:
        """Sign with `key`, the platform's current policy key. `pack` is the brand's, for `renew`."""
        self._declarations = tuple(catalogue.service_declarations())
        self._terms = "" if pack is None else terms_of(self._declarations, pack)
        self._source = source
        self._store = store
        self._key = key

    async def recompile(self, tx: Transaction, vehicles: Iterable[VehicleId], now: datetime, above: int = 0) -> None:
        """See ``link.ports.PolicyCompiler``: compile, sign and store anew; push to the cars after the commit."""
        facts = await self._source.facts(tx, sorted(vehicles), now)
        records = [self._compile(of_car, above) for of_car in facts.values()]
        await self._store.save(tx, records)
        for record in records:
            tx.publish_after_commit(down_subject(VehicleId(record.facts.vehicle_id), "policy"), record.frame)

    async def renew(self, tx: Transaction, now: datetime, limit: int = AT_ONCE) -> int:
        """Compile the policies of some cars anew that stand on other declarations or another brand pack; gives how many.

        To be called again and again: after a service was installed, or the pack changed, no fact of a car has.
        """
        vehicles = await self._store.outdated(tx, self._terms, limit)
        await self.recompile(tx, vehicles, now)
        return len(vehicles)

    def prove_epoch(self, vehicle_id: VehicleId, epoch: int, asked: int) -> tuple[str, bytes]:
        """See ``link.ports.PolicyCompiler``: signed with the policy key, which every car knows."""
        statement = signing.epoch_statement(vehicle_id, epoch, asked)
        return signing.key_id(self._key.public_key()), signing.sign(self._key, statement)

    def _compile(self, stored: Facts, above: int) -> PolicyRecord:
        facts = replace(stored, policy_version=max(stored.policy_version, above) + 1)
        policy = compile_policy(self._declarations, facts)
        frame = sign_policy(policy, self._key)
        opened = tuple(rule.declaration for rule in policy.rules if not rule.closed)
        return PolicyRecord(facts, policy, frame, policy_hash(_read_signed(frame).policy), opened, self._terms)
