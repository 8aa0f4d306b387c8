"""What may leave the car now: owner's level ∩ ceiling ∩ policy ∩ switches, asked at capture and again at sending. REQ PRV-1, PRV-5.

Everything fails closed: no policy, an expired one, an unknown type, a clock that nobody set. What the law demands stays open.

Time. A clock that is unset, or behind what the platform last said, is not believed: the gate then judges at the latest instant
it heard of, so that setting a clock back opens no contract that has ended.
"""

from collections.abc import Iterable
from typing import Final

from openmarque.car.model import Now
from openmarque.catalogue.decide import Ask, Kind, Moment, Permit
from openmarque.catalogue.declarations import Authority
from openmarque.catalogue.policy import CompiledPolicy
from openmarque.catalogue.refusals import Reason
from openmarque.protocol.envelope import Trust
from openmarque.protocol.levels import Level, effective
from openmarque.protocol.messages import HOUSEKEEPING, MessageRegister

NO_POLICY: Final = "no_policy"
NOT_ON_ALLOW_LIST: Final = "not_on_allow_list"
UNKNOWN_TO_PLATFORM: Final = "unknown_to_platform"

_HOUSEKEEPING: Final = {t.name: t.leaves_at for t in HOUSEKEEPING}
_NONE: Final = frozenset[str]()


class Gate:
    """The rules in force in one car at one time. `serial` grows whenever an answer may have changed."""

    def __init__(self, register: MessageRegister, duties: Iterable[str], ceiling: Level) -> None:
        """Start closed: private, without policy. `duties` are message types of legal duties, which nothing closes."""
        self._register = register
        self._duties = frozenset(duties)
        self._ceiling = ceiling
        self._services = tuple(name for name, t in register.types.items() if t.declaration is not None)
        self._compiled_policy: CompiledPolicy | None = None
        self._level = Level.PRIVATE
        self._switched_off = _NONE
        self._remote_access = True
        self._unknown = _NONE
        self._heard_ms = 0
        self._ms = 0
        self._good_from = 0
        self._good_until: int | None = 0
        self._signals: dict[tuple[str, Level], frozenset[str]] = {}
        self._messages: dict[tuple[str, Level], str] = {}
        self._may_send: frozenset[str] | None = None
        self.serial = 0

    @property
    def level(self) -> Level:
        """The level at which values are captured now: the owner's, cut to the ceiling."""
        return effective(self._level, self._ceiling)

    def obey(
        self,
        *,
        level: Level,
        switched_off: frozenset[str],
        remote_access: bool,
        compiled_policy: CompiledPolicy | None,
        unknown: frozenset[str],
        heard_ms: int,
    ) -> None:
        """Take over what the car now stands at. `heard_ms` is the latest time the platform told; `unknown` what it ignores."""
        self._level = level
        self._switched_off = switched_off
        self._remote_access = remote_access
        self._compiled_policy = compiled_policy
        self._unknown = unknown
        self._heard_ms = heard_ms
        self._forget()

    def move_to(self, now: Now) -> None:
        """Judge at this time from now on."""
        self._ms = self._heard_ms if now.trust is Trust.UNSET else max(now.ms, self._heard_ms)
        if self._ms < self._good_from or (self._good_until is not None and self._ms >= self._good_until):
            self._forget()

    def at_level(self, level: Level) -> "Gate":
        """This gate as it would be if the people in the car chose `level`: what the head unit tells before they do."""
        twin = Gate(self._register, self._duties, self._ceiling)
        twin._ms = self._ms
        twin.obey(
            level=level,
            switched_off=self._switched_off,
            remote_access=self._remote_access,
            compiled_policy=self._compiled_policy,
            unknown=self._unknown,
            heard_ms=self._heard_ms,
        )
        return twin

    @property
    def next_change_ms(self) -> int | None:
        """When time alone changes an answer next; None when nothing in sight does."""
        return self._good_until

    def signals(self, status_type: str, captured: Level) -> frozenset[str]:
        """The VSS paths that a status message of this type may carry, of values captured at this level."""
        key = (status_type, captured)
        if key not in self._signals:
            self._signals[key] = self._find_signals(status_type, captured)
        return self._signals[key]

    def refuses(self, type_name: str, captured: Level) -> str:
        """Why a message of this type, captured at this level, may not leave now; "" when it may."""
        key = (type_name, captured)
        if key not in self._messages:
            self._messages[key] = self._find_refusal(type_name, captured)
        return self._messages[key]

    def refuses_command(self, declaration: str, command: str, kind: Kind = Kind.COMMAND) -> str:
        """Why the rules of now keep a remote command from being run, or a document from being set; "" when they let it.

        Nothing is remembered: both are rare.
        """
        if self._compiled_policy is None:
            return NO_POLICY
        answer = self._compiled_policy.judge(Ask(declaration, kind, command), self._moment())
        return "" if isinstance(answer, Permit) else answer.reason.value

    def authority(self, declaration: str, command: str, declared: Authority) -> Authority:
        """Who has to sign a command: whom its declaration names, or whom the brand asks for beyond that, by the policy. REQ AUT-10."""
        if self._compiled_policy is None:
            return declared
        return declared.stricter(self._compiled_policy.authority(declaration, command))

    def refuses_here(self, declaration: str, command: str, kind: Kind = Kind.COMMAND) -> str:
        """Why what is done in the car itself, on its screen or by a timer, is not done now; "" when it is.

        The service must be open to this owner and not switched off. The privacy level and remote access don't matter: nothing leaves the car.
        """
        if self._compiled_policy is None:
            return NO_POLICY
        moment = Moment(self._ms, Level.POSITION, Level.POSITION, self._switched_off, remote_access=True)
        answer = self._compiled_policy.judge(Ask(declaration, kind, command), moment)
        return "" if isinstance(answer, Permit) else answer.reason.value

    def may_send(self) -> frozenset[str]:
        """The service messages that may be captured and sent now."""
        if self._may_send is None:
            self._may_send = frozenset(name for name in self._services if not self.refuses(name, self.level))
        return self._may_send

    def _find_signals(self, status_type: str, captured: Level) -> frozenset[str]:
        if self._compiled_policy is None or self._is_off_the_list(status_type, captured):
            return _NONE
        return self._compiled_policy.open_signals(status_type, captured, self._moment()).covers - self._unknown

    def _find_refusal(self, type_name: str, captured: Level) -> str:
        if type_name in _HOUSEKEEPING:
            is_open = _HOUSEKEEPING[type_name] <= effective(self.level, captured)
            return "" if is_open else Reason.LEVEL_TOO_LOW
        if type_name in self._unknown:
            return UNKNOWN_TO_PLATFORM
        if type_name in self._duties:
            return ""
        if self._compiled_policy is None:
            return NO_POLICY
        answer = self._compiled_policy.judge_message(type_name, captured, self._moment())
        if not isinstance(answer, Permit):
            return answer.reason.value
        return NOT_ON_ALLOW_LIST if self._is_off_the_list(type_name, captured) else ""

    def _is_off_the_list(self, type_name: str, captured: Level) -> bool:
        """Whether the allow-list of the level keeps the type in the car, whatever the policy says."""
        return type_name in self._unknown or not self._register.may_leave(type_name, effective(self.level, captured))

    def _moment(self) -> Moment:
        return Moment(self._ms, self._level, self._ceiling, self._switched_off, self._remote_access)

    def _forget(self) -> None:
        """Drop the answers found so far, and find out how long new ones will be good."""
        self._signals.clear()
        self._messages.clear()
        self._may_send = None
        self.serial += 1
        self._good_from, self._good_until = self._ms, None
        if self._compiled_policy is not None:
            policy = self._compiled_policy.policy
            instants = [policy.valid_until_ms, *(i for r in policy.rules for i in (r.from_ms, r.until_ms) if i is not None)]
            self._good_until = min((i for i in instants if i > self._ms), default=None)
