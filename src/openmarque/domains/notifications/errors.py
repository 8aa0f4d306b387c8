"""What can go wrong with mails."""

from openmarque.kit.errors import OpenMarqueError


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
