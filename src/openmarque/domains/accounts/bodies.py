"""Bodies of requests and answers about accounts."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from openmarque.domains.accounts import names, rules
from openmarque.domains.accounts.errors import AddressInvalid, MobileInvalid, UserNameInvalid
from openmarque.domains.accounts.service import Profile
from openmarque.domains.accounts.sessions import SessionView
from openmarque.http.bodies import Body
from openmarque.kit.ids import wire
from openmarque.kit.texts import LANGUAGES

_TIME_ZONES: Final = frozenset(available_timezones())
_LONGEST_TOKEN: Final = 100


def _among(known: frozenset[str], what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"this is no {what}")
        return value

    return check


def _mail_address(text: str) -> str:
    try:
        return rules.read_address(text).text
    except AddressInvalid as error:
        raise ValueError(error.message) from None


def _user_name(text: str) -> str:
    try:
        return text and names.read_user_name(text).written
    except UserNameInvalid as error:
        raise ValueError(error.message) from None


def _mobile(text: str) -> str:
    try:
        return text and names.read_mobile(text).written
    except MobileInvalid as error:
        raise ValueError(error.message) from None


def _unsealed(token: str) -> str:
    if not token.isascii() or not token.isprintable():
        raise ValueError("this is no token of ours")
    return token


Email = Annotated[
    str,
    Field(min_length=3, max_length=rules.LONGEST_ADDRESS, description="Mail address.", examples=["ada@example.com"]),
    AfterValidator(_mail_address),
]
Password = Annotated[str, Field(max_length=1024, description="Password.", examples=["correct horse battery"])]
"""One that is to be compared: whatever it is, it is hashed and does not fit."""
NewPassword = Annotated[
    str,
    Field(
        min_length=rules.SHORTEST_PASSWORD,
        max_length=rules.LONGEST_PASSWORD,
        description="New password; not the mail address.",
        examples=["correct horse battery"],
    ),
]
Token = Annotated[
    str,
    Field(min_length=1, max_length=_LONGEST_TOKEN, description="What stands behind # in the link."),
    AfterValidator(_unsealed),
]
GivenName = Annotated[
    str, Field(min_length=1, max_length=rules.LONGEST_NAME, examples=["Ada"]), AfterValidator(rules.read_name)
]
FamilyName = Annotated[
    str, Field(min_length=1, max_length=rules.LONGEST_NAME, examples=["Lovelace"]), AfterValidator(rules.read_name)
]
LanguageTag = Annotated[
    str,
    Field(description="BCP 47: en, fr, de or es.", examples=["fr"]),
    AfterValidator(_among(frozenset(LANGUAGES), "language that is spoken here")),
]
Country = Annotated[str, Field(description="Country of use, ISO 3166-1 alpha-2.", pattern="^[A-Z]{2}$", examples=["FR"])]
TimeZone = Annotated[
    str,
    Field(description="IANA name.", max_length=64, examples=["Europe/Paris"]),
    AfterValidator(_among(_TIME_ZONES, "time zone that is known here")),
]


UserName = Annotated[
    str,
    Field(
        max_length=names.LONGEST_USER_NAME,
        description="User name: 3 to 30 letters, digits, dots, dashes and underscores, a letter first.",
        examples=["ada.lovelace"],
    ),
    AfterValidator(_user_name),
]
Mobile = Annotated[
    str,
    Field(
        max_length=names.LONGEST_NUMBER, description="Mobile number with its country's code.", examples=["+33 6 12 34 56 78"]
    ),
    AfterValidator(_mobile),
]


class SignUpBody(Body):
    """Who wants an account."""

    email: Email
    password: NewPassword
    given_name: GivenName
    family_name: FamilyName
    language: LanguageTag
    country: Country
    time_zone: TimeZone


class AddressBody(Body):
    """A mail address to send a link to."""

    email: Email


class ForgottenBody(Body):
    """Whose password was forgotten: exactly one of the three."""

    email: Email | None = None
    user_name: str | None = Field(default=None, min_length=1, max_length=names.LONGEST_USER_NAME, examples=["ada.lovelace"])
    mobile: str | None = Field(default=None, min_length=1, max_length=names.LONGEST_NUMBER, examples=["+33 6 12 34 56 78"])

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.email, self.user_name, self.mobile)) != 1:
            raise ValueError("give either email, user_name or mobile")
        return self


class TokenBody(Body):
    """A link that was followed."""

    token: Token


class ResetBody(Body):
    """A link that was followed, and the password to set by it."""

    token: Token
    new_password: NewPassword


class SignInBody(Body):
    """Mail address, or user name where the brand has them, and password."""

    email: str | None = Field(default=None, min_length=1, max_length=rules.LONGEST_ADDRESS, examples=["ada@example.com"])
    user_name: str | None = Field(default=None, min_length=1, max_length=names.LONGEST_USER_NAME)
    password: Password

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.email is None) == (self.user_name is None):
            raise ValueError("give either email or user_name")
        return self


class PasswordBody(Body):
    """The present password and the next."""

    current_password: Password
    new_password: NewPassword


class ProfileChangeBody(Body):
    """What is to change; what is left out stays."""

    language: LanguageTag | None = None
    country: Country | None = None
    time_zone: TimeZone | None = None
    user_name: UserName | None = Field(default=None, description="An empty one takes it away.")
    mobile: Mobile | None = Field(default=None, description="An empty one takes it away.")


class BrandBody(Body):
    """What there is to know of the brand before signing in."""

    name: str
    user_names: bool = Field(description="Whether owners may choose a user name and sign in with it.")


class AccountBody(Body):
    """An account, as its owner sees it."""

    account_id: str = Field(description="Opaque id.")
    email: str | None = Field(description="Mail address; null for an account made by the operator without one.")
    given_name: str | None
    family_name: str | None
    language: str
    country: str | None
    time_zone: str
    user_name: str | None = Field(description="What you may sign in with beside the mail address.")
    mobile: str | None = Field(description="A number by which your account is found when the password was forgotten.")
    safety_code_set: bool = Field(description="Whether a safety code to open cars with is set.")
    created_at: datetime


class SessionBody(Body):
    """A browser that is signed in."""

    session_id: str
    agent: str = Field(description="Family of browser and system.", examples=["Firefox · Android"])
    created_at: datetime
    used_at: datetime = Field(description="Last use, to the hour.")
    current: bool = Field(description="Whether it is the one that asks.")


class SessionsBody(Body):
    """Every browser that is signed in."""

    items: list[SessionBody]


def account_body(profile: Profile) -> AccountBody:
    """The body that tells `profile`."""
    return AccountBody(
        account_id=wire(profile.account_id),
        email=profile.email,
        given_name=profile.given_name,
        family_name=profile.family_name,
        language=profile.language,
        country=profile.country,
        time_zone=profile.time_zone,
        user_name=profile.user_name,
        mobile=profile.mobile,
        safety_code_set=profile.safety_code_set,
        created_at=profile.created_at,
    )


def session_body(view: SessionView, current: UUID | None) -> SessionBody:
    """The body that tells `view`."""
    known: dict[str, Any] = {"agent": view.agent, "created_at": view.created_at, "used_at": view.used_at}
    return SessionBody(session_id=wire(view.session_id), current=view.session_id == current, **known)
