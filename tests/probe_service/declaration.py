"""What the probe says of itself."""

from openmarque.catalogue.declarations import (
    LIFE_OF_TENURE,
    OVERWRITTEN,
    Authority,
    CommandSpec,
    Declaration,
    DocumentScope,
    DocumentSpec,
    Item,
    LegalBasis,
    NoticeSpec,
    Service,
)
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType
from tests.probe_service import messages as m

PROBING = Declaration(
    name="probe",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    capability="telematics",
    messages=(m.PASSED,),
    commands=(CommandSpec(m.BLINK, Authority.PLATFORM, m.Blink, reasons=("probe_dark",)),),
    notices=(NoticeSpec("probe_limit_passed", arguments=("kmh",)),),
    documents=(
        DocumentSpec(m.LIMITS, m.Limits, schema=2),
        DocumentSpec(m.PLACES, m.Places),
        DocumentSpec(m.CAMPAIGN, m.Campaign, set_by=m.PLATFORM_ONLY, scope=DocumentScope.VEHICLE),
    ),
    items=(
        Item("limits", LIFE_OF_TENURE, carried=(f"document:{m.LIMITS}",)),
        Item("places", LIFE_OF_TENURE, carried=(f"document:{m.PLACES}",), level=Level.POSITION),
        Item("campaign", OVERWRITTEN, carried=(f"document:{m.CAMPAIGN}",)),
        Item("passes", LIFE_OF_TENURE, carried=(f"wire:{m.PASSED}.kmh",)),
    ),
)
PROBE_DUTY = Declaration(
    name="probe_duty",
    version=1,
    basis=LegalBasis.LEGAL_DUTY,
    documents=(DocumentSpec(m.DUTY, m.Duty),),
    items=(Item("volume", LIFE_OF_TENURE, carried=(f"document:{m.DUTY}",)),),
)

SERVICE = Service(
    "probe",
    "tests.probe_service",
    (PROBING, PROBE_DUTY),
    (MessageType(m.PASSED, Lane.EVENT, m.Passed, Level.DATA, "tell that the limit was passed", "probe"),),
)
