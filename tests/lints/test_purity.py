"""Rules, catalogue and protocol are pure."""

import pytest

from tests.lints.planting import refusals
from tools.lints import purity

PURE = [
    "src/openmarque/catalogue/decide.py",
    "src/openmarque/catalogue/__init__.py",
    "src/openmarque/protocol/lanes.py",
    "src/openmarque/services/trips/rules.py",
    "src/openmarque/services/trips/rules/cleaning.py",
    "src/openmarque/domains/contracts/rules.py",
]


@pytest.mark.parametrize("at", PURE)
@pytest.mark.parametrize(
    "reaching",
    [
        "import random",
        "from random import choice",
        "import secrets as s",
        "open('policy')",
        "import os; os.environ['HOME']",
        "from os import environ; environ.get('HOME')",
        "import os; os.getenv('HOME')",
        "import os; os.urandom(8)",
        "from urllib import request",
        "from pathlib import Path; Path('a').read_text()",
        "from uuid import uuid4; uuid4()",
        "from openmarque.kit.clock import SystemClock; SystemClock().now()",
        "from openmarque.kit.ids import new_uuid; new_uuid()",
        "print('hello')",
    ],
)
def test_reaching_outside_is_refused(at, reaching):
    assert refusals(purity, reaching, at=at) == [1]


def test_impure_modules_reach_outside():
    assert refusals(purity, "import random; open('x')", at="src/openmarque/services/trips/service.py") == []
    assert refusals(purity, "import random", at="src/openmarque/car/rules_of_the_road.py") == []


@pytest.mark.parametrize(
    "innocent",
    [
        "from datetime import datetime",
        "import math; math.log(2)",
        "door.open()",
        "from openmarque.kit.ids import wire",
        "opened = state.open",
    ],
)
def test_values_are_free(innocent):
    assert refusals(purity, innocent, at=PURE[0]) == []
