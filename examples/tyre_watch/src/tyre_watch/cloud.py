"""What the tyre watch is in the cloud: it takes warnings and reports."""

from typing import Final

from openmarque.parts.cloud import CloudPart, MessageHandler, Parts
from tyre_watch.declaration import SERVICE
from tyre_watch.messages import TYRE_REPORT, TYRE_WARNING
from tyre_watch.service import take_reports, take_warnings

CLOUD: Final[CloudPart[Parts]] = CloudPart(
    name=SERVICE.name,
    handlers=(MessageHandler((TYRE_WARNING,), take_warnings), MessageHandler((TYRE_REPORT,), take_reports)),
)
