"""Lighthouse 12 on the first page a stranger sees and on the first one an owner sees; the reports are artefacts of the build."""

import pytest

from tests.e2e import lighthouse
from tests.e2e.app import App
from tests.e2e.browsing import FLAGS, chromium
from tests.e2e.running import free_port

PHONE_LIKE = {"viewport": {"width": 390, "height": 844}, "locale": "fr-FR"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["sign-in", "garage"])
def test_lighthouse_finds_the_app_accessible_and_built_by_good_practice(playwright, running, watch, figures, tmp_path, name):
    port = free_port()
    # Lighthouse opens its pages in the browser's own profile, so that is where somebody signs in.
    context = playwright.chromium.launch_persistent_context(
        tmp_path / "profile",
        executable_path=chromium(),
        args=[*FLAGS, f"--remote-debugging-port={port}"],
        base_url=running.base,
        **PHONE_LIKE,
    )
    try:
        if name == "garage":
            App(watch.over(context).new_page()).signs_in(running.card.email, running.card.password)
        scores = lighthouse.scores(f"{running.base}/", name, port)
    finally:
        context.close()
    figures(**{f"lighthouse_{name}_{category}": score for category, score in scores.items()})
    assert scores["accessibility"] == 100, lighthouse.complaints(name)
    assert scores["best-practices"] >= 95, lighthouse.complaints(name)
