"""Whom the app gives a place to is declared by the services whose places it shows. REQ GDP-8."""

import re
from pathlib import Path

from openmarque.governance.platform import installed_catalogue
from openmarque.protocol.levels import Level

WEB = Path(__file__).parents[2] / "web" / "src"
RECIPIENT = re.compile(r'recipient: "([^"]+)"')


def test_every_map_that_the_app_may_open_is_a_declared_recipient_of_each_service_with_places():
    named = set(RECIPIENT.findall((WEB / "kit" / "way.ts").read_text("utf-8")))
    assert named
    shown = [d for d in installed_catalogue().declarations.values() if d.name in ("car_finder", "trip_places")]
    assert {d.level for d in shown} == {Level.POSITION}
    for declaration in shown:
        assert named == {processor.name for processor in declaration.processors}, declaration.name


def test_no_part_of_the_app_opens_another_host_by_itself():
    outside = [
        f"{path.relative_to(WEB)}: {line.strip()}"
        for path in WEB.rglob("*.ts*")
        if not path.is_relative_to(WEB / "api") and path.name != "way.ts"
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"""["'`](https?:|geo:)""", line) and "localhost" not in line
    ]
    assert outside == []
