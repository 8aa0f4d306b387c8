"""What can go wrong with histories."""

from openmarque.kit.errors import CallerError


class HistoryUnknown(CallerError):
    """This car has no such history."""

    code = "history-not-found"
    cure = "Take a kind from `histories` in the list of the car's services."
    http_status = 404
