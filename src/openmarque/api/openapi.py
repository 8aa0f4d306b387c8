"""What the OpenAPI document says beyond what the routes say of themselves: problems, headers and conventions common to all."""

from collections.abc import Iterator
from typing import Any, Final

from openmarque.http.errors import BodyTooLarge, CrossSiteRefused, HostNotAllowed, InternalError, RequestRefused
from openmarque.http.paging import Page
from openmarque.http.problems import MEDIA_TYPE, Problem, problems
from openmarque.kit.errors import OpenMarqueError

DESCRIPTION: Final = """The API of a connected car's owner: which cars, how they are, what they may say, where they have been.

Every error is a problem (RFC 9457) with a stable `code`, whether trying again may help (`retryable`), and what to do (`cure`).
Lists come by pages: pass `next` on as `cursor`. Answers carry an `ETag`; send it back in `If-None-Match`. Instants are RFC 3339 in
UTC, ids 32 hex digits; units stand in the name or beside the value. Texts are in English or French by `Accept-Language`.
A car that is not yours is answered exactly like one that does not exist."""

_ID: Final = {"description": "Name of this request, for support.", "schema": {"type": "string", "format": "uuid"}}
_TAG: Final = {"description": "Version of the content, for If-None-Match.", "schema": {"type": "string"}}
_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_UNUSED: Final = ("HTTPValidationError", "ValidationError")
"""The framework's own form of errors, which no answer has."""


def openapi_document(document: dict[str, Any]) -> dict[str, Any]:
    """`document` completed in place: description, server, the schema of problems, 304 and common problems on each operation."""
    document["info"]["description"] = DESCRIPTION
    document["info"]["license"] = {"name": "see the repository"}
    document["servers"] = [{"url": "/", "description": "this platform"}]
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for name, schema in schemas.items():
        if name.startswith("Page_"):
            # A generic model hands its description on to none of its kinds.
            schema.setdefault("description", Page.__doc__)
    for name in _UNUSED:
        schemas.pop(name, None)
    for path in document["paths"].values():
        for method in _METHODS & path.keys():
            _complete(path[method], method)
    return document


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation of the document."""
    for path in document["paths"].values():
        yield from (operation for method, operation in path.items() if method in _METHODS)


def _complete(operation: dict[str, Any], method: str) -> None:
    responses = operation["responses"]
    of_a_person = bool(operation.get("security"))
    if method != "get":
        for kind in (CrossSiteRefused, BodyTooLarge, RequestRefused):
            _add_problem(responses, kind)
    if (not of_a_person and method == "get") or "application/problem+json" not in responses.get("422", {}).get("content", {}):
        # The framework adds its own 422 to whatever has a parameter; ids and headers are never refused by their form here.
        responses.pop("422", None)
    for status, response in problems(HostNotAllowed, InternalError).items():
        responses.setdefault(str(status), response)
    for response in responses.values():
        response.setdefault("headers", {})["Request-Id"] = _ID
    ok = responses.get("200", {})
    if of_a_person and method == "get" and "application/json" in ok.get("content", {}):
        ok["headers"]["ETag"] = _TAG
        responses["304"] = {"description": "What you have is still right.", "headers": {"ETag": _TAG, "Request-Id": _ID}}
        operation.setdefault("parameters", []).append(
            {
                "name": "If-None-Match",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "The `ETag` of what you have.",
            }
        )


def _add_problem(responses: dict[str, Any], kind: type[OpenMarqueError]) -> None:
    """Describe `kind` beside what has its status already."""
    for status, response in problems(kind).items():
        known = responses.setdefault(str(status), response)
        if known is not response:
            known["description"] = f"{known['description']} {response['description']}".strip()
            known["content"][MEDIA_TYPE]["examples"] |= response["content"][MEDIA_TYPE]["examples"]
