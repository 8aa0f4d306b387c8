"""What is allowed, how often, and when something is told again, as pure questions; and JSON read strictly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from openmarque.catalogue.declarations import Declaration, DocumentScope, DocumentSpec
from openmarque.catalogue.forms import misfits
from openmarque.protocol.documents import DocumentReason, DocumentRejected, check_texts

MOST_CHANGES: Final = 60
"""Changes of one document within `CHANGES_COUNTED`, whoever makes them: one a second is no person. It bounds what a stolen session, a hacked car
or a broken program makes a car write to its memory."""
CHANGES_COUNTED: Final = timedelta(minutes=1)
ANSWER_PAUSE: Final = timedelta(seconds=5)
"""A car that says again and again that it goes by an older version is sent the newest one only so often."""
MOST_SENDS: Final = 8
"""After so many in vain a document waits for the car's next greeting, which begins anew."""
_FIRST_RESEND: Final = timedelta(seconds=30)
_LONGEST_RESEND: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of settings document, and the declaration that lists it."""

    spec: DocumentSpec
    declaration: str

    @property
    def name(self) -> str:
        """Its name."""
        return self.spec.kind

    @property
    def of_vehicle(self) -> bool:
        """Whether it stays with the car when its owner changes."""
        return self.spec.scope is DocumentScope.VEHICLE


def kinds_of(listed: Mapping[str, tuple[Declaration, DocumentSpec]]) -> dict[str, DocumentKind]:
    """Every kind by name; `listed` is ``Catalogue.documents``."""
    return {kind: DocumentKind(spec, declaration.name) for kind, (declaration, spec) in listed.items()}


def count_change(changes: int, since: datetime, now: datetime) -> tuple[int, datetime] | None:
    """The count of changes after one more at `now`, and since when it counts; None when there were enough (`MOST_CHANGES`)."""
    if now - since >= CHANGES_COUNTED or now < since:
        return 1, now
    return None if changes >= MOST_CHANGES else (changes + 1, since)


def resend_after(sends: int) -> timedelta | None:
    """How long after its `sends`-th sending an unanswered document is sent again, four times as long each time; None: when the car comes back."""
    if sends >= MOST_SENDS:
        return None
    return min(_FIRST_RESEND * (1 << 2 * max(sends - 1, 0)), _LONGEST_RESEND)


# JSON from outside


def read_wish(text: bytes, kind: DocumentKind) -> msgspec.Struct:
    """The body that somebody wants, in any spelling of JSON. Raises ``DocumentRejected`` with the place of what is wrong.

    Stricter than most readers: a member that stands twice, NaN and the like, and texts that can't be shown are refused.
    """
    try:
        plain = json.loads(text.decode("utf-8"), object_pairs_hook=_no_doubles, parse_constant=_no_constant)
    except RecursionError:
        raise DocumentRejected(DocumentReason.UNFIT_BODY, "It is nested too deeply.") from None
    except ValueError as error:  # no JSON, no UTF-8, a number of thousands of digits
        raise DocumentRejected(DocumentReason.UNFIT_BODY, str(error)[:200]) from None
    return to_body(plain, kind)


def to_body(plain: Any, kind: DocumentKind) -> msgspec.Struct:
    """The body in plain JSON values. Raises ``DocumentRejected`` with the place of what is wrong."""
    try:
        body: msgspec.Struct = msgspec.convert(plain, kind.spec.body, strict=True)
    except (
        msgspec.ValidationError,
        RecursionError,
        UnicodeEncodeError,
    ) as error:  # the last: half a character, in a name that is none
        first = next(misfits(kind.spec.body, plain), None)
        problem = str(error) if first is None else f"`{first.path}`: {first.limits}"
        raise DocumentRejected(DocumentReason.UNFIT_BODY, problem[:200]) from None
    check_texts(plain)
    return body


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The member {double[:32]!r} stands there twice.")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON.")
