"""The program's first steps: what it says when something is missing or wrong, and what it needs to start."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from openmarque.brands.eligibility import Eligible, eligibility
from openmarque.brands.pack import load_pack
from openmarque.cli import main as program

WITHOUT_CLOUD = """
import sys
sys.modules["sqlalchemy"] = None
sys.modules["psycopg"] = None
sys.argv = ["openmarque", *{arguments}]
from openmarque.cli.main import main
main()
"""


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """The program sets the log of its process up; here it must not outlive the test, whose streams are closed then."""
    yield
    structlog.reset_defaults()


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of the program with these arguments."""
    monkeypatch.setattr(sys, "argv", ["openmarque", *arguments])
    with pytest.raises(SystemExit) as ending:
        program.main()
    return ending.value.code if isinstance(ending.value.code, int) else 0


def without_cloud(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The program where the cloud's libraries are not installed."""
    code = WITHOUT_CLOUD.format(arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)


def test_a_drive_that_is_not_there_is_named_with_its_cure(monkeypatch, capsys):
    assert run(monkeypatch, "car", "replay", "nowhere.csv", "--try") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "nowhere.csv" in told.err
    assert "Give the path of a CSV file that you may read." in told.err


@pytest.mark.parametrize("choice", [(), ("--try", "--bundle", "car")])
def test_a_replay_needs_either_a_bundle_or_a_throwaway_platform(monkeypatch, capsys, choice):
    assert run(monkeypatch, "car", "replay", "drive.csv", *choice) == 2
    assert "--try" in capsys.readouterr().err


def test_a_folder_that_is_no_bundle_is_refused_with_its_cure(monkeypatch, capsys, tmp_path: Path):
    assert run(monkeypatch, "car", "run", "--bundle", str(tmp_path)) == 1
    told = capsys.readouterr().err
    assert "no provisioning bundle" in told
    assert "openmarque car provision" in told


def test_the_cars_commands_start_without_the_clouds_libraries():
    done = without_cloud("car", "run", "--help")
    assert done.returncode == 0, done.stderr
    assert "--headunit-port" in done.stdout


def test_a_command_of_the_platform_says_what_to_install_when_it_is_not_here():
    done = without_cloud("migrate")
    assert done.returncode == 2
    assert "openmarque[cloud]" in done.stderr


def test_a_throwaway_platform_says_what_to_install_when_it_is_not_here(tmp_path: Path):
    drive = tmp_path / "drive.csv"
    drive.write_text("Date,Time,Soc,Speed,Mode,LAT,LON,ALT\n03/29/2021,11:13:45,87.5,0,N,34.0,-6.7,140\n")
    done = without_cloud("car", "replay", str(drive), "--try", "--json")
    assert done.returncode == 1
    assert "openmarque[cloud]" in done.stderr
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.stdout)


COLUMNS = "Date,Time,Soc,Speed,Mode,LAT,LON,ALT"


@pytest.mark.parametrize(
    ("header", "rows", "cure"),
    [
        ("", 0, "Export the drive again"),
        (COLUMNS, 0, "Export the drive again"),
        (COLUMNS.replace("Speed", "Pace"), 60, "Add or rename: Speed"),
        (COLUMNS.replace("LAT,LON", "LON,LAT"), 60, "LAT and LON look exchanged"),
        (COLUMNS.replace("Speed", "-").replace("ALT", "Speed").replace("-", "ALT"), 60, "Speed and ALT look exchanged"),
    ],
    ids=["empty", "header alone", "missing", "swapped places", "swapped speed"],
)
def test_a_drive_file_that_is_none_is_refused_with_its_cure_and_no_output(monkeypatch, capsys, tmp_path, header, rows, cure):
    drive = tmp_path / "drive.csv"
    lines = [f"03/29/2021,11:13:{s:02},87.5,36.0,D,{34 + s * 9e-5:.6f},-6.7,140" for s in range(rows)]
    drive.write_text("\n".join([header, *lines]))
    assert run(monkeypatch, "car", "replay", str(drive), "--try", "--json") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert cure in " ".join(said.err.split())


def test_a_sample_vin_is_one_that_can_be_connected(monkeypatch, capsys):
    assert run(monkeypatch, "car", "sample-vin", "--model", "brise", "--serial", "77") == 0
    vin = capsys.readouterr().out.strip()
    assert vin.endswith("000077")
    assert isinstance(eligibility(vin, load_pack(), "FR"), Eligible)


def test_a_sample_vin_of_an_unknown_model_names_those_there_are(monkeypatch, capsys):
    assert run(monkeypatch, "car", "sample-vin", "--model", "nope") != 0
    assert "brise" in capsys.readouterr().err


def test_a_command_on_a_platform_that_does_not_run_says_so_at_once(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("OPENMARQUE_HOME", str(tmp_path / "home[/x]"))
    assert run(monkeypatch, "car", "provision", "UU1TEST0000000001", "--bundle", str(tmp_path / "car")) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "does not run" in said
    assert "openmarque up" in said
    assert not (tmp_path / "car").exists()
    assert run(monkeypatch, "car", "provision", "VF1", "--bundle", str(tmp_path / "car")) == 1
    assert "3 characters, not 17" in capsys.readouterr().err, "the VIN is looked at before the platform is"


@pytest.mark.parametrize("bundle", ["", "."])
def test_no_key_is_written_to_the_folder_one_stands_in(monkeypatch, capsys, tmp_path, bundle):
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "car", "provision", "UU1TEST0000000001", "--bundle", bundle) == 2
    assert "a folder of its own" in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["garbage", "postgresql://nobody@127.0.0.1:1/x"])
def test_a_database_that_can_not_be_checked_is_named_with_a_cure(monkeypatch, capsys, url):
    assert run(monkeypatch, "check", "--database-url", url) == 1
    assert "OPENMARQUE_DATABASE_URL" in capsys.readouterr().err


def test_what_looks_like_markup_is_shown_as_it_is(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("OPENMARQUE_HOME", str(tmp_path / "home[/x]"))
    monkeypatch.setenv("COLUMNS", "1000")
    assert run(monkeypatch, "settings") == 0
    assert "home[/x]" in capsys.readouterr().out


def test_an_interruption_before_the_command_has_begun_leaves_no_traceback(monkeypatch, capsys):
    def interrupted(**_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "build", interrupted)
    assert run(monkeypatch, "settings") == 130
    assert capsys.readouterr().err == ""
