"""What a notice takes and keeps, as items of its declaration: they follow from the ``NoticeSpec``. Pure. REQ NOT-2c."""

from typing import Final

from openmarque.catalogue.declarations import MONTHS_12, REQUEST_DONE, Declaration, Item, NoticeSpec
from openmarque.kit.texts import TextKey

Argument = str | int | float | bool | TextKey
"""A fact of a notice. Numbers are written as the reader's language writes them; a ``TextKey`` is told in it."""
OF_EVERY_NOTICE: Final = frozenset({"car", "at"})
"""Facts that the words of each notice may name: what the owner calls the car, and when it was."""
LONGEST_KEPT: Final = MONTHS_12
"""What is said of the keys of a notice: the notice itself goes earlier where its spec says so."""


def argument_key(kind: str, argument: str) -> str:
    """The key of an argument inside the stored JSON: a notice can hold none that another kind declares."""
    return f"{kind}.{argument}"


def notice_items(declaration: Declaration) -> tuple[Item, ...]:
    """The items of all its notices: what each keeps, and what their mails carry until they are sent."""
    kept = tuple(_kept(spec) for spec in declaration.notices if spec.arguments)
    mailed = {f"mail:{name}" for spec in declaration.notices if "mail" in spec.channels for name in spec.arguments}
    return (*kept, Item("mails of notices", REQUEST_DONE, carried=tuple(sorted(mailed)))) if mailed else kept


def _kept(spec: NoticeSpec) -> Item:
    fields = tuple(f"notice.arguments[{argument_key(spec.kind, name)}]" for name in spec.arguments)
    return Item(f"notice {spec.kind}", spec.retention, fields=fields)
