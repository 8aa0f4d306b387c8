"""The part of the head-unit page that sets what the car goes by (settings documents), made from what the installed services declare.

A form for each kind that can be set in the car, with all of its members. A form names the body that it was made from: when another one counts
meanwhile, nothing is set and the page shows that one. A form to which a row was added, or in which something does not fit, is a draft: the page shows
it again as it was typed. Labels are the services' own texts, the same that the owner's app shows.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import msgspec

from openmarque.car.core import CarCore
from openmarque.car.document_records import HeldDocument, SettingRefused, SettingUnknown
from openmarque.car.headunit_forms import ROW, Form, NoSuchField, is_simple, typed, with_row
from openmarque.car.model import Now, Output
from openmarque.catalogue.forms import Misfit, form_schema, misfits, titles
from openmarque.kit.texts import ENGLISH, Texts, texts
from openmarque.protocol.documents import DocumentReason, Maker, body_hash, write_body

MEMBER: Final = "member."
"""What the names of a member's fields begin with."""
SCRIPT: Final = """
function showSettings(shown) {
  const section = document.getElementById("settings");
  if (section && !section.dataset.draft && section.dataset.shown !== shown && !section.contains(document.activeElement)) showAnew();
}
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed into the form of a kind and is not set: the values, what does not fit in them, and the place where typing goes on."""

    kind: str
    values: Mapping[str, Any]
    wrong: tuple[Misfit, ...] = ()
    focus: str = ""


def draft_of(core: CarCore, form: Mapping[str, str]) -> Draft | None:
    """What was typed into a form that was sent, with the row more or less that was asked for; None where it is no form of what counts now.

    Total for every form.
    """
    try:
        held = core.setting(form.get("setting", ""))
        values = _values(held, form)
    except (SettingUnknown, SettingRefused):
        return None
    if ROW in form:
        return Draft(held.kind, values, focus=with_row(_schema(held, texts(ENGLISH)), values, form[ROW]))
    wrong = tuple(misfits(type(held.body), values))
    return Draft(held.kind, values, wrong, _name(wrong[0]) if wrong else "")


def set_from(core: CarCore, now: Now, form: Mapping[str, str]) -> Output:
    """Set the document of a form that was sent. Raises ``SettingUnknown``, ``SettingRefused``, or gives one as `refused`; nothing is set then."""
    held = core.setting(form.get("setting", ""))
    try:
        body = msgspec.convert(_values(held, form), type(held.body), strict=True)
    except msgspec.ValidationError as error:
        raise SettingRefused(DocumentReason.UNFIT_BODY, str(error)) from error
    return core.set_here(now, held.kind, body)


def why_not(error: SettingUnknown | SettingRefused, language: str) -> str:
    """What to say when nothing was set."""
    said = texts(language)
    reason = error.reason if isinstance(error, SettingRefused) else DocumentReason.UNKNOWN_KIND
    return said.text("screen.settings.not_set", why=said.reason_of(reason, "document_unspecified"))


def settings_shown(core: CarCore) -> str:
    """Names what the section shows: another text when it shows something else."""
    states = [
        (held.kind, _made_from(held), held.is_told, held.closed, held.lost) for held in core.settings if _is_set_here(held)
    ]
    return hashlib.sha256(msgspec.json.encode(states)).hexdigest()[:16]


def settings_section(core: CarCore, language: str, hidden: str, draft: Draft | None = None) -> str:
    """The section as HTML, empty where nothing can be set here; `hidden` are the fields that every form of the page carries."""
    said = texts(language)
    forms = "".join(
        _setting(held, said, hidden, draft if draft and draft.kind == held.kind else None)
        for held in core.settings
        if _is_set_here(held)
    )
    if not forms:
        return ""
    title, shown = escape(said.text("screen.settings.name")), settings_shown(core)
    is_draft = ' data-draft="true"' if draft else ""
    return (
        f'<section id="settings" data-shown="{shown}"{is_draft} aria-labelledby="settings-title">'
        f'<h2 id="settings-title">{title}</h2>{forms}</section>'
    )


def _is_set_here(held: HeldDocument) -> bool:
    return held.closed != DocumentReason.NOT_SET_HERE


def _made_from(held: HeldDocument) -> str:
    return body_hash(write_body(held.body))


def _schema(held: HeldDocument, said: Texts) -> dict[str, Any]:
    return form_schema(type(held.body), titles("setting", held.kind, said))


def _values(held: HeldDocument, form: Mapping[str, str]) -> dict[str, Any]:
    """What a form says of every member. Raises ``SettingRefused`` for one that was made from another body, or is none of this page."""
    if form.get("made_from") != _made_from(held):
        raise SettingRefused(DocumentReason.LOST)
    given = {key.removeprefix(MEMBER): value for key, value in form.items() if key.startswith(MEMBER)}
    try:
        return typed(_schema(held, texts(ENGLISH)), given, msgspec.to_builtins(held.body))
    except NoSuchField:
        raise SettingRefused(DocumentReason.UNFIT_BODY, "It has a member that can't be set here.") from None


def _setting(held: HeldDocument, said: Texts, hidden: str, draft: Draft | None) -> str:
    schema, values = _schema(held, said), msgspec.to_builtins(held.body)
    told = [said.text("screen.settings.by", by=_by(held, said)) if held.made_by else said.text("screen.settings.unset")]
    if not held.is_told:
        told.append(said.text("screen.settings.untold"))
    if held.closed:
        told.append(str(said.reason_of(held.closed, "document_unspecified")))
    if draft:
        told.append(said.text("screen.settings.draft"))
    lost = f'<p class="said">{escape(_lost(held, schema["properties"], said))}</p>' if held.lost is not None else ""
    label, kind = escape(said.label(held.kind)), escape(held.kind)
    about = f"<div><strong>{label}</strong><br>{escape(' '.join(told))}</div>"
    if held.closed:
        return f'<div id="setting-{kind}" class="row">{about}</div>{lost}'
    wrong = {_name(misfit): said.text("screen.settings.wrong", limits=misfit.limits) for misfit in draft.wrong} if draft else {}
    form = Form(held.kind, MEMBER, said, wrong, draft.focus if draft else "")
    fields = form.fields(schema, draft.values if draft else values)
    set_it = escape(said.text("screen.settings.set"))
    # The Enter key presses the first button of a form: without one of its own that would be the one that removes the first row.
    return (
        f'<form id="setting-{kind}" method="post" action="/settings" class="row">{hidden}'
        f'<input type="hidden" name="setting" value="{kind}"><input type="hidden" name="made_from" value="{_made_from(held)}">'
        f'<button class="enter" tabindex="-1" aria-hidden="true"></button>{about}{fields}'
        f'<button aria-label="{set_it}: {label}">{set_it}</button></form>{lost}'
    )


def _name(misfit: Misfit) -> str:
    """The name of the field that does not fit."""
    return ".".join(map(str, misfit.place))


def _lost(held: HeldDocument, schemas: Mapping[str, Mapping[str, Any]], said: Texts) -> str:
    """What had been set here where another change was faster: each member that it would have made different."""
    lost, values = msgspec.to_builtins(held.lost), msgspec.to_builtins(held.body)
    told = [
        f"{schema['title']}: {_value(schema, lost[name], said)}" if is_simple(schema) else str(schema["title"])
        for name, schema in schemas.items()
        if lost[name] != values[name]
    ]
    return said.text("screen.settings.lost", settings=", ".join(told), by=_by(held, said))


def _by(held: HeldDocument, said: Texts) -> str:
    return said.text(f"screen.setting_by.{held.made_by or Maker.PLATFORM}")


def _value(schema: Mapping[str, Any], value: object, said: Texts) -> str:
    if isinstance(value, bool):
        return said.text("screen.on" if value else "screen.off")
    title = next((str(choice["title"]) for choice in schema.get("oneOf", ()) if choice["const"] == value), str(value))
    return f"{title} {schema['unit']}" if schema.get("unit") else title
