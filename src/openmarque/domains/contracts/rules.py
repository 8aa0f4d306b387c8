"""The life of a contract: one table of states and steps; what is not in it can't happen. REQ SVC-3."""

from enum import StrEnum
from typing import Final

from openmarque.kit.lifecycle import Actor, Lifecycle, Limit, StepImpossible, Transition


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


class ContractStepImpossible(StepImpossible):
    """The contract can't take this step from where it stands."""

    code = "contract-step-impossible"


CONTRACT_LIFE: Final = Lifecycle[State, Step, None](
    "contract",
    initial=(State.ORDERED,),
    final=frozenset({State.EXPIRED, State.WITHDRAWN, State.TERMINATED}),
    transitions=(
        Transition(State.ORDERED, Step.START_ACTIVATION, State.ACTIVATING),
        Transition(State.ORDERED, Step.WITHDRAW, State.WITHDRAWN),
        Transition(State.ORDERED, Step.TERMINATE, State.TERMINATED),
        Transition(State.ACTIVATING, Step.FINISH_ACTIVATION, State.ACTIVE),
        Transition(State.ACTIVATING, Step.WITHDRAW, State.WITHDRAWN),
        Transition(State.ACTIVATING, Step.TERMINATE, State.TERMINATED),
        Transition(State.ACTIVE, Step.SUSPEND, State.SUSPENDED),
        Transition(State.ACTIVE, Step.EXPIRE, State.EXPIRED),
        Transition(State.ACTIVE, Step.WITHDRAW, State.WITHDRAWN),
        Transition(State.ACTIVE, Step.TERMINATE, State.TERMINATED),
        Transition(State.SUSPENDED, Step.RESUME, State.ACTIVE),
        Transition(State.SUSPENDED, Step.EXPIRE, State.EXPIRED),
        Transition(State.SUSPENDED, Step.TERMINATE, State.TERMINATED),
    ),
    causes={
        Step.START_ACTIVATION: frozenset({Actor.OWNER, Actor.PLATFORM}),
        Step.FINISH_ACTIVATION: frozenset({Actor.CAR, Actor.PLATFORM}),
        Step.SUSPEND: frozenset({Actor.PLATFORM, Actor.STAFF}),
        Step.RESUME: frozenset({Actor.PLATFORM, Actor.STAFF}),
        Step.EXPIRE: frozenset({Actor.TIME}),
        Step.WITHDRAW: frozenset({Actor.OWNER, Actor.STAFF}),
        Step.TERMINATE: frozenset({Actor.OWNER, Actor.PLATFORM, Actor.STAFF}),
    },
    limits=dict.fromkeys((State.ACTIVE, State.SUSPENDED), Limit(Step.EXPIRE)),
    refusal=ContractStepImpossible,
)
"""When a contract expires stands in its row."""

SERVING: Final = frozenset({State.ACTIVE})
"""States in which a contract opens services, inside its window."""
