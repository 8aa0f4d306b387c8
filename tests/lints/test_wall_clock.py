"""Only the kit's clock reads the wall clock."""

import pytest

from tests.lints.planting import refusals
from tools.lints import wall_clock


@pytest.mark.parametrize(
    "reading",
    [
        "import time\nat = time.time()",
        "from time import time as t\nat = t()",
        "import time\nfield(default_factory=time.time_ns)",
        "from datetime import datetime, UTC\nat = datetime.now(UTC)",
        "import datetime as dt\nat = dt.datetime.utcnow()",
        "from datetime import date\nday = date.today()",
        "from datetime import datetime as d\nread = d.today",
        "import uuid\nname = uuid.uuid1()",
    ],
)
def test_reading_the_machines_time_is_refused(reading):
    assert refusals(wall_clock, reading) == [2]


def test_the_kits_clock_may():
    assert refusals(wall_clock, "import time\ntime.time()", at="src/openmarque/kit/clock.py") == []


def test_a_clock_of_the_same_name_elsewhere_may_not():
    assert refusals(wall_clock, "import time\ntime.time()", at="src/openmarque/car/clock.py") == [2]


@pytest.mark.parametrize(
    "innocent",
    [
        "import time\ntook = time.monotonic() - time.perf_counter()",
        "now = clock.now()",
        "from datetime import datetime\nat = datetime.fromtimestamp(0)",
        "loop.time()",
        "row.time",
    ],
)
def test_durations_and_given_instants_are_free(innocent):
    assert refusals(wall_clock, innocent) == []
