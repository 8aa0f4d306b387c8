"""What a service's tests may take of the whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.distribution import LONG, rank, unit_of
from tools.requirements import ROOT
from tools.spending import REST_S, SERVICE_S, over, part_of

CONFTEST = """
from tools import spending
def pytest_configure(config):
    config.pluginmanager.register(spending.Spending(config))
"""


def test_a_test_is_counted_for_its_folder_and_a_services_test_for_the_service():
    assert part_of("tests/unit/kit/test_vin.py::test_a[x/y]") == "tests/unit"
    assert part_of("tests/services/trips/test_rules.py::TestA::test_b") == "tests/services/trips"
    assert part_of("tests/services/trips/deep/test_rules.py::test_b") == "tests/services/trips"
    assert part_of("tests/test_alone.py::test_b") == "tests"


def test_a_service_may_take_its_share_of_what_all_but_the_services_take_and_no_more():
    spent = {"tests/unit": REST_S, "tests/services/a": SERVICE_S, "tests/services/b": SERVICE_S * 1.01}
    assert list(over(spent)) == ["tests/services/b"]
    assert over({part: 3 * seconds for part, seconds in spent.items()}).keys() == over(spent).keys(), (
        "a slow machine changes nothing"
    )
    assert over({"tests/services/a": 5.0}) == {}, "alone it is a share of nothing"


@pytest.mark.parametrize(("arguments", "code"), [([], 1), (["tests"], 0)])
def test_a_full_run_fails_where_a_service_takes_too_much_and_a_narrowed_one_tells_it(
    tmp_path: Path, arguments: list[str], code: int
):
    (tmp_path / "tests/services/a").mkdir(parents=True)
    (tmp_path / "tests/unit").mkdir()
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    (tmp_path / "tests/services/a/test_a.py").write_text("import time\ndef test_sleeps(): time.sleep(0.2)\n")
    (tmp_path / "tests/unit/test_b.py").write_text("def test_does_nothing(): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "tests/services/a takes" in done.stdout
    assert "2 passed" in done.stdout.splitlines()[-1]


def test_files_that_share_something_large_are_one_unit_of_work_and_long_units_come_first():
    assert {unit_of(f"tests/e2e/{name}") for name in ("test_pages.py", "test_pull.py")} == {"e2e"}
    assert unit_of("tests/integration/api/test_api_car.py") != unit_of("tests/integration/test_gate.py")
    assert unit_of("tests/acceptance/test_greedy_car.py") == unit_of("tests/acceptance/test_hostile_car.py") == "platform"
    assert unit_of("tests/acceptance/test_kills.py") == "tests/acceptance/test_kills.py"
    assert rank("tests/e2e/test_pages.py") == 0
    assert rank("tests/unit/kit/test_vin.py") == len(LONG)
