"""What counts as a request of our own pages, and which network address as the client's."""

from typing import Any

import pytest
from starlette.requests import Request

from openmarque.http.sessions import client_of, from_our_pages


def scope(headers: dict[str, str], client: str = "198.51.100.7", scheme: str = "http") -> dict[str, Any]:
    raw = [(name.lower().encode(), value.encode()) for name, value in {"host": "cars.example", **headers}.items()]
    return {"type": "http", "scheme": scheme, "headers": raw, "client": (client, 1234), "method": "POST", "path": "/"}


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://cars.example"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": ""}, False),
        ({"Origin": "http://cars.example"}, True),
        ({"Origin": "https://cars.example"}, False),
        ({"Origin": "https://cars.example", "X-Forwarded-Proto": "https"}, True),
        ({"Origin": "http://cars.example.evil.example"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_a_request_is_ours_when_the_browser_says_so(headers: dict[str, str], ours: bool):
    for unsaid in (True, False):
        assert from_our_pages(scope(headers), unsaid=unsaid) is ours


def test_nothing_said_is_what_the_caller_makes_of_it():
    assert from_our_pages(scope({}), unsaid=True)
    assert not from_our_pages(scope({}), unsaid=False)


@pytest.mark.parametrize(
    ("client", "forwarded", "proxies", "told"),
    [
        ("198.51.100.7", None, "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.9", "", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "127.0.0.1, 10.0.0.2", "203.0.113.9"),
        ("127.0.0.1", None, "127.0.0.1", "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", None, "", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", None, "", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", None, "", "198.51.100.7"),
        ("127.0.0.1", "nonsense", "127.0.0.1", "unknown"),
        ("", None, "", "unknown"),
    ],
)
def test_the_client_is_who_a_proxy_of_ours_says_it_is(client: str, forwarded: str | None, proxies: str, told: str):
    request = Request(scope({"X-Forwarded-For": forwarded} if forwarded else {}, client))
    assert client_of(request, proxies) == told
