"""What can go wrong with settings documents."""

from openmarque.kit.errors import CallerError
from openmarque.kit.reasoned import ReasonedError


class DocumentUnknown(CallerError):
    """This car has no such setting."""

    code = "document-not-found"
    cure = "Take a kind from the list of the car's settings."
    http_status = 404


class DocumentConflict(CallerError):
    """This setting was changed meanwhile, so your change did not count."""

    code = "document-conflict"
    cure = "Look at what counts now, under `current`, and make your change on that."
    http_status = 409


class VersionNeeded(CallerError):
    """The request does not say which version it changes."""

    code = "version-needed"
    cure = "Send the `ETag` of the setting that you changed in `If-Match`."
    http_status = 428


class DocumentUnfit(CallerError):
    """This can't be such a setting."""

    code = "document-unfit"
    cure = "Correct it: {problem} The schema of the setting says what is possible."
    http_status = 422


class DocumentTooLarge(CallerError):
    """This setting is larger than the car takes."""

    code = "document-too-large"
    cure = "Keep it within {limit} bytes."
    http_status = 413


class DocumentNotYours(CallerError):
    """This setting is not for you to change."""

    code = "document-not-yours"
    cure = "It is changed by: {set_by}."
    http_status = 403


class TooManyChanges(CallerError):
    """This setting was changed too often."""

    code = "too-many-changes"
    retryable = True
    cure = "Wait; at most {limit} changes a minute are taken."
    http_status = 429


class DocumentClosed(ReasonedError):
    """This setting can't be changed now."""

    code = "document-closed"
