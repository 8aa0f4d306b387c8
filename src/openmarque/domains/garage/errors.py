"""What can go wrong with cars and tenures."""

from collections.abc import Mapping

from openmarque.kit.errors import CallerError


class VehicleExists(CallerError):
    """A car with this VIN is provisioned already."""

    code = "vehicle-exists"
    cure = "Use the car's bundle, or revoke its certificate and issue a new one with `openmarque car provision --again`."
    http_status = 409


class VehicleUnknown(CallerError):
    """No such car is provisioned here."""

    code = "vehicle-unknown"
    cure = "Provision it first with `openmarque car provision`."
    http_status = 404


class ModelUnknown(CallerError):
    """The brand pack has no such model."""

    code = "model-unknown"
    cure = "Choose one of: {models}."
    http_status = 422


class CeilingNotOffered(CallerError):
    """No car of this brand is built for at most this privacy level."""

    code = "ceiling-not-offered"
    cure = "Choose one of: {levels}."
    http_status = 422


class TenureRunning(CallerError):
    """The car has an owner already."""

    code = "tenure-running"
    cure = "End the present tenure first."
    http_status = 409


class NotEligible(CallerError):
    """This car can't be connected."""

    code = "not-eligible"
    cure = "{cure}"
    http_status = 422

    def __init__(self, detail: str = "", **facts: object) -> None:
        """Say why in `detail` and what to do in the fact ``cure``, both in the owner's language (``brands.eligibility.why_not``)."""
        super().__init__(detail, **{"cure": "", **facts})

    def facts_in(self, language: str) -> Mapping[str, object]:
        """The cure says why, too: the detail is told in English answers only."""
        del language
        return {"cure": f"{self.detail} {self.facts['cure']}".strip()}


class TooManyCodes(CallerError):
    """You have asked for too many pairing codes."""

    code = "too-many-codes"
    cure = "Use or take back a code that still waits, or try again tomorrow; {limit} may wait at a time."
    http_status = 429


class PairingNotFound(CallerError):
    """You have no such pairing."""

    code = "pairing-not-found"
    cure = "Take a pairing_id from the list of your pairings."
    http_status = 404


class PairingDone(CallerError):
    """The car of this pairing is in your garage already."""

    code = "pairing-done"
    cure = "Remove the car itself, if you want to give it up."
    http_status = 409


class NameInvalid(CallerError):
    """A car can't have this name."""

    code = "name-invalid"
    cure = "Give a name of at most 40 printable characters, or none."
    http_status = 422
