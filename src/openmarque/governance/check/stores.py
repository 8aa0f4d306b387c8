"""Objects in the object store, and fields of mails: of their headers, of bodies built in code, and of the templates."""

import ast
from collections.abc import Iterable, Iterator

from openmarque.catalogue.register import Catalogue
from openmarque.domains.notifications.templates import TEMPLATES
from openmarque.governance.check.code import Code, literal_text
from openmarque.governance.check.finding import Finding

_BUCKETS = frozenset(
    {"object_store", "create_object_store", "key_value", "create_key_value", "put_object", "upload_fileobj", "upload_file"}
)
_MAIL_MODULES = ("smtplib", "aiosmtplib", "email.message", "email.mime")
_STRUCTURE = frozenset({"from", "to", "date", "message-id", "mime-version", "content-type", "auto-submitted"})
"""Header fields that every mail has; what it says about somebody is in the others and in the body."""


def findings(catalogue: Catalogue, code: Iterable[Code]) -> Iterator[Finding]:
    """Buckets and mail fields in code that no declaration lists (``object:bucket/…``, ``mail:field``)."""
    buckets = {name.partition("/")[0] for name in catalogue.carried("object")}
    fields = {name.lower() for name in catalogue.carried("mail")} | _STRUCTURE
    for template in TEMPLATES.values():
        undeclared = sorted(name for name in template.fields() if name not in fields)
        yield from (_mail_field(f"mail template {template.name}", name) for name in undeclared)
    for file in code:
        yield from _objects(file, buckets)
        is_mail = any(name.startswith(_MAIL_MODULES) for name in file.imports.values())
        yield from _mails(file, fields, by_key=is_mail)


def _objects(file: Code, declared: set[str]) -> Iterator[Finding]:
    for node in file.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr=method)) if method in _BUCKETS:
                values = [*node.args[:1], *(k.value for k in node.keywords if k.arg in {"bucket", "Bucket"})]
                bucket = next((text for value in values if (text := literal_text(value)) is not None), None)
                if bucket not in declared:
                    yield Finding(
                        "undeclared-object",
                        file.at(node),
                        f"The bucket {bucket or 'of a computed name'!r} is not declared.",
                        "Add 'object:bucket/name' to an item of the declaration that uses it; name the bucket literally.",
                    )


def _mails(file: Code, declared: set[str], *, by_key: bool) -> Iterator[Finding]:
    """`by_key`: what is assigned by a key may be a header of a mail."""
    for node in file.nodes:
        match node:
            case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value=str(name)))]) if (
                by_key and name.lower() not in declared
            ):
                yield _mail_field(file.at(node), name)
            case ast.Call(func=ast.Attribute(attr="set_content" | "add_alternative"), args=[body, *_]):
                for inner in ast.walk(body):
                    if isinstance(inner, ast.FormattedValue):
                        name = ast.unparse(inner.value)
                        if name.lower() not in declared:
                            yield _mail_field(file.at(node), name)


def _mail_field(where: str, name: str) -> Finding:
    return Finding(
        "undeclared-mail-field",
        where,
        f"The mail field {name!r} is not declared.",
        f"Add 'mail:{name}' to an item of a declaration.",
    )
