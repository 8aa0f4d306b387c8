"""What can go wrong with notices and mails."""

from openmarque.kit.errors import CallerError, OpenMarqueError


class NoticeUnknown(OpenMarqueError):
    """No declaration lists this notice."""

    code = "notice-unknown"
    cure = "Add a NoticeSpec to `notices` of the declaration that tells it, and its words to texts/*.toml."


class NoticeArgumentsWrong(OpenMarqueError):
    """A notice was given other arguments than its declaration lists."""

    code = "notice-arguments-wrong"
    cure = "Give exactly the arguments of its NoticeSpec: texts, numbers or TextKeys."


class NoticeNotFound(CallerError):
    """You have no such notice."""

    code = "notice-not-found"
    cure = "Take a notice_id from the list of your notices."
    http_status = 404


class TemplateMismatch(OpenMarqueError):
    """A mail was given other fields than its template takes."""

    code = "mail-template-mismatch"


class CarryFailed(OpenMarqueError):
    """The mail server did not take a mail."""

    code = "mail-not-taken"
    retryable = True
    cure = "Check the setting `smtp_url`; `openmarque doctor` tells whether the server answers."

    def __init__(self, detail: str = "", *, final: bool = False) -> None:
        """`final`: the server has refused this mail for good (RFC 5321 §4.2.1: a reply that begins with 5)."""
        self.final = final
        super().__init__(detail)
