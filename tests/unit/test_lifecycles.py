"""Every life cycle of the program: explored, and drawn in the docs as its table has it now."""

import pytest

from openmarque.kit.lifecycle import explore
from tools.lifecycles import DOCS, drawings, drawn, lifecycles

LIVES = lifecycles()
PAGES = {path: page for path in DOCS.rglob("*.md") if drawings(page := path.read_text("utf-8"))}
FACTS: dict[str, tuple[object, ...]] = {}
"""For a life with guards: situations under which each of its transitions is taken at least once."""


@pytest.mark.parametrize("name", LIVES)
def test_every_transition_of_a_life_is_taken_in_some_situation(name: str) -> None:
    assert explore(LIVES[name], FACTS.get(name, ())) == set(LIVES[name].transitions)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_page_draws_the_tables_as_they_are(path) -> None:
    assert drawn(PAGES[path], LIVES) == PAGES[path], "run `python -m tools.lifecycles`"


def test_every_life_is_drawn_once() -> None:
    drawings_made = sorted(name for page in PAGES.values() for name in drawings(page))
    assert drawings_made == sorted(LIVES)
