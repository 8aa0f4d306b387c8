"""A car of one's own: provisioned on the command line, run as a process that can be killed and started again."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openmarque.brands.eligibility import sample_vin
from openmarque.brands.pack import BrandPack
from tests.e2e.running import PROGRAM, Running, free_port, spawn, wait_for_line

_READY: Final = re.compile(r"Head unit: (http://\S+/)")
_START_S: Final = 30.0


@dataclass
class OwnCar:
    """A car that left the factory: nobody's, private."""

    running: Running
    vin: str
    vehicle_id: str
    bundle: Path
    port: int
    process: "subprocess.Popen[str] | None" = None

    @property
    def head_unit(self) -> str:
        """The address of its head-unit page, the same at each start."""
        return f"http://127.0.0.1:{self.port}/"

    def starts(self, clock_ahead_s: int = 0) -> None:
        """Begin its process, its clock so far ahead; returns when its screen is lit."""
        command = [str(PROGRAM), "car", "run", "--bundle", str(self.bundle), "--headunit-port", str(self.port), "--simulated"]
        command += ["--clock-ahead-s", str(clock_ahead_s)]
        self.process, lines = spawn(command, self.running.environment)
        wait_for_line(lines, _READY, _START_S)

    def dies(self) -> None:
        """End its process at once, as a lost battery does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def from_the_factory(running: Running, pack: BrandPack, model: str, serial: int, folder: Path) -> OwnCar:
    """A new car of `model`, made known to the platform; it does not run yet."""
    vin = sample_vin(pack, model, serial)
    told = running.program("car", "provision", vin, "--bundle", str(folder), "--model", model, "--json")
    return OwnCar(running, vin, json.loads(told)["vehicle_id"], folder, free_port())
