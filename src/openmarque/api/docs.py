"""The description of the API for people: one page made from the OpenAPI document, without a script and without anything from elsewhere."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from openmarque.http.problems import MEDIA_TYPE, edge_problems
from openmarque.kit.errors import OpenMarqueError

_STYLE: Final = """:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h1,h2,h3{line-height:1.2}code,pre{font:.9em ui-monospace,monospace}pre{overflow:auto;padding:.75rem;border:1px solid #8886;border-radius:4px}
section{border-top:1px solid #8886;padding:.5rem 0 1rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8883}summary{cursor:pointer}
.method{font-weight:700;text-transform:uppercase}:target{outline:2px solid #36c;outline-offset:4px}"""
CONTENT_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""The page's own style, by its hash, and nothing else."""


def description_page(document: dict[str, Any]) -> str:
    """The page for `document`, HTML; every problem type has its anchor on it."""
    info = document["info"]
    title = f"{info['title']} {info['version']}: API"
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>",
        *(f"<p>{_text(paragraph)}</p>" for paragraph in info["description"].split("\n\n")),
        '<p>For programs: <a href="/api/openapi.json">OpenAPI</a>, and <a href="/api/asyncapi.json">AsyncAPI</a> for the link with cars.</p>',
        "<h2>Operations</h2><ul>",
        *_contents(document),
        "</ul>",
        *_operations(document),
        "<h2>Schemas</h2>",
        *_schemas(document),
        "<h2>Problems</h2>",
        *(_problem(kind) for kind in kinds_of_problems(document)),
        "</main></body></html>",
    ]
    return "\n".join(parts)


def kinds_of_problems(document: dict[str, Any]) -> list[type[OpenMarqueError]]:
    """Every kind of problem that some operation names an example of, and those of any request; by code."""
    named = {
        name
        for _, _, operation in _each(document)
        for response in operation["responses"].values()
        for name in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
    }
    known = {kind.code: kind for kind in _subclasses(OpenMarqueError) if kind.code in named}
    return list({kind.code: kind for kind in (*edge_problems(), *known.values())}.values())


def _subclasses(kind: type[OpenMarqueError]) -> Iterator[type[OpenMarqueError]]:
    for inner in kind.__subclasses__():
        yield inner
        yield from _subclasses(inner)


def _each(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        yield from ((method, path, operation) for method, operation in methods.items())


def _contents(document: dict[str, Any]) -> Iterator[str]:
    for method, path, operation in _each(document):
        yield f'<li><a href="#{escape(operation["operationId"])}"><code>{method.upper()} {escape(path)}</code></a> {escape(operation["summary"])}</li>'


def _operations(document: dict[str, Any]) -> Iterator[str]:
    for method, path, operation in _each(document):
        yield f'<section id="{escape(operation["operationId"])}"><h3>{escape(operation["summary"])}</h3>'
        yield f'<p><code><span class="method">{method}</span> {escape(path)}</code></p>'
        yield from (f"<p>{_text(part)}</p>" for part in operation.get("description", "").split("\n\n") if part)
        if operation.get("security"):
            yield "<p>Needs an access token.</p>"
        if operation.get("parameters"):
            yield "<table><thead><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr></thead><tbody>"
            for parameter in operation["parameters"]:
                yield (
                    f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}</td>"
                    f"<td>{_text(parameter.get('description', ''))} {_form(parameter['schema'])}</td></tr>"
                )
            yield "</tbody></table>"
        yield "<table><thead><tr><th>Status</th><th>Meaning</th><th>Content</th></tr></thead><tbody>"
        for status, response in sorted(operation["responses"].items()):
            yield f"<tr><td>{escape(status)}</td><td>{_text(response['description'])}</td><td>{_content(response)}</td></tr>"
        yield "</tbody></table></section>"


def _content(response: dict[str, Any]) -> str:
    found = []
    for media_type, content in response.get("content", {}).items():
        found.append(f"<code>{escape(media_type)}</code> {_form(content.get('schema', {}))}")
        if "example" in content:
            found.append(f"<details><summary>Example</summary><pre>{escape(str(content['example']))}</pre></details>")
    return "<br>".join(found)


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f'<section id="schema-{escape(name)}"><h3>{escape(name)}</h3><p>{_text(schema.get("description", ""))}</p>'
        yield "<table><thead><tr><th>Member</th><th>Form</th><th>Meaning</th><th>Example</th></tr></thead><tbody>"
        for member, form in schema.get("properties", {}).items():
            example = json.dumps(form["examples"][0], ensure_ascii=False) if form.get("examples") else ""
            yield (
                f"<tr><td><code>{escape(member)}</code></td><td>{_form(form)}</td>"
                f"<td>{_text(form.get('description', ''))}</td><td><code>{escape(example)}</code></td></tr>"
            )
        yield "</tbody></table></section>"


def _form(schema: dict[str, Any]) -> str:
    """A schema in a few words, with links to the named ones."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'
    for joined in ("anyOf", "oneOf"):
        if joined in schema:
            return " or ".join(_form(part) for part in schema[joined])
    if schema.get("type") == "array":
        return f"list of {_form(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_form(schema['additionalProperties'])}"
    words = [str(schema.get("type", "")), str(schema.get("format", ""))]
    bounds = (("minimum", "from"), ("maximum", "to"), ("pattern", "like"), ("default", "default"))
    words += [f"{word} {schema[key]}" for key, word in bounds if key in schema]
    return escape(" ".join(filter(None, words)))


def _problem(kind: type[OpenMarqueError]) -> str:
    cure = f"<p>{escape(kind.cure)}</p>" if kind.cure else ""
    again = "The same request may succeed later." if kind.retryable else "The same request fails again."
    return (
        f'<section id="problem-{escape(kind.code)}"><h3><code>{escape(kind.code)}</code> ({kind.http_status})</h3>'
        f"<p>{escape(kind.title())} {again}</p>{cure}</section>"
    )


def _text(text: str) -> str:
    """Escaped text in which what stands between backquotes is code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))
