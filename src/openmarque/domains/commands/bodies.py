"""Bodies of requests and answers about commands, phones and the safety code."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictInt, StrictStr

from openmarque.catalogue.declarations import Authority
from openmarque.catalogue.forms import form_schema, titles
from openmarque.domains.commands.requests import Offer
from openmarque.domains.commands.states import KeyState, State
from openmarque.domains.commands.store import CommandView, PhoneRow
from openmarque.http.bodies import Body
from openmarque.kit.ids import wire
from openmarque.kit.texts import Told, texts
from openmarque.protocol.commands import CHALLENGE_LIVES_MS, MAX_ARGUMENT_TEXT, MAX_ARGUMENTS, MAX_NAME, NAME
from openmarque.protocol.digital_keys import MAX_LABEL

_EXAMPLE_ID = "6f1c2b7a9d3e4f508a1b2c3d4e5f6071"
_B64URL = r"^[A-Za-z0-9_-]+$"
Payload = Annotated[
    str,
    Field(
        max_length=1366,
        pattern=_B64URL,
        description="The command as its signer wrote it: base64url of compact JSON with exactly the members of a remote command, in their order.",
    ),
]
Signature = Annotated[
    str, Field(min_length=86, max_length=86, pattern=_B64URL, description="ECDSA P-256, 64 bytes (r, s), base64url.")
]
Code = Annotated[str, Field(min_length=4, max_length=8, pattern="^[0-9]+$", description="The safety code.", examples=["4817"])]


class ChallengeBody(Body):
    """What the car wants a remote command to name, so that it is in time by the car's own clock."""

    challenge: str = Field(description="16 bytes, base64url without padding.", examples=["q83vEjRWeJCrze8SNFZ4kA"])
    lives_s: int = Field(description="Seconds for which a remote command may name it.", examples=[CHALLENGE_LIVES_MS // 1000])


class CommandBody(Body):
    """A command of this car as it counts here and now: all that an app needs to offer it."""

    command: str = Field(description="Its name, for `POST …/remote-commands`.", examples=["start_climate"])
    declaration: str = Field(description="The declaration that lists it.", examples=["remote_climate"])
    label: str = Field(description="What it is called.", examples=["Start the climate control"])
    confirmation: str | None = Field(description="What to ask before it is sent; null where nothing is to be asked.")
    authority: Authority = Field(description="Who has to sign it: the stricter of its declaration's and the brand's.")
    needs_code: bool = Field(description="Whether the safety code has to be typed for it.")
    arguments: dict[str, Any] = Field(
        description="JSON Schema (2020-12) of its arguments: an object whose properties are bool, whole numbers, texts and choices "
        "(`oneOf` of `const` with `title`), with `title`, `default`, limits and `unit`."
    )
    begins_within_s: int = Field(
        description="The car is at it at most so long after the request; what a phone signs is good for this long.",
        examples=[8],
    )
    outcome_within_s: int = Field(description="The car says what came of it at most so long after the request.", examples=[15])
    lifetime_s: int = Field(description="You hear the last word at most so long after the request.", examples=[20])
    possible: bool = Field(description="Whether it is permitted now. Whether the car can be reached shows when it is sent.")
    reason: str = Field(description="Why it is not possible: a stable code; empty otherwise.", examples=[""])
    message: str = Field(description="The reason in a sentence; empty otherwise.", examples=[""])
    cure: str = Field(description="What you can do about it; empty where there is nothing to do.", examples=[""])


class CommandsBody(Body):
    """The commands of a car, by name."""

    items: list[CommandBody]


ArgumentsField = Annotated[
    dict[str, StrictBool | StrictInt | Annotated[StrictStr, Field(max_length=MAX_ARGUMENT_TEXT)]],
    Field(
        max_length=MAX_ARGUMENTS,
        description="Arguments by name, as `GET …/commands` describes them. What is left out has its default.",
        examples=[{}],
    ),
]


class CommandRequestBody(Body):
    """What the car is to do. What a phone has to sign comes signed, or waits for a phone to approve it.

    A signed payload names the same arguments.
    """

    command: str = Field(max_length=MAX_NAME, pattern=NAME, examples=["unlock"])
    arguments: ArgumentsField = Field(default_factory=dict)
    payload: Payload | None = None
    signature: Signature | None = None
    safety_code: Code | None = None


class ApprovalBody(Body):
    """A phone's signature on a remote command that waits for one; the code where it was not typed a moment ago."""

    payload: Payload
    signature: Signature
    safety_code: Code | None = None


class StepBody(Body):
    """A step of a remote command's life."""

    state: State
    at: datetime = Field(description="By the platform's clock.")


class SignerBody(Body):
    """The phone that signed."""

    key_id: str = Field(examples=[_EXAMPLE_ID])
    label: str = Field(examples=["Camille's phone"])


class RemoteCommandBody(Body):
    """A remote command and its outcome."""

    command_id: str = Field(description="Opaque id of the command.", examples=[_EXAMPLE_ID])
    command: str = Field(examples=["unlock"])
    arguments: dict[str, bool | int | str] = Field(
        description="With what it was asked for, defaults included; a phone that approves it signs these.", examples=[{}]
    )
    state: State
    steps: list[StepBody]
    reason: str = Field(description="Why it was refused, failed or expired: a stable code; empty otherwise.", examples=[""])
    message: str = Field(description="How it stands, in a sentence.", examples=["Done: the car's sensors say so."])
    cure: str = Field(description="What you can do about it; empty where there is nothing to do.", examples=[""])
    requested_at: datetime
    expires_at: datetime = Field(description="The car does not begin it any more from then on.")
    phone: SignerBody | None = Field(description="Null for what no phone has signed.")
    cause: str = Field(
        description="Why a service of the platform gave it by itself: a stable code; empty where an owner asked for it.",
        examples=[""],
    )


class PhoneRequestBody(Body):
    """A phone's digital key, offered to the car whose screen shows the code."""

    public_key: str = Field(
        max_length=344, pattern=_B64URL, description="SubjectPublicKeyInfo (DER) of a P-256 key, base64url."
    )
    label: str = Field(min_length=1, max_length=MAX_LABEL, description="Your name for the phone.", examples=["Camille's phone"])
    mac: str = Field(
        min_length=43,
        max_length=43,
        pattern=_B64URL,
        description="HMAC-SHA256 by the secret on the car's screen over `openmarque.digital-key.v1`, a line feed, the 16 bytes of the "
        "vehicle_id, and the key; base64url.",
    )


class PhoneBody(Body):
    """A phone that the car knows, or was asked to know."""

    key_id: str = Field(examples=[_EXAMPLE_ID])
    label: str
    state: KeyState
    reason: str = Field(description="Why the car did not take it: a stable code; empty otherwise.", examples=["wrong_mac"])
    requested_at: datetime
    changed_at: datetime = Field(description="Since when it stands as it does.")


class PhonesBody(Body):
    """The phones of a car, those that came to nothing lately included."""

    items: list[PhoneBody]


class SafetyCodeBody(Body):
    """A new safety code, with the password that proves who chooses it."""

    code: Code
    password: str = Field(min_length=1, max_length=256)


def offer_body(offer: Offer, language: str) -> CommandBody:
    """The body that tells of a command."""
    spec, say = offer.command.spec, texts(language)
    message, cure = say.reason(offer.refused) if offer.refused else ("", "")
    label = say.text_or(f"command.{spec.name}", spec.name.replace("_", " "))
    return CommandBody(
        command=spec.name,
        declaration=offer.command.declaration,
        label=label,
        confirmation=say.text_or(f"confirm.{spec.name}", f"{label}?") if spec.confirm else None,
        authority=spec.authority,
        needs_code=spec.authority.needs_code,
        arguments=form_schema(spec.arguments, titles("argument", spec.name, say)),
        begins_within_s=spec.begins_within_s,
        outcome_within_s=spec.outcome_within_s,
        lifetime_s=spec.lifetime_s,
        possible=not offer.refused,
        reason=offer.refused,
        message=message,
        cure=cure,
    )


def command_in_words(state: str, reason: str, language: str) -> Told:
    """What a remote command's owner is told of it as it stands: its state, or why it ended otherwise than done."""
    said = texts(language)
    return said.told(f"command_state.{state}") if said.has(f"command_state.{state}.message") else said.reason(reason)


def command_body(view: CommandView, language: str) -> RemoteCommandBody:
    """The body that tells of a remote command."""
    message, cure = command_in_words(view.state, view.reason, language)
    return RemoteCommandBody(
        command_id=wire(view.command_id),
        command=view.command,
        arguments=dict(view.arguments),
        state=view.state,
        steps=[StepBody(state=step.state, at=step.at) for step in view.steps],
        reason=view.reason,
        message=message,
        cure=cure,
        requested_at=view.requested_at,
        expires_at=view.expires_at,
        phone=None if view.phone is None else SignerBody(key_id=view.phone[0], label=view.phone[1]),
        cause=view.cause,
    )


def phone_body(row: PhoneRow) -> PhoneBody:
    """The body that tells of a phone."""
    return PhoneBody(
        key_id=row.key_id,
        label=row.label,
        state=row.state,
        reason=row.reason,
        requested_at=row.requested_at,
        changed_at=row.changed_at,
    )


SHOWN = (KeyState.REQUESTED, KeyState.ACTIVE, KeyState.REFUSED)
"""Phones that their owner still has to do with."""
