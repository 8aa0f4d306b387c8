"""The API as a process, the way the supervisor runs it: ready when it serves, one port for its life, an orderly end."""

import signal
import socket
import time

import httpx
import pytest

from openmarque.api.serve import web_port
from openmarque.engines.errors import PortBusy
from openmarque.engines.process import Ports
from openmarque.http.address import PORT_NAME
from openmarque.kit.settings import Settings
from tests.integration.api.conftest import start_api

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_process_serves_when_it_says_ready_and_streams_reach_their_end_when_it_is_asked_to_stop(api_settings, street):
    owner = await street.owner()
    car = await street.car(owner)
    process, address = start_api(api_settings)
    try:
        async with httpx.AsyncClient(base_url=address, headers=owner.headers) as client:
            assert (await client.get("/readyz")).json() == {"ready": True, "missing": []}
            assert (await client.get("/api/v1/vehicles")).json()["items"][0]["vehicle_id"] == car.name
            async with client.stream("GET", f"{car.address}/events") as response:
                lines = response.aiter_lines()
                async for line in lines:
                    if line == "event: snapshot":
                        break
                await car.says({"Vehicle.Speed": 61.0})
                async for line in lines:
                    if line.startswith("data:") and "61.0" in line:
                        break
                process.send_signal(signal.SIGTERM)
                asked = time.perf_counter()
                rest = [line async for line in lines]
            assert 'data: {"code":"shutdown"}' in rest
        assert process.wait(10) == 0
        assert time.perf_counter() - asked < 5
    finally:
        process.kill()
        process.wait()
    assert start_and_stop(api_settings) == address, "a port that was taken once is kept"


def start_and_stop(settings: Settings) -> str:
    process, address = start_api(settings)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    return address


async def test_a_port_that_is_held_by_another_is_named_with_its_setting(api_home):

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortBusy) as caught:
            web_port(Settings(home=api_home, port=port))
    assert "OPENMARQUE_PORT" in caught.value.remedy
    assert str(port) in caught.value.detail
    assert web_port(Settings(home=api_home, port=port)) == port
    assert Ports(api_home / "run").known(PORT_NAME) != port
