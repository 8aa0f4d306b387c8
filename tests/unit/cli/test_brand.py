"""`openmarque brand check`: a brand learns what is wrong with its pack before it is in force."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openmarque.cli.main import build

SAMPLE = files("openmarque.brands").joinpath("sample", "brand.toml").read_text("utf-8")


def check(folder: Path, old: str = "", new: str = "", *options: str) -> tuple[int, str]:
    """Exit code and what is said of the sample pack with one thing changed."""
    assert old in SAMPLE
    (folder / "brand.toml").write_text(SAMPLE.replace(old, new), "utf-8")
    answer = CliRunner().invoke(build()[0], ["brand", "check", str(folder), *options], env={"COLUMNS": "400"})
    return answer.exit_code, answer.output


def test_a_good_pack_shows_what_each_plan_opens(tmp_path):
    code, said = check(tmp_path)
    assert code == 0
    assert "journeys" in said
    assert "trip_places" in said
    code, said = check(tmp_path, "", "", "--json")
    assert json.loads(said)["plans"]["connect"]["products"]["journeys"] == ["trips", "trip_places"]
    answer = CliRunner().invoke(build()[0], ["brand", "check", str(tmp_path / "brand.toml")])
    assert answer.exit_code == 0, "the file itself will do"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            '"trips", "trip_places"',
            '"trips", "sunroof"',
            "products.journeys.declarations: 'sunroof' is of no installed service",
        ),
        ('"trips", "trip_places"', '"trips"', "none holds 'trip_places', so nobody can have it"),
        ('products = ["car", "journeys"]', "products = []", "plans"),
        ('products = ["car", "journeys"]', 'products = ["car", "boat"]', "plans.connect.products: 'boat' is no product"),
        ("[commands.unlock]", "[commands.fly]", "commands.fly: no installed service has this command"),
        ("code = true", "code = false", "commands.unlock.code: false is less than its declaration asks for"),
        ('authority = "digital_key"', 'authority = "platform"', "commands.unlock.authority: 'platform' is less"),
        ("trial_months = 12", "trial_months = 6", "trial_months"),
        ("trial_months = 12", "trial_months =", "brand.toml"),
    ],
)
def test_what_is_wrong_with_a_pack_is_told_with_its_key(tmp_path, old, new, told):
    code, said = check(tmp_path, old, new)
    assert code == 1
    assert told in said
    code, said = check(tmp_path, old, new, "--json")
    assert code == 1
    assert any(told in problem for problem in json.loads(said)["problems"])


def test_a_folder_without_a_pack_is_told(tmp_path):
    answer = CliRunner().invoke(build()[0], ["brand", "check", str(tmp_path)])
    assert answer.exit_code == 1
    assert "can't be read: No such file or directory." in answer.output
    assert "the sample pack in the package shows every key" in answer.output
