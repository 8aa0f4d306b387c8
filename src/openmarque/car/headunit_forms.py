"""Forms on the head unit, made from the JSON Schema of what is typed into them (``catalogue.forms``), and what was typed as the values that it stands for.

A field is sent under the names and numbers on the way to it (``member.windows.0.from_min``). A list has a row for each of its items and buttons to
add and remove one; they send the form like any other button, and the page shows it again with the row more or less: nothing is set by that, and
no script is needed. How many rows a list has is sent as ``…#``, whether something is set that may be left unset as ``…?``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from openmarque.kit.texts import Texts
from openmarque.protocol.commands import MAX_COUNTER

ROW: Final = "row"
"""The name of the buttons that add and remove rows: ``add:windows``, ``remove:windows.0``."""
_MOST_DIGITS: Final = len(str(MAX_COUNTER)) + 1
_ABSENT: Final = object()

Schema = Mapping[str, Any]


def is_simple(schema: Schema) -> bool:
    """Whether one field holds the value: a number, a text, a choice, yes or no."""
    return schema.get("type") in ("integer", "string", "boolean")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one form. `owner` begins the ids of its fields, `prefix` their names; `said` are the words of the page.

    `wrong` says at which places what was typed does not fit, in words; the field at the place `focus` is where typing goes on.
    """

    owner: str
    prefix: str
    said: Texts
    wrong: Mapping[str, str] = field(default_factory=dict)
    focus: str = ""

    def fields(self, schema: Schema, values: Mapping[str, Any], place: str = "") -> str:
        """A labelled field for each member of an object that holds `values`."""
        members = schema["properties"].items()
        return "".join(
            self._field(f"{place}.{name}".lstrip("."), member, values.get(name), member["title"]) for name, member in members
        )

    def _field(self, place: str, schema: Schema, value: Any, title: str) -> str:
        inner = _optional(schema)
        if inner is not None:
            shown = self._field(place, inner, _begun(inner) if value is None else value, title)
            return (
                f"{self._box(f'{place}?', self.said.text('screen.settings.use', setting=title), on=value is not None)}{shown}"
            )
        match schema["type"]:
            case "object":
                return self._group(title, self.fields(schema, value if isinstance(value, Mapping) else {}, place))
            case "array":
                return self._list(place, schema, value if isinstance(value, list | tuple) else (), title)
            case "boolean":
                return self._box(place, title, on=value is True)
        return self._line(place, schema, value, title)

    def _group(self, title: str, inside: str) -> str:
        return f"<fieldset><legend>{escape(title)}</legend>{inside}</fieldset>"

    def _list(self, place: str, schema: Schema, values: list[Any] | tuple[Any, ...], title: str) -> str:
        fixed = schema.get("prefixItems")
        rows = "".join(
            self._row(f"{place}.{number}", fixed[number] if fixed else schema["items"], value, title, number, fixed=bool(fixed))
            for number, value in enumerate(values)
        )
        count = f'<input type="hidden" name="{self.prefix}{escape(place)}#" value="{len(values)}">'
        add = "" if fixed or len(values) >= schema["maxItems"] else self._button("add", place, title=title)
        return self._group(title, f"{count}{rows}{add}{self._complaint(place)}")

    def _row(self, place: str, schema: Schema, value: Any, title: str, number: int, *, fixed: bool) -> str:
        named = self.said.text("screen.settings.row", setting=title, number=number + 1)
        remove = "" if fixed else self._button("remove", place, title=title, number=number + 1)
        return f'<div class="row">{self._field(place, schema, value, named)}{remove}</div>'

    def _button(self, what: str, place: str, *, title: str, number: int = 0) -> str:
        does = self.said.text(f"screen.settings.{what}")
        about = self.said.text("screen.settings.row", setting=title, number=number) if number else title
        focus = " autofocus" if what == "add" and place == self.focus else ""
        return (
            f'<button name="{ROW}" value="{what}:{escape(place)}" formnovalidate{focus} '
            f'aria-label="{escape(does)}: {escape(about)}">{escape(does)}</button>'
        )

    def _box(self, place: str, title: str, *, on: bool) -> str:
        return self._labelled(place, title, f'<input {self._named(place)} type="checkbox"{" checked" if on else ""}>')

    def _line(self, place: str, schema: Schema, value: Any, title: str) -> str:
        unit = f" ({schema['unit']})" if schema.get("unit") else ""
        return self._labelled(place, f"{title}{unit}", self._input(schema, value, self._named(place))) + self._complaint(place)

    def _input(self, schema: Schema, value: Any, named: str) -> str:
        if "oneOf" in schema:
            options = "".join(
                f'<option value="{escape(choice["const"])}"{" selected" if choice["const"] == value else ""}>{escape(choice["title"])}</option>'
                for choice in schema["oneOf"]
            )
            return f"<select {named}>{options}</select>"
        held = "" if value is None else f' value="{escape(str(value))}"'
        if schema["type"] == "integer":
            limits = f'min="{schema["minimum"]}" max="{schema["maximum"]}"'
            return f'<input {named} type="number" {limits} required{held}>'
        return f'<input {named} maxlength="{schema["maxLength"]}"{held}>'

    def _labelled(self, place: str, title: str, control: str) -> str:
        """The control behind its label, in one line with it however the page breaks."""
        return f'<span class="field"><label for="{self._id(place)}">{escape(title)}</label>{control}</span>'

    def _named(self, place: str) -> str:
        focus = " autofocus" if place == self.focus else ""
        wrong = f' aria-invalid="true" aria-describedby="{self._id(place)}-wrong"' if place in self.wrong else ""
        return f'id="{self._id(place)}" name="{self.prefix}{escape(place)}"{wrong}{focus}'

    def _complaint(self, place: str) -> str:
        """What is wrong with what was typed there."""
        said = self.wrong.get(place)
        return "" if said is None else f'<p class="wrong" id="{self._id(place)}-wrong">{escape(said)}</p>'

    def _id(self, place: str) -> str:
        return f"{escape(self.owner)}-{escape(place)}"


class NoSuchField(Exception):
    """A form has a field that this page did not make."""


def typed(schema: Schema, given: Mapping[str, str], held: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What was typed as the values of an object: a form sends texts alone, and nothing for a box that is not ticked.

    `given` are the fields without their prefix. A member that was not sent is as in `held`, or left out. Raises ``NoSuchField``.
    """
    left = dict(given)
    values = _object(schema, left, "", held or {})
    if left:
        raise NoSuchField
    return values


def _object(schema: Schema, left: dict[str, str], place: str, held: Mapping[str, Any]) -> dict[str, Any]:
    read = {
        name: _value(member, left, f"{place}.{name}".lstrip("."), held.get(name, _ABSENT))
        for name, member in schema["properties"].items()
    }
    return {name: value for name, value in read.items() if value is not _ABSENT}


def _value(schema: Schema, left: dict[str, str], place: str, held: Any) -> Any:
    inner = _optional(schema)
    if inner is not None:
        is_set = left.pop(f"{place}?", None) is not None
        value = _value(inner, left, place, _ABSENT)
        return value if is_set else None
    match schema["type"]:
        case "object":
            return _object(schema, left, place, held if isinstance(held, Mapping) else {})
        case "array":
            rows = left.pop(f"{place}#", "")
            if not rows.isdecimal() or len(rows) > len(str(schema["maxItems"])) or int(rows) > schema["maxItems"]:
                return held
            fixed = schema.get("prefixItems")
            every = fixed[: int(rows)] if fixed else [schema["items"]] * int(rows)
            read = [_value(item, left, f"{place}.{number}", _ABSENT) for number, item in enumerate(every)]
            return [None if value is _ABSENT else value for value in read]
        case "boolean":
            return left.pop(place, None) is not None
    text = left.pop(place, None)
    if text is None:
        return held
    is_number = schema["type"] == "integer" and text.removeprefix("-").isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else text


def with_row(schema: Schema, values: dict[str, Any], row: str) -> str:
    """Add or remove the row that a button of this page names, in `values`; gives the place where typing goes on, "" where there is no such row."""
    what, _, place = row.partition(":")
    path = place.split(".")
    number = path.pop() if what == "remove" else ""
    found: Any = values
    for name in path:
        inner = _optional(schema) or schema
        is_list = inner.get("type") == "array"
        key: Any = int(name) if is_list and name.isdecimal() and len(name) <= _MOST_DIGITS else name
        try:
            found, schema = found[key], inner["items"] if is_list else inner["properties"][name]
        except (KeyError, IndexError, TypeError):
            return ""
    schema = _optional(schema) or schema
    if "items" not in schema or not isinstance(found, list):
        return ""
    if what == "add" and len(found) < schema["maxItems"]:
        found.append(_begun(schema["items"]))
        return _first(f"{place}.{len(found) - 1}", schema["items"])
    if what == "remove" and number.isdecimal() and len(number) <= _MOST_DIGITS and int(number) < len(found):
        del found[int(number)]
        return ".".join(path)
    return ""


def _first(place: str, schema: Schema) -> str:
    """The first field of what stands at a place."""
    while schema.get("type") == "object" and schema["properties"]:
        name, schema = next(iter(schema["properties"].items()))
        place = f"{place}.{name}"
    return f"{place}?" if _optional(schema) else place


def _optional(schema: Schema) -> Schema | None:
    """What may be left unset, where it is set; None for anything else."""
    return schema["anyOf"][0] if "anyOf" in schema else None


def _begun(schema: Schema) -> Any:
    """What a new row begins with: the default where there is one. A number without one is None: somebody has to say it."""
    if "default" in schema:
        return schema["default"]
    if "oneOf" in schema:
        return schema["oneOf"][0]["const"]
    match schema.get("type"):
        case "object":
            return {name: _begun(member) for name, member in schema["properties"].items()}
        case "array":
            every = schema.get("prefixItems") or [schema["items"]] * schema["minItems"]
            return [_begun(item) for item in every]
        case "boolean":
            return False
        case "string":
            return ""
    return None
