"""A VIN has 17 characters, none of them I, O or Q, and a right check digit where the maker's region uses one. REQ LNK-1 (its VIN half)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.kit.errors import Blame
from openmarque.kit.vin import InvalidVin, check_digit, normalise_vin

ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
NORTH_AMERICAN = ["1M8GDM9AXKP042788", "11111111111111111", "1G4AH59H45G118341", "1HGCM82633A004352"]
"""Numbers that public texts use as worked examples of the check digit, so not computed by this package; 17 ones is the classic test."""


@pytest.mark.req("LNK-1b")
@pytest.mark.parametrize("vin", NORTH_AMERICAN)
def test_known_north_american_vins_are_valid(vin: str) -> None:
    assert normalise_vin(vin) == vin
    assert check_digit(vin) == vin[8]


@pytest.mark.req("LNK-1a")
@pytest.mark.parametrize("letter", ["I", "O", "Q"])
@pytest.mark.parametrize("at", range(17))
def test_i_o_and_q_are_refused_at_every_place(letter: str, at: int) -> None:
    vin = "VF1AAAAA555888999"
    with pytest.raises(InvalidVin, match=f"contains {letter},"):
        normalise_vin(vin[:at] + letter + vin[at + 1 :])


@pytest.mark.req("LNK-1b")
@pytest.mark.parametrize("vin", NORTH_AMERICAN)
def test_a_wrong_check_digit_is_refused_where_the_region_uses_one(vin: str) -> None:
    for wrong in set("0123456789X") - {vin[8]}:
        with pytest.raises(InvalidVin, match="check digit"):
            normalise_vin(vin[:8] + wrong + vin[9:])


@pytest.mark.req("LNK-1b")
@pytest.mark.parametrize(("maker", "is_checked"), [("7SA", True), ("7FA", True), ("70A", True), ("7A3", False), ("7E1", False)])
def test_of_the_makers_that_begin_with_7_those_of_the_united_states_have_a_check_digit(maker: str, is_checked: bool) -> None:
    characters = f"{maker}YGDEE0NF123456"
    right = characters[:8] + check_digit(characters) + characters[9:]
    wrong = right[:8] + ("1" if right[8] != "1" else "2") + right[9:]
    assert normalise_vin(right) == right
    if is_checked:
        with pytest.raises(InvalidVin, match="check digit"):
            normalise_vin(wrong)
    else:
        assert normalise_vin(wrong) == wrong


@pytest.mark.req("LNK-1b")
def test_in_europe_the_ninth_character_is_the_makers_own() -> None:
    for ninth in "0123456789XAZ":
        assert normalise_vin(f"VF1AAAAA{ninth}55888999")


@pytest.mark.req("LNK-1a")
@pytest.mark.parametrize("vin", ["", "VF1", "VF1AAAAA55588899", "VF1AAAAA5558889990"])
def test_a_vin_of_another_length_is_refused_with_its_length(vin: str) -> None:
    with pytest.raises(InvalidVin, match=f"It has {len(vin)} characters"):
        normalise_vin(vin)


@pytest.mark.parametrize("foreign", ["é", "\uff21", "٣", "ß", "_", ".", "\x00", "Я"])
def test_a_character_that_no_vin_has_is_refused(foreign: str) -> None:
    with pytest.raises(InvalidVin):
        normalise_vin(f"VF1AAAAA{foreign}55888999")


def test_a_vin_may_be_typed_in_groups_and_lower_case() -> None:
    assert normalise_vin(" vf1-aaaaa 555888999\n") == "VF1AAAAA555888999"


def test_the_refusal_is_the_callers_and_says_what_to_do() -> None:
    with pytest.raises(InvalidVin) as caught:
        normalise_vin("VF1")
    assert (caught.value.blame, caught.value.code, caught.value.http_status) == (Blame.CALLER, "invalid-vin", 422)
    assert "17 characters" in caught.value.remedy


@given(st.text(ALPHABET, min_size=17, max_size=17))
def test_any_17_characters_with_the_right_check_digit_are_a_vin(text: str) -> None:
    vin = text[:8] + check_digit(text) + text[9:]
    assert normalise_vin(vin) == vin
    assert normalise_vin(normalise_vin(vin.lower())) == vin


@pytest.mark.req("LNK-1b")
@given(st.text(ALPHABET, min_size=17, max_size=17), st.sampled_from([*range(8), *range(9, 17)]), st.sampled_from("0123456789"))
def test_one_mistyped_digit_is_always_caught(text: str, at: int, digit: str) -> None:
    vin = "1" + text[1:]
    vin = vin[:8] + check_digit(vin) + vin[9:]
    if at == 0 or not vin[at].isdigit() or digit == vin[at]:
        return
    with pytest.raises(InvalidVin):
        normalise_vin(vin[:at] + digit + vin[at + 1 :])


@given(st.text(max_size=40))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        assert len(normalise_vin(text)) == 17
    except InvalidVin:
        return
