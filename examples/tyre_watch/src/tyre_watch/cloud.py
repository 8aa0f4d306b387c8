"""What the tyre watch is in the cloud: it takes warnings and reports."""

from typing import Final

from openmarque.parts.cloud import CloudPart, MessageHandler, Parts
from tyre_watch.declaration import SERVICE
from tyre_watch.messages import TYRE_REPORT
from tyre_watch.service import KEEPS_WARNINGS, take_reports

CLOUD: Final[CloudPart[Parts]] = CloudPart(
    name=SERVICE.name,
    handlers=(KEEPS_WARNINGS, MessageHandler((TYRE_REPORT,), take_reports)),
)
