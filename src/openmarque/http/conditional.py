"""Conditional requests (RFC 9110 §13): what a client has already is not sent again."""

import hashlib
import re
from typing import Final

import msgspec
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
_NOT_MODIFIED: Final = 304


def answer(request: Request, body: BaseModel, *, version: object = None, language: str = "") -> Response:
    """`body` as JSON with an ``ETag``, or 304 when the client names that tag in ``If-None-Match``.

    `version` stands for the content where `body` also holds what changes by itself (an age); the tag is weak for that reason.
    `language` is the language of its texts.
    """
    content = body.model_dump_json(by_alias=True).encode()
    identity = content if version is None else msgspec.json.encode(version, order="sorted", enc_hook=str)
    tag = f'W/"{hashlib.sha256(language.encode() + identity).hexdigest()[:32]}"'
    headers = {"ETag": tag}
    if language:
        headers |= {"Content-Language": language, "Vary": "Accept-Language"}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def fixed(request: Request, content: bytes, media_type: str) -> Response:
    """`content` that is the same for everybody and changes with the program only; it may be kept, if its tag is asked about."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def matches(if_none_match: str, tag: str) -> bool:
    """Whether the header lists `tag`, compared weakly (RFC 9110 §8.8.3.2), or is ``*``."""
    if if_none_match.strip() == "*":
        return True
    wanted = _TAG.fullmatch(tag)
    return wanted is not None and wanted[1] in _TAG.findall(if_none_match)
