"""The life of a contract: one table of states and steps; what is not in it can't happen. REQ SVC-3."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from openmarque.kit.errors import CallerError


class State(StrEnum):
    """Where a contract stands."""

    ORDERED = "ordered"
    ACTIVATING = "activating"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"


class Step(StrEnum):
    """What moves a contract on: the owner, the platform or time."""

    START_ACTIVATION = "start_activation"
    FINISH_ACTIVATION = "finish_activation"
    SUSPEND = "suspend"
    RESUME = "resume"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    TERMINATE = "terminate"


TRANSITIONS: Final[Mapping[tuple[State, Step], State]] = MappingProxyType(
    {
        (State.ORDERED, Step.START_ACTIVATION): State.ACTIVATING,
        (State.ORDERED, Step.WITHDRAW): State.WITHDRAWN,
        (State.ORDERED, Step.TERMINATE): State.TERMINATED,
        (State.ACTIVATING, Step.FINISH_ACTIVATION): State.ACTIVE,
        (State.ACTIVATING, Step.WITHDRAW): State.WITHDRAWN,
        (State.ACTIVATING, Step.TERMINATE): State.TERMINATED,
        (State.ACTIVE, Step.SUSPEND): State.SUSPENDED,
        (State.ACTIVE, Step.EXPIRE): State.EXPIRED,
        (State.ACTIVE, Step.WITHDRAW): State.WITHDRAWN,
        (State.ACTIVE, Step.TERMINATE): State.TERMINATED,
        (State.SUSPENDED, Step.RESUME): State.ACTIVE,
        (State.SUSPENDED, Step.EXPIRE): State.EXPIRED,
        (State.SUSPENDED, Step.TERMINATE): State.TERMINATED,
    }
)

SERVING: Final = frozenset({State.ACTIVE})
"""States in which a contract opens services, inside its window."""


class StepImpossible(CallerError):
    """The contract can't take this step from where it stands."""

    code = "contract-step-impossible"
    cure = "Look at the contract's state first; it may have changed meanwhile."
    http_status = 409


def after(state: State, step: Step) -> State:
    """The state that `step` leads to; raises ``StepImpossible`` for what the table does not hold."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise StepImpossible(f"It is {state}; {step} is not possible from there.") from None
