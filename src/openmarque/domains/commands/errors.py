"""What can go wrong with commands, digital keys and the safety code. REQ RC-6, RC-7."""

from openmarque.kit.errors import CallerError, OpenMarqueError
from openmarque.kit.reasoned import ReasonedError


class CommandUnknown(CallerError):
    """No service has such a command."""

    code = "command-unknown"
    cure = "Take one of: {commands}."
    http_status = 422


class CommandRefused(ReasonedError):
    """Remote commands to this car are not possible now."""

    code = "command-refused"


class RemoteCommandUnknown(CallerError):
    """There is no such command for this car."""

    code = "command-not-found"
    cure = "Take a command_id from the list of the car's commands."
    http_status = 404


class CommandStepImpossible(CallerError):
    """The command can't take this step from where it stands."""

    code = "command-step-impossible"
    cure = "Look at the command's state first; make a new command when this one is over."
    http_status = 409


class CommandMismatch(CallerError):
    """What was signed is not what this request asks for."""

    code = "command-mismatch"
    cure = "Sign a remote command with this car's id, this command, and the id of the command where it has one."
    http_status = 422


class NotForPlatform(OpenMarqueError):
    """The platform does not give this command by itself, or not without a cause."""

    code = "not-for-platform"
    cure = "Have a person give it, or give one whose authority is `platform`; name the cause as a code of letters, digits and underscores."


class CommandIdTaken(CallerError):
    """This command_id was used before."""

    code = "command-id-taken"
    cure = "Make 16 fresh random bytes for each command."
    http_status = 409


class CounterUsed(CallerError):
    """The phone's counter does not go up."""

    code = "counter-used"
    cure = "Sign the command again with a counter above {counter}."
    http_status = 409


class DigitalKeyNotActive(CallerError):
    """This phone is not one of the car's."""

    code = "digital-key-not-active"
    cure = "Add the phone in the car: its screen shows a code for it under Phones."
    http_status = 403


class DigitalKeyRevoked(CallerError):
    """This phone's digital key was removed from the car."""

    code = "digital-key-revoked"
    cure = "Make a new key on the phone and offer that one, in the car."
    http_status = 409


class DigitalKeyUnknown(CallerError):
    """There is no such phone for this car."""

    code = "digital-key-not-found"
    cure = "Take a key_id from the list of the car's phones."
    http_status = 404


class DigitalKeySignatureWrong(CallerError):
    """The phone's digital key did not sign this command."""

    code = "digital-key-signature-wrong"
    cure = "Sign the command's own bytes with the key that it names (ECDSA P-256, SHA-256, 64 bytes)."
    http_status = 403


class TooManyPhoneRequests(CallerError):
    """Too many phones wait for this car's answer."""

    code = "too-many-phone-requests"
    retryable = True
    cure = "Wait until the car has answered, or ten minutes; at most {limit} may wait at a time."
    http_status = 429


class TooManyCommands(CallerError):
    """There were too many commands to this car."""

    code = "too-many-commands"
    retryable = True
    cure = "Wait; at most {limit} an hour are taken."
    http_status = 429


class IdempotencyKeyReused(CallerError):
    """This Idempotency-Key came with another request before."""

    code = "idempotency-key-reused"
    cure = "Take a fresh key for each new command; repeat an old one only with the same content."
    http_status = 409


class SafetyCodeNeeded(CallerError):
    """This command needs your safety code."""

    code = "safety-code-needed"
    cure = "Send `safety_code` with the command."
    http_status = 403


class SafetyCodeNotSet(CallerError):
    """You have no safety code yet."""

    code = "safety-code-not-set"
    cure = "Choose one under My account."
    http_status = 409


class WrongSafetyCode(CallerError):
    """This is not your safety code."""

    code = "wrong-safety-code"
    cure = "Type it again, {tries_left} left; or choose another with your password."
    http_status = 403


class SafetyCodeLocked(CallerError):
    """Too many wrong safety codes."""

    code = "safety-code-locked"
    retryable = True
    cure = "Wait {wait_s} seconds; or choose another code with your password."
    http_status = 429


class SafetyCodeUnfit(CallerError):
    """This can't be a safety code."""

    code = "safety-code-unfit"
    cure = "Choose {length} digits that are not all the same and don't just count up or down."
    http_status = 422
