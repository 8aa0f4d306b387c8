"""Why a car refuses any remote command, or could not carry it out. The words, with the cure, are the texts ``reason.…`` of this folder.

Codes are stable: they travel in ``CommandReport`` and in the API. A car also gives the reasons of ``decide`` (``catalogue.refusals``) and those
that the ``CommandSpec`` of a service names, whose words are in the service's own folder.
"""

from enum import StrEnum


class CommandReason(StrEnum):
    """Each ground on which a car refuses a remote command (in the order in which it looks), or says that one failed."""

    CLOCK_IN_DOUBT = "clock_in_doubt"
    CHALLENGE_UNKNOWN = "challenge_unknown"
    LATE = "late"
    UNKNOWN_COMMAND = "unknown_command"
    NOT_AUTHORISED = "not_authorised"
    KEYS_OUTDATED = "keys_outdated"
    UNKNOWN_PHONE = "unknown_phone"
    BAD_SIGNATURE = "bad_signature"
    CODE_NOT_FRESH = "code_not_fresh"
    OLD_COUNTER = "old_counter"
    NO_POLICY = "no_policy"
    BAD_ARGUMENTS = "bad_arguments"
    MOVING = "moving"
    STATE_UNKNOWN = "state_unknown"
    DOOR_OPEN = "door_open"
    SERVICE_FAILED = "service_failed"
    NO_EFFECT = "no_effect"
    SUPERSEDED = "superseded"
    INTERRUPTED = "interrupted"
