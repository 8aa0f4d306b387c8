"""Fields of forms on the head unit, made from the JSON Schema of what is typed into them, and what was typed as the values that it stands for."""

from collections.abc import Mapping
from html import escape
from typing import Any

from openmarque.protocol.commands import MAX_COUNTER

_MOST_DIGITS = len(str(MAX_COUNTER)) + 1


def is_simple(schema: Mapping[str, Any]) -> bool:
    """Whether one field holds the value: a number, a text, a choice, yes or no."""
    return schema.get("type") in ("integer", "string", "boolean")


def field(owner: str, prefix: str, name: str, schema: Mapping[str, Any], value: object) -> str:
    """A labelled field for member `name` of `owner`, which holds `value` (None: nothing); it is sent under `prefix` and the name."""
    place = f'id="{escape(owner)}-{escape(name)}" name="{prefix}{escape(name)}"'
    unit = f" ({escape(schema['unit'])})" if schema.get("unit") else ""
    label = f'<label for="{escape(owner)}-{escape(name)}">{escape(schema["title"])}{unit}</label>'
    if "oneOf" in schema:
        options = "".join(
            f'<option value="{escape(choice["const"])}"{" selected" if choice["const"] == value else ""}>{escape(choice["title"])}</option>'
            for choice in schema["oneOf"]
        )
        return f"{label}<select {place}>{options}</select>"
    if schema["type"] == "boolean":
        return f'{label}<input {place} type="checkbox"{" checked" if value else ""}>'
    held = "" if value is None else f' value="{escape(str(value))}"'
    if schema["type"] == "integer":
        return f'{label}<input {place} type="number" min="{schema["minimum"]}" max="{schema["maximum"]}" required{held}>'
    return f'{label}<input {place} maxlength="{schema["maxLength"]}"{held}>'


def typed(properties: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]) -> dict[str, object]:
    """What was typed as the values that `properties` have: a form sends texts alone, and nothing for a box that is not ticked."""
    values: dict[str, object] = {}
    for name, value in given.items():
        is_number = properties.get(name, {}).get("type") == "integer"
        is_written_so = value.removeprefix("-").isdecimal() and len(value) <= _MOST_DIGITS
        values[name] = int(value) if is_number and is_written_so else value
    return values | {name: name in given for name, schema in properties.items() if schema.get("type") == "boolean"}
