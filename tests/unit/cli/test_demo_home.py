"""The demo's owner."""

from openmarque.cli.demo_home import made_up_code


def test_a_made_up_safety_code_is_drawn_again_until_it_is_one_that_an_owner_may_choose():
    drawn = iter("11112345987648175062")
    assert made_up_code(4, lambda _: next(drawn)) == "4817"


def test_a_made_up_safety_code_has_the_length_that_the_brand_asks_for():
    assert {len(made_up_code(length)) for length in (4, 5, 6)} == {4, 5, 6}
