"""What is wrong with the commands, notices and settings documents of a declaration, taken by itself. Pure.

The arguments of a command are signed as JSON in one spelling (``protocol.commands``), shown as a form, and checked on both sides. So a field is a
bool, a whole number with both limits, a choice (``Literal`` or ``StrEnum``), or a text of ``ARGUMENT_TEXT`` with a greatest
length; its unit stands in its name (``duration_s``) and, for readers, as ``Meta(extra_json_schema={"unit": "s"})``.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import inspect

from openmarque.catalogue.declarations import CommandSpec, Declaration, DocumentScope, DocumentSpec, NoticeSpec, Until
from openmarque.catalogue.document_bodies import body_problems, leaf_problem, struct_duties
from openmarque.catalogue.notices import LONGEST_KEPT, OF_EVERY_NOTICE
from openmarque.protocol.commands import (
    ARGUMENT_TEXT,
    CHALLENGE_LIVES_MS,
    MAX_ARGUMENT_TEXT,
    MAX_ARGUMENTS,
    MAX_NAME,
    MAX_PAYLOAD_BYTES,
    NAME,
)
from openmarque.protocol.documents import MAX_BODY_BYTES, MAX_SCHEMA

MAX_REASON: Final = 40
"""Characters of a reason that a car gives."""
MAX_SPELLED: Final = MAX_PAYLOAD_BYTES - 300
"""Bytes of arguments: the other members of a payload take up to 289."""


def is_reason_code(reason: str) -> bool:
    """Whether a reason that a car gives can be kept: a short code of letters, digits and underscores."""
    return reason.isascii() and reason.replace("_", "").isalnum() and len(reason) <= MAX_REASON


def capability_problems(declaration: Declaration) -> Iterator[str]:
    """Everything that is wrong, each with its place."""
    for command in declaration.commands:
        yield from (f"{declaration.name}: command {command.name!r} {problem}" for problem in _command(command))
    for notice in declaration.notices:
        yield from (f"{declaration.name}: notice {notice.kind!r} {problem}" for problem in _notice(notice))
    for document in declaration.documents:
        problems = [*_document(document), *_carrying(declaration, document)]
        yield from (f"{declaration.name}: settings document {document.kind!r} {problem}" for problem in problems)
    known = {document.kind for document in declaration.documents}
    yield from (
        f"{declaration.name}: it carries the settings document {kind!r}, which it does not list"
        for kind in sorted(declaration.carried("document") - known)
    )


def _command(spec: CommandSpec) -> Iterator[str]:
    if not _is_name(spec.name):
        yield f"is not named by {NAME}, {MAX_NAME} characters at most"
    if not 0 < spec.begins_within_s <= spec.outcome_within_s < spec.lifetime_s <= CHALLENGE_LIVES_MS // 1000:
        yield "has times that do not grow: begins_within_s, outcome_within_s, lifetime_s, at most 300 s"
    yield from (f"gives the reason {reason!r}, which is no code" for reason in spec.reasons if not is_reason_code(reason))
    wrong = [f"has arguments that must {duty}" for duty in struct_duties(spec.arguments)]
    yield from wrong or _arguments(spec.arguments)


def _notice(spec: NoticeSpec) -> Iterator[str]:
    if not _is_name(spec.kind):
        yield f"is not named by {NAME}, {MAX_NAME} characters at most"
    if "centre" not in spec.channels:
        yield "does not stand in the centre: every notice does"
    if spec.retention.until is not Until.AGE or spec.retention.lasts > LONGEST_KEPT.lasts:
        yield f"must be kept for a number of days, {LONGEST_KEPT.days} at most"
    yield from (f"has an argument {name!r}, which is no name" for name in spec.arguments if not _is_name(name))
    yield from (f"has an argument {name!r}, which every notice has" for name in spec.arguments if name in OF_EVERY_NOTICE)


def _document(spec: DocumentSpec) -> Iterator[str]:
    if not _is_name(spec.kind):
        yield f"is not named by {NAME}, {MAX_NAME} characters at most"
    if spec.schema < 1:
        yield "has a schema below 1"
    if spec.schema > MAX_SCHEMA:
        yield f"has a schema above {MAX_SCHEMA}"
    if not 0 < spec.max_bytes <= MAX_BODY_BYTES:
        yield f"may have {spec.max_bytes} bytes: 1 to {MAX_BODY_BYTES} are possible"
    if not spec.set_by:
        yield "is set by nobody"
    yield from (f"has a body in which {problem}" for problem in body_problems(spec.body, spec.max_bytes))


def _carrying(declaration: Declaration, spec: DocumentSpec) -> Iterator[str]:
    """A document is kept as long as the item says that carries it, and the platform can keep it so long only."""
    items = [item for item in declaration.items if f"document:{spec.kind}" in item.carried]
    if len(items) != 1:
        yield f"is carried by {len(items)} items: one has to say 'document:{spec.kind}', what it is and how long it is kept"
    until = Until.TENURE_ENDED if spec.scope is DocumentScope.TENURE else Until.OVERWRITTEN
    if any(item.retention is None or item.retention.until is not until for item in items):
        yield f"belongs to the {spec.scope}, so its item is kept until {until}"


def _is_name(text: str) -> bool:
    return re.fullmatch(NAME, text) is not None and len(text) <= MAX_NAME


def _arguments(arguments: type[msgspec.Struct]) -> Iterator[str]:
    try:
        info = inspect.type_info(arguments)
    except TypeError as error:
        yield f"has arguments that can't be read: {error}"
        return
    assert isinstance(info, inspect.StructType)
    if len(info.fields) > MAX_ARGUMENTS:
        yield f"has more than {MAX_ARGUMENTS} arguments"
    if (longest := sum(_longest(field) for field in info.fields)) > MAX_SPELLED:
        yield f"has arguments of up to {longest} bytes when they are signed: {MAX_SPELLED} are possible"
    for field, given in zip(info.fields, msgspec.structs.fields(arguments), strict=True):
        problem = _argument(field) or _default(given)
        if problem:
            yield f"has the argument {field.name!r}, which {problem}"


def _argument(field: inspect.Field) -> str:
    """What is wrong with an argument; empty when nothing is."""
    if not _is_name(field.name):
        return f"is not named by {NAME}, {MAX_NAME} characters at most"
    match field.type.type if isinstance(field.type, inspect.Metadata) else field.type:
        case inspect.BoolType() | inspect.IntType() as leaf:
            return leaf_problem(leaf)
        case inspect.StrType(max_length=int(length), pattern=pattern) if (
            pattern == ARGUMENT_TEXT and length <= MAX_ARGUMENT_TEXT
        ):
            return ""
        case inspect.StrType():
            return f"is a text without limits: say Meta(max_length=…, pattern=ARGUMENT_TEXT), {MAX_ARGUMENT_TEXT} characters at most"
        case inspect.LiteralType(values=values) if all(_is_spelt(value) for value in values):
            return ""
        case inspect.EnumType(cls=choices) if all(_is_spelt(choice.value) for choice in choices):
            return ""
    return "the signed payload can't spell: take a bool, a whole number, a choice or a short ASCII text"


def _longest(field: inspect.Field) -> int:
    """Bytes of an argument at most as it is signed: ``"name":value,``."""
    match field.type.type if isinstance(field.type, inspect.Metadata) else field.type:
        case inspect.IntType(ge=low, le=high):
            value = max(len(str(low)), len(str(high)))
        case inspect.StrType(max_length=length):
            value = (length or 0) + 2
        case inspect.LiteralType(values=values):
            value = max((len(str(choice)) + 2 for choice in values), default=0)
        case inspect.EnumType(cls=choices):
            value = max((len(str(choice.value)) + 2 for choice in choices), default=0)
        case _:
            value = len("false")
    return len(field.name) + value + len('"":,')


def _is_spelt(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(ARGUMENT_TEXT, value) is not None and len(value) <= MAX_ARGUMENT_TEXT


def _default(field: msgspec.structs.FieldInfo) -> str:
    """What is wrong with the value that an argument has when it is left out; empty when nothing is."""
    if field.default_factory is not msgspec.NODEFAULT:
        return "has a default that is made anew each time: give the value itself"
    if field.default is msgspec.NODEFAULT:
        return ""
    try:
        msgspec.convert(msgspec.to_builtins(field.default), field.type)
    except msgspec.ValidationError as error:
        return f"has a default that its own limits refuse: {error}"
    return ""
