"""Nothing generic names a service. The services are the installed ones; `lock`, `status` and `trips` are among them."""

import subprocess
from pathlib import Path

import pytest

from tests.lints.planting import refusals
from tools.lints import service_names

HERE = "src/openmarque/simulator/world/life.py"


@pytest.mark.parametrize(
    "code",
    [
        "from openmarque.services.trips.rules import is_shown",
        "from openmarque.services.trips import car",
        "trips = 1",
        "class PostgresTrips: ...",
        "view.trips_of(car)",
        "read(trips=3)",
        "key = 'trips'",
        "role = 'om_svc_trips'",
        "path = f'/vehicles/{car}/trips'",
        "command = 'lock'",
    ],
)
def test_a_service_named_outside_its_folder_is_refused(code):
    assert refusals(service_names, code, at=HERE) == [1]


@pytest.mark.parametrize(
    "code", ["# trips", "'''The trips of a car.'''", "said = 'It has no trips yet.'", "stripped = 1", "unlocked = 2"]
)
def test_prose_and_other_words_are_free(code):
    assert refusals(service_names, code, at=HERE) == []


@pytest.mark.parametrize("at", ["services/trips/car.py", "storage/migrations/versions/0001_spine.py", "car/texts.py"])
def test_its_own_folder_migrations_and_texts_are_free(at):
    assert refusals(service_names, "trips = 'trips'", at=f"src/openmarque/{at}") == []


def test_one_service_does_not_name_another():
    assert refusals(service_names, "x = 'trips'", at="src/openmarque/services/lock/car.py") == [1]
    assert refusals(service_names, "x = 'status'", at="src/openmarque/services/lock/car.py") == [1]


def test_the_simulated_body_has_no_actuator_of_a_service_by_itself():
    assert refusals(service_names, "actuators = {'lock': 1}", at="src/openmarque/simulator/fleet/body.py") == [1]


@pytest.mark.parametrize(
    ("code", "at"),
    [
        ("lane = Lane.STATUS", "link/worker.py"),
        ("response.status_code = 204", "http/guard.py"),
        ("async with self._lock: ...", "http/live.py"),
        ("rows = await store.lock_command(tx)", "domains/commands/progress.py"),
        ("def lock(body): ...", "simulator/fleet/body.py"),
    ],
)
def test_an_ordinary_word_is_free_where_it_means_something_else(code, at):
    assert refusals(service_names, code, at=f"src/openmarque/{at}") == []


def test_each_exception_has_its_reason_and_is_for_a_service_that_is_installed():
    assert all(one.reason and one.word in service_names.services() for one in service_names.ORDINARY)


def test_the_app_names_no_service_outside_its_folder(tmp_path: Path):
    for name, text in {
        "web/src/kit/a.ts": 'if (command === "lock") x();\n// "lock"\n',
        "web/src/kit/b.ts": 'import { Trips } from "../services/trips/Trips";\n',
        "web/src/kit/c.tsx": '<p role="status" />;\n',
        "web/src/kit/e.ts": 'const part = car["status"];\n',
        "web/src/services/lock/d.ts": 'const name = "lock";\n',
        "web/src/kit/texts/en.ts": 'const lock = "trips";\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    assert [line.rpartition(": service-name")[0] for line in service_names.breaches(tmp_path)] == [
        "web/src/kit/a.ts:1",
        "web/src/kit/b.ts:1",
        "web/src/kit/e.ts:1",
    ]
