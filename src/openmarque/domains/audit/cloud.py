"""What the audit is in the cloud: routes."""

from typing import Final

from openmarque.domains.audit.routes import router
from openmarque.parts.cloud import CloudPart

CLOUD: Final[CloudPart[object]] = CloudPart(name="audit", routes=router)
