"""The platform's revisions and each service's are one line each: two helpers who number theirs alike are told before a database is."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import pytest

from openmarque.catalogue.register import installed_services

FOLDERS = [
    "openmarque.storage.migrations.versions",
    *(f"{s.package}.migrations" for s in installed_services() if find_spec(f"{s.package}.migrations")),
]


@pytest.mark.parametrize("package", FOLDERS)
def test_revisions_are_one_line(package):
    folder = Path(import_module(package).__path__[0])
    modules = [import_module(f"{package}.{module.name}") for module in iter_modules([str(folder)])]
    after = {module.revision: module.down_revision for module in modules}
    assert len(after) == len(modules), "no number is given twice"
    assert sorted(after.values(), key=str) == sorted([None, *sorted(after)[:-1]], key=str), "each goes on where another ends"
    assert all(module.branch_labels is None and module.depends_on is None for module in modules)
