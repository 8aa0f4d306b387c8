"""Bodies of answers about settings documents."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from openmarque.domains.documents.reasons import NOT_YOURS, UNSPECIFIED
from openmarque.domains.documents.rules import DocumentKind
from openmarque.domains.documents.service import DocumentView
from openmarque.domains.documents.states import State
from openmarque.domains.documents.store import DocumentRow
from openmarque.http.bodies import Body
from openmarque.kit.texts import texts
from openmarque.protocol.documents import DocumentReason, Maker


class ShownState(StrEnum):
    """How a document stands, for its owner."""

    UNSET = "unset"
    """Nothing was set."""
    WAITING = "waiting"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    DIFFERS = "differs"


class LostBody(Body):
    """A change made in the car that did not count, since another one reached the platform first."""

    body: dict[str, Any] = Field(description="What had been set in the car.")
    at: datetime = Field(description="When the platform heard of it.")
    message: str
    cure: str


class DocumentStateBody(Body):
    """A settings document and how it stands with the car."""

    kind: str = Field(examples=["charging_timers"])
    version: int = Field(description="Grows with each change; 0: nothing was set.", ge=0, examples=[1_796_083_200])
    body: dict[str, Any] = Field(description="What counts. Where nothing was set: what the car goes by then.")
    made_by: Maker | None = Field(
        description="Who made this version: `owner`, `car` (its screen), `platform`; null where nothing was set."
    )
    made_at: datetime | None = Field(description="When; null where nothing was set.")
    state: ShownState = Field(
        description="`waiting`: the car has not answered yet; `in_force`: it goes by this version; `refused`: it does not, and goes on "
        "with what it had; `differs`: it goes by a change of its own, which it keeps to itself or which can't be taken."
    )
    since: datetime | None = Field(description="Since when it stands so; null where nothing was set.")
    reason: str = Field(description="Why it is refused or differs: a stable code; empty otherwise.", examples=[""])
    message: str = Field(description="How it stands, in a sentence.", examples=["The car goes by it."])
    cure: str = Field(description="What you can do about it; empty where there is nothing to do.", examples=[""])
    lost: LostBody | None = Field(description="The newest change made in the car that did not count; null when there is none.")


class DocumentBody(DocumentStateBody):
    """A settings document, how it stands with the car, and whether you could set it now."""

    declaration: str = Field(description="The declaration that lists it.", examples=["charging"])
    label: str = Field(description="What it is called.", examples=["Charging timers"])
    set_by: list[Maker] = Field(description="Who may change it.")
    max_bytes: int = Field(description="The most that the body may have, written without spaces.", examples=[8192])
    possible: bool = Field(description="Whether you could set it now.")
    closed_reason: str = Field(description="Why you could not: a stable code; empty otherwise.", examples=[""])
    closed_message: str = Field(description="The reason in a sentence; empty otherwise.", examples=[""])
    closed_cure: str = Field(description="What you can do about that; empty where there is nothing to do.", examples=[""])


class DocumentsBody(Body):
    """The settings documents of a car, by kind."""

    items: list[DocumentBody]


def state_body(row: DocumentRow, language: str) -> DocumentStateBody:
    """The body that tells how a document stands."""
    return DocumentStateBody(**_state(row, language))


def document_body(view: DocumentView, language: str) -> DocumentBody:
    """The body that tells of a document."""
    kind, closed = view.kind, view.closed
    if not closed and Maker.OWNER not in kind.spec.set_by:
        closed = NOT_YOURS
    message, cure = _told(closed, language)
    return DocumentBody(
        **_state(view.row, language),
        declaration=kind.declaration,
        label=kind_title(kind, language),
        set_by=sorted(kind.spec.set_by),
        max_bytes=kind.spec.max_bytes,
        possible=not closed,
        closed_reason=closed,
        closed_message=message,
        closed_cure=cure,
    )


def _state(row: DocumentRow, language: str) -> dict[str, Any]:
    unset = row.version == 0 and row.state is State.WAITING
    shown = ShownState.UNSET if unset else ShownState(row.state)
    message, cure = _told(row.reason, language)
    lost = None
    if row.lost is not None:
        why, what = _told(DocumentReason.LOST, language)
        lost = LostBody(body=row.lost.body, at=row.lost.at, message=why, cure=what)
    return {
        "kind": row.kind,
        "version": row.version,
        "body": row.body,
        "made_by": row.made_by if row.version else None,
        "made_at": row.made_at if row.version else None,
        "state": shown,
        "since": None if unset else row.state_at,
        "reason": row.reason,
        "message": message or texts(language).text(f"document.state.{shown}"),
        "cure": cure,
        "lost": lost,
    }


def _told(reason: str, language: str) -> tuple[str, str]:
    """Message and cure; both empty for no reason."""
    if not reason:
        return "", ""
    words = texts(language).reason_of(reason, UNSPECIFIED)
    return words.message, words.cure


def kind_title(kind: DocumentKind, language: str) -> str:
    """What a kind is called."""
    return texts(language).text_or(f"label.{kind.name}", kind.name.replace("_", " ").capitalize())
