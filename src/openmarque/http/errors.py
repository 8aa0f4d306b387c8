"""What can be wrong with a request as such, whatever it is about."""

from openmarque.kit.errors import CallerError, OpenMarqueError


class NotSignedIn(CallerError):
    """You are not signed in."""

    code = "not-signed-in"
    cure = "Sign in; a program sends a valid access token in the Authorization header, as `Bearer <token>`."
    http_status = 401


class CrossSiteRefused(CallerError):
    """This request does not come from a page of ours."""

    code = "cross-site-refused"
    cure = "Do it in the app itself; a program sends an access token in the Authorization header instead of a cookie."
    http_status = 403


class NotInYourGarage(CallerError):
    """There is no such car in your garage."""

    code = "vehicle-not-found"
    cure = "Take a vehicle_id from the list of your vehicles."
    http_status = 404


class NotFound(CallerError):
    """There is nothing at this address."""

    code = "not-found"
    cure = "Look the address up in the description of this API."
    http_status = 404


class MethodNotAllowed(CallerError):
    """This address does not take this method."""

    code = "method-not-allowed"
    cure = "Use one of the methods in the Allow header."
    http_status = 405


class HostNotAllowed(CallerError):
    """This program does not answer under this host name."""

    code = "host-not-allowed"
    cure = "Use an address that the operator has listed in the setting `http_hosts`."
    http_status = 421


class BodyTooLarge(CallerError):
    """The request is larger than this API takes."""

    code = "body-too-large"
    cure = "Send at most {limit} bytes."
    http_status = 413


class RequestInvalid(CallerError):
    """Parts of the request don't have the form that they should."""

    code = "request-invalid"
    cure = "Correct the members listed under `errors`."
    http_status = 422


class RequestRefused(CallerError):
    """The request can't be carried out."""

    code = "request-refused"
    cure = "Look the request up in the description of this API."


class CursorInvalid(CallerError):
    """This cursor is not one that this list gave."""

    code = "cursor-invalid"
    cure = "Begin again without a cursor, then pass on `next` unchanged."
    http_status = 400


class TooManyStreams(CallerError):
    """You have too many event streams open."""

    code = "too-many-streams"
    retryable = True
    cure = "Close one; at most {limit} may be open at a time."
    http_status = 429


class InternalError(OpenMarqueError):
    """Something went wrong on our side."""

    code = "internal-error"
    cure = "Try again later; tell support the `instance` if it stays."
