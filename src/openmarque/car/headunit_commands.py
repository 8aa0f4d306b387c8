"""The part of the head-unit page that gives commands in the car, made from what the installed services declare: a form for each command.

Labels of commands, arguments and choices are the services' own texts, the same that the owner's app shows.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from openmarque.car.core import CarCore
from openmarque.car.headunit_forms import Form, NoSuchField, typed
from openmarque.car.model import CommandNotOffered, Now, Output
from openmarque.catalogue.command_arguments import ArgumentInvalid, ArgumentUnknown
from openmarque.catalogue.declarations import CommandSpec
from openmarque.catalogue.forms import form_schema, titles
from openmarque.kit.texts import ENGLISH, Texts, texts
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
    given = {key.removeprefix(ARGUMENT): value for key, value in form.items() if key.startswith(ARGUMENT)}
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


def _schema(spec: CommandSpec, said: Texts) -> dict[str, Any]:
    return form_schema(spec.arguments, titles("argument", spec.name, said))


def _typed(spec: CommandSpec, given: Mapping[str, str]) -> dict[str, Any]:
    try:
        return typed(_schema(spec, texts(ENGLISH)), given)
    except NoSuchField:
        return dict(given)  # whose reader says which


def _form(spec: CommandSpec, said: Texts, hidden: str) -> str:
    name, schema = said.command(spec.name), _schema(spec, said)
    label = escape(name[:1].upper() + name[1:])  # it begins a line
    begun = {name: member.get("default") for name, member in schema["properties"].items()}
    fields = Form(spec.name, ARGUMENT, said).fields(schema, begun)
    give_it = escape(said.text("screen.commands.give"))
    return (
        f'<form method="post" action="/commands" class="row">{hidden}<div><strong>{label}</strong></div>{fields}'
        f'<button name="command" value="{escape(spec.name)}" aria-label="{give_it}: {label}">{give_it}</button></form>'
    )


REFUSED = (CommandNotOffered, ArgumentInvalid, ArgumentUnknown)
"""What ``give`` raises for a form that this page did not make so."""
