"""What can go wrong with cars and tenures."""

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


class TenureRunning(CallerError):
    """The car has an owner already."""

    code = "tenure-running"
    cure = "End the present tenure first."
    http_status = 409
