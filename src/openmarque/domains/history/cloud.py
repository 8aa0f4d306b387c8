"""What histories are in the cloud: one route for whatever services keep."""

from typing import Final

from openmarque.domains.history.routes import router
from openmarque.parts.cloud import CloudPart

CLOUD: Final[CloudPart[object]] = CloudPart(name="history", routes=router)
