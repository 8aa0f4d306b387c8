"""The part of the head-unit page that gives commands in the car, made from what the installed services declare: a form for each command.

Labels of commands, arguments and choices are the services' own texts, the same that the owner's app shows.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from openmarque.car.core import CarCore
from openmarque.car.model import CommandNotOffered, Now, Output
from openmarque.catalogue.command_arguments import ArgumentInvalid, ArgumentUnknown, arguments_schema
from openmarque.catalogue.declarations import CommandSpec
from openmarque.kit.texts import Texts, texts
from openmarque.protocol.commands import CommandStep

ARGUMENT = "argument."
"""What the names of an argument's fields begin with."""
SAID = {state: f"commands.{state.value}" for state in (CommandStep.EXECUTING, CommandStep.DONE, CommandStep.REFUSED)}
"""What the page says after a command was given, by how it stands then."""
NOT_GIVEN = "commands.not_given"


def give(core: CarCore, now: Now, form: Mapping[str, str]) -> Output:
    """Give the command of a form that was sent. Raises ``CommandNotOffered``, ``ArgumentUnknown`` or ``ArgumentInvalid``."""
    name = form.get("command", "")
    spec = core.commands_here.get(name)
    given = {field.removeprefix(ARGUMENT): value for field, value in form.items() if field.startswith(ARGUMENT)}
    return core.command_here(now, name, {} if spec is None else _typed(spec, given))


def outcome(core: CarCore) -> str:
    """What to say of the command that was given last."""
    return SAID.get(core.remote_commands[-1].state, NOT_GIVEN)


def commands_section(core: CarCore, language: str, hidden: str) -> str:
    """The section as HTML, empty where nothing can be given here; `hidden` are the fields that every form of the page carries."""
    said = texts(language)
    forms = "".join(_form(spec, said, hidden) for spec in core.commands_here.values())
    if not forms:
        return ""
    title = escape(said.text("screen.commands.name"))
    return f'<section id="commands" aria-labelledby="commands-title"><h2 id="commands-title">{title}</h2>{forms}</section>'


def _typed(spec: CommandSpec, given: Mapping[str, str]) -> dict[str, object]:
    """What was typed as the values that the arguments have: a form sends texts alone, and nothing for a box that is not ticked."""
    properties = _schema(spec, texts("en"))["properties"]
    typed: dict[str, object] = {}
    for name, value in given.items():
        kind = properties.get(name, {}).get("type")
        typed[name] = int(value) if kind == "integer" and value.removeprefix("-").isdecimal() and len(value) <= 17 else value
    return typed | {name: name in given for name, schema in properties.items() if schema.get("type") == "boolean"}


def _schema(spec: CommandSpec, said: Texts) -> dict[str, Any]:
    def title(path: str, otherwise: str) -> str:
        return said.text_or(f"{'choice' if '.' in path else 'argument'}.{spec.name}.{path}", otherwise)

    return arguments_schema(spec.arguments, title)


def _form(spec: CommandSpec, said: Texts, hidden: str) -> str:
    label = escape(said.command(spec.name))
    fields = "".join(_field(spec.name, name, schema) for name, schema in _schema(spec, said)["properties"].items())
    give_it = escape(said.text("screen.commands.give"))
    return (
        f'<form method="post" action="/commands" class="row">{hidden}<div><strong>{label}</strong></div>{fields}'
        f'<button name="command" value="{escape(spec.name)}" aria-label="{give_it}: {label}">{give_it}</button></form>'
    )


def _field(command: str, name: str, schema: Mapping[str, Any]) -> str:
    place = f'id="{escape(command)}-{escape(name)}" name="{ARGUMENT}{escape(name)}"'
    unit = f" ({escape(schema['unit'])})" if schema.get("unit") else ""
    label = f'<label for="{escape(command)}-{escape(name)}">{escape(schema["title"])}{unit}</label>'
    default = schema.get("default")
    if "oneOf" in schema:
        options = "".join(
            f'<option value="{escape(choice["const"])}"{" selected" if choice["const"] == default else ""}>{escape(choice["title"])}</option>'
            for choice in schema["oneOf"]
        )
        return f"{label}<select {place}>{options}</select>"
    if schema["type"] == "boolean":
        return f'{label}<input {place} type="checkbox"{" checked" if default else ""}>'
    value = "" if default is None else f' value="{escape(str(default))}"'
    if schema["type"] == "integer":
        return f'{label}<input {place} type="number" min="{schema["minimum"]}" max="{schema["maximum"]}" required{value}>'
    return f'{label}<input {place} maxlength="{schema["maxLength"]}"{value}>'


REFUSED = (CommandNotOffered, ArgumentInvalid, ArgumentUnknown)
"""What ``give`` raises for a form that this page did not make so."""
