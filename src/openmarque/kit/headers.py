"""Header fields that the program may set on HTTP answers and broker messages, each with its purpose. None holds personal data.

``openmarque check`` compares the list with the code; a service outside the package declares its own (``header:Name``).
"""

from collections.abc import Mapping
from typing import Final

HEADERS: Final[Mapping[str, str]] = {
    "Accept-Ranges": "that a file can be read in parts",
    "Allow": "methods that an address takes",
    "Cache-Control": "keep answers out of caches",
    "Content-Encoding": "how an answer is compressed",
    "Content-Length": "size of an answer, or of a part of a file",
    "Content-Range": "which part of a file this is",
    "Content-Language": "language of an answer",
    "Content-Type": "format of an answer",
    "ETag": "version of a resource, for conditional requests",
    "Link": "next page of a list",
    "Location": "where a new resource is",
    "Retry-After": "when to try again",
    "Set-Cookie": "keep a browser signed in; says which session it is, and nothing else",
    "WWW-Authenticate": "how to sign in",
    "Content-Security-Policy": "what a page may load",
    "Permissions-Policy": "which of the device's abilities a page may use",
    "Referrer-Policy": "keep addresses from other sites",
    "X-Content-Type-Options": "no guessing of formats",
    "Cross-Origin-Resource-Policy": "keep other sites from loading answers",
    "Request-Id": "name of a request, for support; in the log of a failed one",
    "Strict-Transport-Security": "never without TLS again",
    "Vary": "what an answer depends on",
    "X-Accel-Buffering": "let event streams through proxies",
}
