"""What the status service is in the cloud: a route, and a part of event streams. The link keeps the newest values."""

from typing import Final

from openmarque.parts.cloud import CloudPart, Parts
from openmarque.services.status.declaration import SERVICE
from openmarque.services.status.routes import STATUS_PART, router

CLOUD: Final[CloudPart[Parts]] = CloudPart(name=SERVICE.name, routes=router, stream_parts=(STATUS_PART,))
