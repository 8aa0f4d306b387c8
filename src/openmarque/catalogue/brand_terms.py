"""What a brand pack changes in the declarations, and what is wrong with a pack beside them. Pure.

A declaration leaves some retentions to the brand (REQ GDP-12). The brand may ask for more before a command runs, never for less
(REQ AUT-10); `with_terms` can't lower anything, and `pack_problems` names what tries to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from openmarque.brands.entitlements import sold
from openmarque.brands.pack import BrandPack, CommandTerms
from openmarque.catalogue.declarations import Authority, CommandSpec, Declaration, Retention, Scope, Until

_LEAST: Final = CommandTerms()


def with_terms(declaration: Declaration, pack: BrandPack) -> Declaration:
    """The declaration as it counts for this brand: retentions that it leaves open are set, commands ask for the stricter of both."""
    items = tuple(
        replace(item, retention=Retention(Until.AGE, pack.retention[f"{declaration.name}.{item.name}"]))
        if item.retention is None and f"{declaration.name}.{item.name}" in pack.retention
        else item
        for item in declaration.items
    )
    commands = tuple(_raised(spec, pack.commands.get(spec.name, _LEAST)) for spec in declaration.commands)
    return replace(declaration, items=items, commands=commands)


def pack_problems(pack: BrandPack, declarations: Iterable[Declaration]) -> Iterator[str]:
    """What the pack says of `declarations`, as they are declared, that can't be; each with its key."""
    every = list(declarations)
    specs = {spec.name: spec for declaration in every for spec in declaration.commands}
    for name, terms in pack.commands.items():
        if name not in specs:
            yield f"commands.{name}: no installed service has this command (there are: {', '.join(sorted(specs))})"
        else:
            yield from (f"commands.{name}.{problem}" for problem in _lowered(specs[name], terms))
    duties = {declaration.name for declaration in every if declaration.is_legal_duty}
    offered = {declaration.name for declaration in every if declaration.scope is Scope.SERVICE} - duties
    for product, contents in pack.products.items():
        for name in contents.declarations:
            if name in duties:
                yield f"products.{product}.declarations: {name!r} is a legal duty, which every car has without a contract"
            elif name not in offered:
                yield f"products.{product}.declarations: {name!r} is of no installed service (there are: {', '.join(sorted(offered))})"


def unsold(pack: BrandPack, declarations: Iterable[Declaration]) -> Iterator[str]:
    """The declarations of services that no product of the pack holds, so that nobody can have them."""
    held = sold(pack)
    for declaration in declarations:
        if declaration.scope is Scope.SERVICE and not declaration.is_legal_duty and declaration.name not in held:
            yield declaration.name


def _raised(spec: CommandSpec, terms: CommandTerms) -> CommandSpec:
    asked = Authority(terms.authority or Authority.PLATFORM)
    if terms.code:
        asked = asked.stricter(Authority.DIGITAL_KEY_AND_CODE)
    return replace(spec, authority=spec.authority.stricter(asked))


def _lowered(spec: CommandSpec, terms: CommandTerms) -> Iterator[str]:
    without_code = Authority.DIGITAL_KEY if spec.authority.needs_code else spec.authority
    if terms.authority is not None and without_code.stricter(Authority(terms.authority)) is not Authority(terms.authority):
        yield f"authority: {terms.authority!r} is less than its declaration asks for ({without_code.value!r})"
    if terms.code is False and spec.authority.needs_code:
        yield "code: false is less than its declaration asks for (true)"
