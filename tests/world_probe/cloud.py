"""What the probe is in the cloud: it keeps each of its acts once."""

from typing import Final

from openmarque.parts.cloud import CloudPart, Parts
from openmarque.parts.keeping import keeps
from tests.world_probe import RUNS

CLOUD: Final[CloudPart[Parts]] = CloudPart(name="probe", handlers=(keeps(RUNS, tells="probe"),))
