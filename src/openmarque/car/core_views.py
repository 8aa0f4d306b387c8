"""What a car's core shows of itself: read-only, and no step. Base of ``openmarque.car.core.CarCore``."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from openmarque.car.command_runs import CommandRuns, Entry
from openmarque.car.digital_keys import DigitalKeys, Phone, PhonesRecord, Ticket
from openmarque.car.document_records import HeldDocument
from openmarque.car.documents import Documents
from openmarque.car.gate import Gate
from openmarque.car.link import Link
from openmarque.car.model import REMOTE_ACCESS, CarProfile, LinkState, Now
from openmarque.car.pairing import Pairing, PairingView
from openmarque.car.phones import Phones
from openmarque.car.pipeline import Pipeline
from openmarque.car.policy_held import PolicyHeld
from openmarque.car.privacy import Privacy
from openmarque.car.records import Counts, Mark, PrivacyRecord, mark_record
from openmarque.car.renewal import Renewal
from openmarque.car.store import CarStore
from openmarque.car.waking import Wakes
from openmarque.catalogue.declarations import CommandSpec
from openmarque.catalogue.policy import Policy
from openmarque.catalogue.register import Catalogue
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import STATUS_TYPES
from openmarque.protocol.signals import Value

_STATUS: Final = tuple(t.name for t in STATUS_TYPES)


class CoreViews:
    """Everything about a car that may be looked at between two inputs."""

    _profile: CarProfile
    _store: CarStore
    _catalogue: Catalogue
    _privacy: Privacy
    _policy: PolicyHeld
    _gate: Gate
    _link: Link
    _pipeline: Pipeline
    _renewal: Renewal
    _counts: Counts
    _switches: frozenset[str]
    _runs: CommandRuns
    _digital_keys: DigitalKeys
    _phones: Phones
    _pairing: Pairing
    _wakes: Wakes
    _documents: Documents

    def wake_in_ms(self, now: Now) -> int | None:
        """In how many milliseconds `tick` has something to do, by the clock that shows it first; None: not before another input."""
        renewal = self._renewal.due_ms() if self._link.state is LinkState.OPEN else None
        instants = (self._link.deadline_ms(), self._gate.next_change_ms, renewal)
        waits = (
            *(None if at is None else max(0, at - now.ms) for at in instants),
            self._runs.due_in_ms(now),
            self._pairing.due_in_ms(now),
            self._wakes.due_in_ms(now),
        )
        return min((wait for wait in waits if wait is not None), default=None)

    @property
    def vehicle_id(self) -> UUID:
        """The car's own id."""
        return self._profile.vehicle_id

    @property
    def phones(self) -> tuple[Phone, ...]:
        """The phones that may give commands, oldest first."""
        return self._digital_keys.phones

    @property
    def phone_record(self) -> PhonesRecord:
        """What the car keeps of phones, counters included."""
        return self._digital_keys.record

    @property
    def settings(self) -> tuple[HeldDocument, ...]:
        """Every kind of settings document as it stands, by name."""
        return tuple(self._documents.held(kind) for kind in self._documents.kinds)

    def setting(self, kind: str) -> HeldDocument:
        """How one kind of settings document stands. Raises ``SettingUnknown``."""
        return self._documents.held(kind)

    @property
    def can_add_phone(self) -> bool:
        """Whether a phone can be added now (``PhonesClosed``)."""
        return self._phones.is_open

    def ticket(self, now: Now) -> Ticket | None:
        """The secret that the screen shows for one phone, while it is good. It is for the screen alone."""
        return self._digital_keys.ticket(now)

    @property
    def pairing(self) -> PairingView:
        """Where the pairing code stands that was typed last."""
        return self._pairing.view

    @property
    def phone_added(self) -> str:
        """The name of the phone that used the last secret; "" until one has."""
        return self._digital_keys.added

    @property
    def remote_commands(self) -> tuple[Entry, ...]:
        """The newest commands, oldest first; those given in the car among them."""
        return self._runs.journal

    @property
    def commands_here(self) -> Mapping[str, CommandSpec]:
        """The commands that the car's own screen may give, by name."""
        return {name: known.spec for name, known in self._runs.runnable.items() if known.is_offered_here}

    @property
    def link_state(self) -> LinkState:
        """Where the link stands."""
        return self._link.state

    @property
    def epoch(self) -> int:
        """The epoch in which messages are numbered."""
        return self._link.epoch

    @property
    def privacy(self) -> PrivacyRecord:
        """The level chosen, who set it and when, and the switches that are off."""
        return self._privacy.record

    @property
    def level(self) -> Level:
        """The level in force: the one chosen, cut to the ceiling."""
        return self._gate.level

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels to choose from, strictest first."""
        return self._profile.levels

    @property
    def ceiling(self) -> Level:
        """The level that this car never exceeds."""
        return self._profile.ceiling

    @property
    def policy(self) -> Policy | None:
        """The policy in force, None before the first."""
        return self._policy.policy

    @property
    def policy_hash(self) -> str:
        """The name of the policy in force; empty before the first."""
        return self._policy.hash

    @property
    def outbox_fill(self) -> int:
        """Messages that wait for the platform's acknowledgement."""
        return self._link.fill

    @property
    def is_status_settled(self) -> bool:
        """Whether every captured status value was acknowledged."""
        return self._link.status.is_settled

    @property
    def is_settled(self) -> bool:
        """Whether nothing at all waits for an acknowledgement."""
        return self._link.waiting == 0 and self._link.status.is_settled

    @property
    def latest(self) -> Mapping[str, Value]:
        """The newest believed value of each signal since power-up."""
        return self._pipeline.latest

    def service_state(self, service: str) -> Any:
        """How an in-car service stands (its own struct); None when it is not installed."""
        return self._pipeline.state(service)

    def glances(self) -> dict[str, str]:
        """What the services show of themselves at a glance: by their names, the keys of texts."""
        return self._pipeline.glances()

    def would_leave(self, level: Level) -> tuple[frozenset[str], frozenset[str]]:
        """What would leave at `level` by the rules of now: message types of services and of the link, and VSS paths."""
        gate = self._gate.at_level(level)
        types = frozenset(t for t in self._catalogue.messages.types if t not in _STATUS and not gate.refuses(t, level))
        return types, frozenset[str]().union(*(gate.signals(t, level) for t in _STATUS))

    def switches(self) -> dict[str, bool]:
        """Every switch of this car and whether it is on; ``remote_access`` is one of them."""
        return {name: name not in self._privacy.record.switched_off for name in sorted(self._switches)} | {
            REMOTE_ACCESS: self._privacy.record.remote_access
        }

    def counts(self, kind: str) -> dict[str, int]:
        """Counters of a kind by detail.

        Kinds: ``sent``, ``acknowledged`` (by message type), ``refused``, ``refused_in_part``, ``not_captured`` (``type:reason``), ``deleted``
        (by reason), ``sensor`` (values refused, by reason), ``ignored`` (``kind:reason``), ``actions`` (not carried out, ``reason:name``),
        ``wakes`` (``run``, missed or refused, ``reason:service``), ``services`` (``failed:service``).
        """
        return self._counts.of(kind)

    def all_counts(self) -> dict[str, int]:
        """Every counter, ``kind/detail``; a copy."""
        return dict(self._counts.values)

    def mark(self, name: str) -> Mark | None:
        """The stored position of the replay `name`."""
        return self._store.read(mark_record(name), Mark)
