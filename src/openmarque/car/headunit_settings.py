"""The part of the head-unit page that sets what the car goes by (settings documents), made from what the installed services declare.

A form for each kind that can be set in the car, with the members that one field holds; lists are set in the owner's app, and told so. A
form names the body that it was made from: when another one counts meanwhile, nothing is set and the page shows that one. Labels are the
services' own texts, the same that the owner's app shows.
"""

import hashlib
from collections.abc import Mapping
from html import escape
from typing import Any, Final

import msgspec

from openmarque.car.core import CarCore
from openmarque.car.document_records import HeldDocument, SettingRefused, SettingUnknown
from openmarque.car.headunit_forms import field, is_simple, typed
from openmarque.car.model import Now, Output
from openmarque.catalogue.document_bodies import body_schema, titles
from openmarque.kit.texts import Texts, texts
from openmarque.protocol.documents import DocumentReason, Maker, body_hash, write_body

MEMBER: Final = "member."
"""What the names of a member's fields begin with."""
SCRIPT: Final = """
function showSettings(shown) {
  const section = document.getElementById("settings");
  if (section && section.dataset.shown !== shown && !section.contains(document.activeElement)) location.reload();
}
"""


def set_from(core: CarCore, now: Now, form: Mapping[str, str]) -> Output:
    """Set the document of a form that was sent. Raises ``SettingUnknown``, ``SettingRefused``, or gives one as `refused`; nothing is set then."""
    held = core.setting(form.get("setting", ""))
    if form.get("made_from") != _made_from(held):
        raise SettingRefused(DocumentReason.LOST)
    given = {key.removeprefix(MEMBER): value for key, value in form.items() if key.startswith(MEMBER)}
    simple = {name: schema for name, schema in _schemas(held, texts("en")).items() if is_simple(schema)}
    if not given.keys() <= simple.keys():
        raise SettingRefused(DocumentReason.UNFIT_BODY, "It has a member that can't be set here.")
    values = msgspec.to_builtins(held.body) | typed(simple, given)
    try:
        body = msgspec.convert(values, type(held.body), strict=True)
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


def settings_section(core: CarCore, language: str, hidden: str) -> str:
    """The section as HTML, empty where nothing can be set here; `hidden` are the fields that every form of the page carries."""
    said = texts(language)
    forms = "".join(_setting(held, said, hidden) for held in core.settings if _is_set_here(held))
    if not forms:
        return ""
    title, shown = escape(said.text("screen.settings.name")), settings_shown(core)
    return (
        f'<section id="settings" data-shown="{shown}" aria-labelledby="settings-title">'
        f'<h2 id="settings-title">{title}</h2>{forms}</section>'
    )


def _is_set_here(held: HeldDocument) -> bool:
    return held.closed != DocumentReason.NOT_SET_HERE


def _made_from(held: HeldDocument) -> str:
    return body_hash(write_body(held.body))


def _schemas(held: HeldDocument, said: Texts) -> dict[str, dict[str, Any]]:
    """The schema of each member."""
    properties: dict[str, dict[str, Any]] = body_schema(type(held.body), titles(held.kind, said))["properties"]
    return properties


def _setting(held: HeldDocument, said: Texts, hidden: str) -> str:
    schemas, values = _schemas(held, said), msgspec.to_builtins(held.body)
    simple = {name: schema for name, schema in schemas.items() if is_simple(schema)}
    told = [said.text("screen.settings.by", by=_by(held, said)) if held.made_by else said.text("screen.settings.unset")]
    if not held.is_told:
        told.append(said.text("screen.settings.untold"))
    if len(simple) < len(schemas):
        rest = ", ".join(schema["title"] for name, schema in schemas.items() if name not in simple)
        told.append(said.text("screen.settings.rest", settings=rest))
    if held.closed:
        told.append(str(said.reason_of(held.closed, "document_unspecified")))
    lost = f'<p class="said">{escape(_lost(held, schemas, said))}</p>' if held.lost is not None else ""
    label = escape(said.label(held.kind))
    about = f"<div><strong>{label}</strong><br>{escape(' '.join(told))}</div>"
    if held.closed or not simple:
        return f'<div id="setting-{escape(held.kind)}" class="row">{about}</div>{lost}'
    fields = "".join(field(held.kind, MEMBER, name, schema, values[name]) for name, schema in simple.items())
    set_it = escape(said.text("screen.settings.set"))
    return (
        f'<form id="setting-{escape(held.kind)}" method="post" action="/settings" class="row">{hidden}'
        f'<input type="hidden" name="made_from" value="{_made_from(held)}">{about}{fields}'
        f'<button name="setting" value="{escape(held.kind)}" aria-label="{set_it}: {label}">{set_it}</button></form>{lost}'
    )


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
