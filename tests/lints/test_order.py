"""A remote command is never called an order."""

import subprocess
from pathlib import Path

import pytest

from tools.lints import order


@pytest.mark.parametrize(
    "line",
    [
        "An order never fires hours later.",
        "orders of the owner",
        "def seal_order(payload): ...",
        "vehicle_order = 1",
        "class OrderKind: ...",
        "the phone that ordered it",
        "Nothing was ordered.",
        "sends an order to the car",
        "the order for this car",
    ],
)
def test_a_command_called_an_order_is_refused(line):
    assert [number for number, _ in order.commands_called_orders(f"\n{line}")] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "members in the order of their names",
        "out of order",
        "ORDER BY created_at",
        "OrderedDict()",
        "Struct, order=True",
        "<Title order={2}>",
        "query.order_by(x)",
        'ORDERED = "ordered"',
        "ordered = sorted(values)",
        "an order of magnitude",
        "three orders of magnitude",
        "one.order - other.order",
    ],
)
def test_a_sequence_and_the_state_of_a_contract_are_free(line):
    assert list(order.commands_called_orders(line)) == []


def test_the_program_the_app_and_the_documents_are_looked_at_and_tests_are_not(tmp_path: Path):
    for name in ("src/a.py", "web/src/b.tsx", "docs/c.md", "tests/d.py", "src/e.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("two orders\n")
    assert list(order.breaches(tmp_path)) == [], "without git nothing is listed"
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    assert [line.partition(":")[0] for line in order.breaches(tmp_path)] == ["docs/c.md", "src/a.py", "web/src/b.tsx"]
