"""Words: every text file can be used, and everything declared has its words in every language. Issue 13, Deliver 5; REQ GDP-1, NOT-1."""

from collections.abc import Iterator

from openmarque.catalogue.command_reasons import CommandReason
from openmarque.catalogue.declarations import CommandSpec, Scope
from openmarque.catalogue.forms import form_schema, title_key
from openmarque.catalogue.notices import OF_EVERY_NOTICE
from openmarque.catalogue.refusals import Reason
from openmarque.catalogue.register import Catalogue
from openmarque.governance.check.finding import Finding
from openmarque.kit.text_files import problems, text_folders
from openmarque.kit.texts import ENGLISH, texts


def findings(catalogue: Catalogue) -> Iterator[Finding]:
    """What is wrong with text files, texts that are not there, and notices that name other facts than they declare."""
    for problem in problems(text_folders()):
        yield Finding("bad-text", f"{problem.file} {problem.key}".strip(), problem.what, problem.cure)
    said = texts(ENGLISH)
    for key, where in wanted(catalogue).items():
        if not said.has(key):
            yield missing_text(key, where)
    for kind, (declaration, spec) in catalogue.notices().items():
        named = frozenset[str]().union(*(said.facts(f"notice.{kind}.{part}") for part in ("title", "body", "action")))
        for fact in sorted(named - OF_EVERY_NOTICE - set(spec.arguments)):
            yield Finding(
                "undeclared-notice-argument",
                f"{declaration.name}: notice {kind}",
                f"Its text names {{{fact}}}, which is none of its arguments.",
                "Add it to `arguments` of its NoticeSpec, or take it out of the text.",
            )


def missing_text(key: str, where: str) -> Finding:
    """That what stands at `where` has no words for `key`."""
    return Finding("text-missing", where, f"It has no text {key}.", "Write it in texts/*.toml of its folder.")


def wanted(catalogue: Catalogue) -> dict[str, str]:
    """The texts that must be there for what is declared, by key, with the place that asks for each."""
    keys: dict[str, str] = {}
    for name, declaration in catalogue.declarations.items():
        keys[f"purpose.{name}"] = name
        if declaration.scope is Scope.SERVICE:
            keys[f"label.{name}"] = name
        if declaration.group:
            keys[f"label.{declaration.group}"] = f"{name}: group {declaration.group}"
        for command in declaration.commands:
            where = f"{name}: command {command.name}"
            keys |= dict.fromkeys(_of_command(command), where)
        for notice in declaration.notices:
            where = f"{name}: notice {notice.kind}"
            keys |= dict.fromkeys((f"notice.{notice.kind}.{part}" for part in ("title", "body")), where)
        for document in declaration.documents:
            keys[f"label.{document.kind}"] = f"{name}: settings document {document.kind}"
        for processor in declaration.processors:
            keys[f"recipient.{processor.role}"] = f"{name}: {processor.name}"
    for reason in (*Reason, *CommandReason):
        keys |= dict.fromkeys((f"reason.{reason}.{part}" for part in ("message", "cure")), "catalogue")
    return keys


def _of_command(spec: CommandSpec) -> Iterator[str]:
    """Its name, the question before it, its reasons, and each argument and choice of its form."""
    yield f"command.{spec.name}"
    if spec.confirm:
        yield f"confirm.{spec.name}"
    yield from (f"reason.{code}.{part}" for code in spec.reasons for part in ("message", "cure"))
    titles: list[str] = []

    def said(path: str, otherwise: str) -> str:
        titles.append(title_key("argument", spec.name, path))
        return otherwise

    form_schema(spec.arguments, said)
    yield from titles
