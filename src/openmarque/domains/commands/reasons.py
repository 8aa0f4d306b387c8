"""Why the platform itself refuses a remote command, or ends it: codes beside those that a car gives (``catalogue.command_reasons``).

The words, with the cure, are the texts ``reason.…`` of this folder.
"""

from typing import Final

CAR_OFFLINE: Final = "car_offline"
CAR_SILENT: Final = "car_silent"
NOT_APPROVED: Final = "not_approved"
NO_OUTCOME: Final = "no_outcome"
NOT_SENT: Final = "not_sent"
NOT_GRANTED: Final = "not_granted"
UNSPECIFIED: Final = "unspecified"
"""A reason that a car gave and that is no code."""
