"""Privacy levels: all three to choose from, or two. REQ PRV-1."""

import pytest

from openmarque.protocol.levels import EVERY_LEVEL, Level, at_least, at_most, offered

TWO = (Level.PRIVATE, Level.POSITION)


@pytest.mark.req("PRV-1e")
def test_what_is_offered_is_private_and_one_or_two_more_in_order():
    assert offered([Level.POSITION, Level.PRIVATE]) == TWO
    assert offered(list(Level)) == EVERY_LEVEL
    assert offered({Level.PRIVATE, Level.DATA}) == (Level.PRIVATE, Level.DATA)


@pytest.mark.parametrize("levels", [(), (Level.PRIVATE,), (Level.PRIVATE, Level.PRIVATE), (Level.DATA, Level.POSITION)])
def test_what_leaves_no_way_to_private_or_no_choice_is_refused(levels):
    with pytest.raises(ValueError, match="private and one or two"):
        offered(levels)


def test_a_level_that_is_not_offered_becomes_a_stricter_one_and_is_reached_by_a_laxer_one():
    assert [at_most(level, TWO) for level in Level] == [Level.PRIVATE, Level.PRIVATE, Level.POSITION]
    assert [at_least(level, TWO) for level in Level] == [Level.PRIVATE, Level.POSITION, Level.POSITION]
    assert at_least(Level.POSITION, (Level.PRIVATE, Level.DATA)) is Level.POSITION, "none of these suffices"
    assert [at_most(level, EVERY_LEVEL) for level in Level] == [at_least(level, EVERY_LEVEL) for level in Level] == list(Level)
