"""What can be wrong with signing up, signing in and with an account."""

from openmarque.kit.errors import CallerError, OpenMarqueError


class SignInRefused(CallerError):
    """This mail address and this password do not belong together."""

    code = "sign-in-refused"
    cure = "Check both. If you have forgotten the password, have a link sent to you by mail."
    http_status = 401


class NotConfirmed(CallerError):
    """This account is not active yet."""

    code = "not-confirmed"
    cure = "Follow the link in the mail that you were sent; it can be sent again."
    http_status = 403


class TooManyTries(CallerError):
    """There were too many tries."""

    code = "too-many-tries"
    retryable = True
    cure = "Try again in {wait_s} seconds. A link sent by mail to set a new password lets you in before."
    http_status = 429


class LinkUnusable(CallerError):
    """This link has run out, was used before, or is no link of ours."""

    code = "link-unusable"
    cure = "Have a new one sent to you by mail."


class PasswordUnfit(CallerError):
    """This password can't be used."""

    code = "password-unfit"
    cure = "Choose another one, of 10 to 128 characters, that is not your mail address."
    http_status = 422


class PasswordWrong(CallerError):
    """The present password is wrong."""

    code = "password-wrong"
    cure = "Type the password that you sign in with now."
    http_status = 403


class AddressInvalid(CallerError):
    """This is no mail address."""

    code = "address-invalid"
    cure = "Write it as name@example.com."
    http_status = 422


class AddressTaken(CallerError):
    """Another account has this mail address."""

    code = "address-taken"
    http_status = 409


class UserNameInvalid(CallerError):
    """This can't be a user name."""

    code = "user-name-invalid"
    cure = "Take 3 to 30 letters, digits, dots, dashes and underscores; begin with a letter."
    http_status = 422


class UserNameTaken(CallerError):
    """Somebody else has this user name."""

    code = "user-name-taken"
    cure = "Choose another one."
    http_status = 409


class UserNamesNotOffered(CallerError):
    """This brand has no user names."""

    code = "user-names-not-offered"
    cure = "Sign in with your mail address."
    http_status = 422


class MobileInvalid(CallerError):
    """This is no mobile number."""

    code = "mobile-invalid"
    cure = "Write it with the country's code, as +33 6 12 34 56 78."
    http_status = 422


class SessionNotFound(CallerError):
    """You have no such session."""

    code = "session-not-found"
    cure = "Take a session_id from the list of your sessions."
    http_status = 404


class AccountUnknown(CallerError):
    """There is no such account."""

    code = "account-unknown"
    http_status = 404


class PasswordsBusy(OpenMarqueError):
    """Too many passwords are being checked at this moment."""

    code = "passwords-busy"
    retryable = True
    cure = "Try again in some seconds."
    http_status = 503
