"""Turns every error into RFC 9457 problem details: the one place where error JSON is made.

A caller's error tells its detail; of our own only the class is told, since its detail may name internals; it stands in the log, under
the id that the answer gives as `instance`. The type of a problem is an address below ``/api/docs``, where its meaning is explained.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from string import Formatter
from typing import Any, Final, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Scope

from openmarque.http import errors as e
from openmarque.kit.errors import Blame, OpenMarqueError
from openmarque.kit.languages import negotiate
from openmarque.kit.texts import ENGLISH, LANGUAGES, texts

MEDIA_TYPE: Final = "application/problem+json"
TYPE_BASE: Final = "/api/docs#problem-"
RETRY_AFTER_S: Final = 5
"""What a caller of a retryable request is told to wait: longer than a restart of a worker or a fail-over of the pool takes here."""
_FACTS: Final = {"limit": 10, "wait_s": 10}
"""For examples of problems whose cure names a fact of the occurrence."""
_INTERNAL_STATUS: Final = 500

_log = structlog.get_logger("openmarque.http")


class InvalidMember(BaseModel):
    """One part of a request that is not as it should be."""

    model_config = ConfigDict(frozen=True, title="InvalidMember")

    location: str = Field(alias="in", description="Where it stands.", examples=["query"])
    name: str = Field(description="Its name.", examples=["limit"])
    problem: str = Field(description="What is wrong with it.", examples=["Input should be less than or equal to 100"])


class Problem(BaseModel):
    """Problem details (RFC 9457), the form of every error of this API."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="Names the kind of problem; an address that explains it.")
    title: str = Field(description="The kind of problem in one sentence, in a language of `Accept-Language`.")
    status: int = Field(description="The HTTP status, once more.", ge=400, le=599)
    detail: str | None = Field(default=None, description="What is particular to this occurrence; in English answers only.")
    instance: str = Field(description="Names this occurrence; also in the platform's log.")
    code: str = Field(description="Stable identifier of the kind of problem, for programs.")
    retryable: bool = Field(description="Whether the same request may succeed later.")
    cure: str | None = Field(default=None, description="What you can do about it.")
    tries_left: int | None = Field(default=None, description="How often a code may still be tried before it is locked.", ge=0)
    current: dict[str, Any] | None = Field(
        default=None, description="What counts now, where a change was made on something older."
    )
    errors: list[InvalidMember] | None = Field(
        default=None, description="Each part of the request that is not as it should be."
    )


def problem_of(
    error: OpenMarqueError, instance: str, members: Sequence[InvalidMember] = (), language: str = ENGLISH
) -> Problem:
    """The problem that tells `error`; an error of ours without a status of its own is told as ``InternalError``.

    In `language` where that has its text (``problem.<code>`` in the folder of its class), else in English. ``detail`` is for who reads the program's
    log and is written in English only, so it is left out where the title is in another language.
    """
    told: OpenMarqueError = error
    if error.blame is Blame.OURS and error.http_status == _INTERNAL_STATUS:
        told = e.InternalError()
    translated = texts(language).problem(told.code, **told.facts_in(language))
    title, cure = translated or (told.title(), told.remedy)
    return Problem(
        type=f"{TYPE_BASE}{told.code}",
        title=title,
        status=told.http_status,
        detail=(told.detail or None) if told.blame is Blame.CALLER and translated is None else None,
        instance=instance,
        code=told.code,
        retryable=told.retryable,
        cure=cure or None,
        tries_left=_number(told.facts.get("tries_left")),
        current=_object(told.facts.get("current")),
        errors=list(members) or None,
    )


def _number(fact: object) -> int | None:
    return fact if isinstance(fact, int) else None


def _object(fact: object) -> dict[str, Any] | None:
    return fact if isinstance(fact, dict) else None


def respond(error: OpenMarqueError, scope: Scope, members: Sequence[InvalidMember] = ()) -> Response:
    """The answer to a request that ended in `error`; ours are logged here, but for what the guard has logged with its traceback."""
    instance = instance_of(scope)
    if error.blame is Blame.OURS and not isinstance(error, e.InternalError):
        _log.error("request_failed", request=instance, error=error.code, detail=error.detail)
    language = negotiate(Headers(scope=scope).get("accept-language", ""), LANGUAGES)
    problem = problem_of(error, instance, members, language)
    response = Response(problem.model_dump_json(by_alias=True, exclude_none=True), problem.status, media_type=MEDIA_TYPE)
    response.headers["Content-Language"] = language
    if problem.retryable:
        response.headers["Retry-After"] = str(error.facts.get("wait_s", RETRY_AFTER_S))
    if problem.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="OpenMarque"'
    return response


def instance_of(scope: Scope) -> str:
    """The name of the occurrence: the id that the guard gave the request."""
    return f"urn:uuid:{scope.get('state', {}).get('request_id', '')}"


def add_problems(app: FastAPI) -> None:
    """Have every exception that a route or the router raises answered as a problem. What is unforeseen is left to the guard."""
    app.add_exception_handler(OpenMarqueError, _typed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _typed(request: Request, error: Exception) -> Response:
    return respond(cast("OpenMarqueError", error), request.scope)


async def _invalid(request: Request, error: Exception) -> Response:
    members = [_member(found) for found in cast("RequestValidationError", error).errors()]
    return respond(e.RequestInvalid(), request.scope, members)


async def _http(request: Request, error: Exception) -> Response:
    """The router's own refusals. Their texts are the framework's, so only the status is taken over."""
    refused = cast("HTTPException", error)
    by_status: dict[int, type[OpenMarqueError]] = {
        HTTPStatus.UNAUTHORIZED: e.NotSignedIn,
        HTTPStatus.NOT_FOUND: e.NotFound,
        HTTPStatus.METHOD_NOT_ALLOWED: e.MethodNotAllowed,
    }
    if refused.status_code >= _INTERNAL_STATUS:
        raise error
    kind = by_status.get(refused.status_code, e.RequestRefused)
    response = respond(kind(), request.scope)
    if allow := (refused.headers or {}).get("Allow"):
        response.headers["Allow"] = allow
    return response


def _member(found: Mapping[str, Any]) -> InvalidMember:
    """What was wrong, without what was sent: that may be personal, or the caller's secret."""
    location, *names = (str(part) for part in found["loc"])
    return InvalidMember.model_validate({"in": location, "name": ".".join(names), "problem": found["msg"]})


def problems(*kinds: type[OpenMarqueError]) -> dict[int | str, dict[str, Any]]:
    """What a route says in its description of the problems it may answer with, by status."""
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        response = responses.setdefault(kind.http_status, _empty_response())
        response["description"] = " ".join(filter(None, (response["description"], kind.title())))
        response["content"][MEDIA_TYPE]["examples"][kind.code] = {"summary": kind.title(), "value": example_of(kind)}
    return responses


def example_of(kind: type[OpenMarqueError]) -> dict[str, Any]:
    """An example of a problem."""
    facts: dict[str, Any] = {name: _FACTS.get(name, "…") for _, name, _, _ in Formatter().parse(kind.cure) if name}
    return problem_of(kind(**facts), "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e").model_dump(
        by_alias=True, exclude_none=True
    )


def _empty_response() -> dict[str, Any]:
    return {"description": "", "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}}}


def edge_problems() -> Iterable[type[OpenMarqueError]]:
    """Every kind of problem that this module's package can answer with."""
    return [
        kind
        for kind in vars(e).values()
        if isinstance(kind, type) and issubclass(kind, OpenMarqueError) and kind.__module__ == e.__name__
    ]
