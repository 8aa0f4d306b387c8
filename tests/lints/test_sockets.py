"""Pure tests can't reach the network, and still have their event loop."""

import asyncio
import socket

import pytest
from pytest_socket import SocketBlockedError


def test_opening_a_network_socket_is_refused():
    with pytest.raises(SocketBlockedError):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)


async def test_an_event_loop_works_without_the_network():
    assert await asyncio.sleep(0, "awake") == "awake"
