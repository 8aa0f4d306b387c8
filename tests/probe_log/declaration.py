"""What the log says of itself."""

from openmarque.catalogue.declarations import MONTHS_12, Authority, CommandSpec, Declaration, LegalBasis, Service
from openmarque.catalogue.events import EventSpec
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType
from tests.probe_log import messages as m

ENTRIES = EventSpec("probe_log", "probe_entry", m.Entry, once_by=("at", "number"), at="at", message=m.ENTRY)

LOG = Declaration(
    name="probe_log",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    capability="telematics",
    messages=(m.ENTRY,),
    commands=(CommandSpec(m.WRITE, Authority.PLATFORM, m.Write, confirm=False),),
    items=(
        ENTRIES.keys_item(MONTHS_12),
        ENTRIES.item("entries", MONTHS_12, "speed", "axle", "is_low", "wheel", "note", "seen_at"),
    ),
)

SERVICE = Service(
    "probe_log",
    "tests.probe_log",
    (LOG,),
    (MessageType(m.ENTRY, Lane.EVENT, m.Entry, Level.DATA, "keep an entry", "probe_log"),),
)
