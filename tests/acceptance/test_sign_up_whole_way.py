"""A stranger gets an account on the running platform: API, scheduler and mailbox as the processes that `up` starts."""

import asyncio
import os
import signal
from collections.abc import Callable

import httpx
import pytest

from openmarque.cli.operating import platform_up
from openmarque.cli.trying import throwaway_home
from openmarque.engines.mailbox import StoredMail, stored_mails
from openmarque.http.address import web_address
from openmarque.kit.clock import SystemClock
from openmarque.kit.settings import Settings

EMAIL, PASSWORD, NEW = "ada@example.com", "correct horse battery", "another horse battery"
OURS = {"Sec-Fetch-Site": "same-origin"}
PERSON = {
    "email": EMAIL, "password": PASSWORD, "given_name": "Ada", "family_name": "Lovelace",
    "language": "fr", "country": "FR", "time_zone": "Europe/Paris",
}  # fmt: skip


async def arrives(settings: Settings, wanted: Callable[[StoredMail], bool], within_s: float = 30.0) -> StoredMail:
    async with asyncio.timeout(within_s):
        while True:
            found = [mail for mail in await asyncio.to_thread(stored_mails, settings) if wanted(mail)]
            if found:
                return found[-1]
            await asyncio.sleep(0.1)


def token_of(mail: StoredMail, page: str, base: str) -> str:
    [link] = mail.links
    address, _, token = link.partition("#")
    assert address == f"{base}{page}"
    return token


@pytest.mark.req("ACC-1a", "ACC-2a", "ACC-2c", "NOT-1c")
async def test_a_stranger_signs_up_by_mail_and_comes_back_by_mail_while_the_scheduler_is_killed():
    async with throwaway_home() as home:
        settings = Settings(home=home, port=0, mqtt_port=0)
        async with platform_up(settings, SystemClock()) as (_, supervisor):
            base = web_address(settings)
            async with httpx.AsyncClient(base_url=f"{base}/api/v1", headers=OURS, timeout=30) as browser:
                assert (await browser.post("/accounts", json=PERSON)).status_code == 202
                mail = await arrives(settings, lambda m: m.to == (EMAIL,))
                assert mail.subject == "Activez votre compte Marque Exemple"
                body = {"token": token_of(mail, "/confirm", base)}
                assert (await browser.post("/accounts/confirmations", json=body)).status_code == 204
                credentials = {"email": EMAIL, "password": PASSWORD}
                assert (await browser.post("/sessions", json=credentials)).status_code == 201
                assert (await browser.get("/account")).json()["given_name"] == "Ada"

                os.kill(supervisor.pids()["scheduler"], signal.SIGKILL)
                assert (await browser.post("/accounts/password-resets", json={"email": EMAIL})).status_code == 202
                mail = await arrives(settings, lambda m: "/reset#" in m.text)
                body = {"token": token_of(mail, "/reset", base), "new_password": NEW}
                assert (await browser.post("/accounts/password-resets/confirm", json=body)).status_code == 204
                assert (await browser.get("/account")).status_code == 401
                credentials["password"] = NEW
                assert (await browser.post("/sessions", json=credentials)).status_code == 201
                assert (await browser.delete("/sessions/current")).status_code == 204
                await arrives(settings, lambda m: "a été changé" in m.subject)
        for log in (home / "log").iterdir():
            text = await asyncio.to_thread(log.read_text, "utf-8", "replace")
            assert EMAIL not in text, log.name
            assert "oml_" not in text, log.name
            assert "oms_" not in text, log.name
