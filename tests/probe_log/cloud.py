"""What the log is in the cloud: it keeps entries."""

from openmarque.parts.cloud import CloudPart, Parts
from openmarque.parts.keeping import keeps
from tests.probe_log.declaration import ENTRIES

CLOUD: CloudPart[Parts] = CloudPart(name="probe_log", handlers=(keeps(ENTRIES, tells="probe_log"),))
