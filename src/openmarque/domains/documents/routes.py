"""Settings documents over HTTP: what an owner sets and the car keeps.

A change names the version that it was made on, by the ``ETag`` that came with it; so two people, or one with two windows, never overwrite
each other unseen. The tag is the version, with how it stands with the car behind the dot: a change needs the first part only.
"""

import hashlib
import re
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Header, Path, Request, Response

from openmarque.catalogue.forms import form_schema, titles
from openmarque.domains.documents import errors as e
from openmarque.domains.documents.bodies import DocumentBody, DocumentsBody, document_body, kind_title
from openmarque.domains.documents.rules import read_wish
from openmarque.domains.documents.service import Documents, DocumentView, Wish
from openmarque.domains.documents.store import DocumentRow
from openmarque.http.conditional import answer, matches
from openmarque.http.edge import OF_A_CAR, CarVisit, OwnCar
from openmarque.http.errors import BodyTooLarge, NotInYourGarage, NotSignedIn
from openmarque.http.languages import Language
from openmarque.http.problems import problems
from openmarque.kit.texts import texts
from openmarque.protocol.documents import DocumentRejected
from openmarque.storage.errors import StoreUnavailable

_TAG: Final = re.compile(r'(?:W/)?"(\d{1,16})(?:\.[0-9a-f]{0,32})?"')
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NOT_MODIFIED: Final = 304
_CAR: Final = (NotSignedIn, NotInYourGarage, StoreUnavailable)
_ANY_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The whole body, as its schema says; members with a default may be left out.",
        "content": {"application/json": {"schema": {"type": "object", "additionalProperties": True}}},
    }
}
KindPath = Annotated[str, Path(description="Kind of a settings document.", json_schema_extra={"pattern": "^[a-z][a-z0-9_]*$"})]
IfMatch = Annotated[
    str, Header(description="The `ETag` of what you changed; that of a setting in which nothing was set begins with 0.")
]


def documents_of(request: Request) -> Documents:
    """The use cases of the application that serves `request`."""
    documents = request.app.state.parts.settings_documents.documents
    assert isinstance(documents, Documents)
    return documents


def router() -> APIRouter:
    """The routes of settings documents."""
    routes = APIRouter(tags=["documents"])
    _look(routes)
    _set(routes)
    _schema(routes)
    return routes


def _look(routes: APIRouter) -> None:
    @routes.get(
        "/vehicles/{vehicle_id}/documents", response_model=DocumentsBody, responses=OF_A_CAR, summary="Settings of the car"
    )
    async def list_documents(request: Request, visit: OwnCar, language: Language) -> Response:
        """Everything that can be set for this car: what counts, how it stands with the car, and whether you could set it now."""
        views = await documents_of(request).views(visit.tx, visit.vehicle_id, visit.tenure_id, visit.now)
        items = [document_body(view, language) for view in views]
        return answer(request, DocumentsBody(items=items), language=language)

    @routes.get(
        "/vehicles/{vehicle_id}/documents/{kind}",
        response_model=DocumentBody,
        responses=problems(*_CAR, e.DocumentUnknown),
        summary="One setting",
    )
    async def read_document(request: Request, visit: OwnCar, kind: KindPath, language: Language) -> Response:
        """One setting. Keep its `ETag`: a change has to name it."""
        return _told(await _view(documents_of(request), visit, kind), language, request)


def _set(routes: APIRouter) -> None:
    @routes.put(
        "/vehicles/{vehicle_id}/documents/{kind}",
        response_model=DocumentBody,
        responses=problems(
            *(*_CAR, e.DocumentUnknown, e.VersionNeeded, e.DocumentConflict, e.DocumentUnfit, e.DocumentTooLarge),
            *(e.DocumentClosed, e.DocumentNotYours, e.TooManyChanges, BodyTooLarge),
        ),
        openapi_extra=_ANY_BODY,
        summary="Set it",
    )
    async def set_document(
        request: Request, visit: OwnCar, kind: KindPath, language: Language, if_match: IfMatch = ""
    ) -> Response:
        """Set it, and have the car told. The same again changes nothing and is answered alike.

        A change on a version that is not the newest any more is not made: the answer has what counts under `current`.
        """
        documents = documents_of(request)
        known = documents.kind(kind)
        made_on = _TAG.fullmatch(if_match.strip())
        if made_on is None:
            raise e.VersionNeeded
        try:
            body = read_wish(await request.body(), known)
        except DocumentRejected as rejected:
            raise e.DocumentUnfit(rejected.detail, problem=f"{rejected.detail.rstrip('.')}.") from None
        wish = Wish(visit.vehicle_id, visit.tenure_id, visit.account_id, kind, int(made_on[1]), body)
        try:
            row = await documents.set(visit.tx, wish, visit.now)
        except e.DocumentConflict as conflict:
            newest = conflict.facts["row"]
            assert isinstance(newest, DocumentRow)
            current = document_body(DocumentView(known, newest, ""), language)
            raise e.DocumentConflict(current=current.model_dump(mode="json")) from None
        return _told(DocumentView(known, row, ""), language)


def _schema(routes: APIRouter) -> None:
    @routes.get(
        "/vehicles/{vehicle_id}/documents/{kind}/schema",
        response_model=dict[str, Any],
        responses=problems(*_CAR, e.DocumentUnknown),
        summary="What can be set",
    )
    async def read_schema(request: Request, visit: OwnCar, kind: KindPath, language: Language) -> Response:
        """JSON Schema (2020-12) of the body, with a `title` and a `default` for each member: all that a form needs."""
        del visit
        known = documents_of(request).kind(kind)
        schema = form_schema(known.spec.body, titles("setting", kind, texts(language)))
        content = msgspec.json.encode({"$schema": _DIALECT, "title": kind_title(known, language), **schema})
        return _tagged(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"', language, request)


async def _view(documents: Documents, visit: CarVisit, kind: str) -> DocumentView:
    documents.kind(kind)
    views = await documents.views(visit.tx, visit.vehicle_id, visit.tenure_id, visit.now)
    return next(view for view in views if view.kind.name == kind)


def _told(view: DocumentView, language: str, request: Request | None = None) -> Response:
    content = document_body(view, language).model_dump_json().encode()
    tag = f'"{view.row.version}.{hashlib.sha256(content).hexdigest()[:16]}"'
    return _tagged(content, tag, language, request)


def _tagged(content: bytes, tag: str, language: str, request: Request | None) -> Response:
    """`content` with its tag; 304 when the client of a reading request has it."""
    headers = {"ETag": tag, "Content-Language": language, "Vary": "Accept-Language"}
    if request is not None and matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return Response(content, media_type="application/json", headers=headers)
