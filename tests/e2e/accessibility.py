"""What axe finds on a page: every page, in two looks of which each has a language and a colour scheme; in `make prove`, in all."""

from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.conftest import BUDGET
from tests.e2e.browsing import until

LOOKS: Final = BUDGET.of(
    [("fr", "light"), ("en", "dark")], [(language, scheme) for language in ("fr", "en") for scheme in ("light", "dark")]
)
"""Language and colour scheme."""
_RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

_AT_REST = """() => document.getAnimations().every(
  one => one.playState !== "running" || one.effect?.getComputedTiming().iterations === Infinity)"""
"""What fades in is too pale for a moment; nobody reads it then."""


def violations(page: Page) -> list[str]:
    """One line for each place that breaks a rule of WCAG 2.2 AA, or of good practice."""
    until(page, _AT_REST, otherwise="something on the page never comes to rest")
    found = Axe().run(page, options=_RULES).response["violations"]
    return [
        f"{rule['id']}: {rule['help']}: {' '.join(map(str, node['target']))}\n  {node['html'][:200]}\n  {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
