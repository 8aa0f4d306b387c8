"""Why something is refused. The words, with the cure, are the texts ``reason.…`` of this folder.

Reason codes are stable: they travel in acknowledgements and in the API, and refusals are counted by them.
"""

from dataclasses import dataclass
from enum import StrEnum

from openmarque.kit.texts import Told, texts


class Reason(StrEnum):
    """Each ground on which ``decide`` refuses, strongest first: the first that applies is the one given."""

    UNDECLARED = "undeclared"
    NO_RETENTION = "no_retention"
    NO_TENURE = "no_tenure"
    NO_CAPABILITY = "no_capability"
    NO_CONTRACT = "no_contract"
    CONTRACT_NOT_STARTED = "contract_not_started"
    CONTRACT_ENDED = "contract_ended"
    NO_CONSENT = "no_consent"
    SWITCHED_OFF = "switched_off"
    SWITCHED_OFF_IN_CAR = "switched_off_in_car"
    REMOTE_ACCESS_OFF = "remote_access_off"
    POLICY_EXPIRED = "policy_expired"
    CEILING = "ceiling"
    LEVEL_TOO_LOW = "level_too_low"
    CAPTURED_BELOW_LEVEL = "captured_below_level"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A "no" of ``decide``: what was asked of which declaration, and why not."""

    declaration: str
    name: str
    reason: Reason

    def text(self, language: str) -> Told:
        """Message and cure in `language`."""
        return texts(language).reason(self.reason)
