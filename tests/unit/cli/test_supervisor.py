"""What the platform's processes write is for whoever runs them, not for everybody on the machine."""

import stat

import pytest

from openmarque.cli.demo import _open_log
from openmarque.cli.supervisor import Child, Supervisor

_WAITS = "import sys, time; print('ready', flush=True); print('a line', file=sys.stderr, flush=True); time.sleep(60)"


@pytest.mark.asyncio
async def test_logs_are_read_by_their_owner_alone(tmp_path):
    folder = tmp_path / "log"
    _open_log(folder / "up.log").close()
    supervisor = Supervisor({})
    try:
        await supervisor.start([Child("part", ("-c", _WAITS), folder / "part.log")])
    finally:
        await supervisor.stop()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {"part.log": 0o600, "up.log": 0o600}
