"""What the status service says of itself. Source: SERVICES.md "car control" and "car finder"; REQ STA-1, STA-2, LNK-2, RC-5."""

from openmarque.catalogue.declarations import OVERWRITTEN, Authority, CommandSpec, Declaration, Item, LegalBasis, Service
from openmarque.catalogue.maps import OUTSIDE_MAPS
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level

REFRESH = "refresh"
"""The car reads its sensors anew and says everything again (REQ RC-5: the true state in under a minute). Whoever may read may ask."""

STATUS = Declaration(
    name="status",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    capability="telematics",
    remote=True,
    commands=(CommandSpec(REFRESH, Authority.PLATFORM, confirm=False),),
    items=(
        Item("range", OVERWRITTEN, signals=(vss.RANGE, vss.ELECTRIC_RANGE)),
        Item("energy", OVERWRITTEN, signals=(vss.STATE_OF_CHARGE, vss.IS_CHARGING, vss.FUEL_LEVEL)),
        Item("mileage", OVERWRITTEN, signals=(vss.ODOMETER,)),
        Item("motion", OVERWRITTEN, signals=(vss.SPEED, vss.IGNITION, vss.ENGINE_RUNNING, vss.GEAR)),
        Item("locks", OVERWRITTEN, signals=(*vss.DOORS_LOCKED, vss.TRUNK_LOCKED)),
        Item("openings", OVERWRITTEN, signals=(*vss.DOORS_OPEN, *vss.WINDOWS_OPEN, vss.HOOD_OPEN, vss.TRUNK_OPEN)),
        Item("parking lights", OVERWRITTEN, signals=(vss.PARKING_LIGHTS,)),
        Item("ventilation", OVERWRITTEN, signals=(vss.VENTILATION, vss.OUTSIDE_TEMPERATURE)),
        Item("warnings", OVERWRITTEN, signals=(vss.TROUBLE_CODES, vss.BRAKE_FLUID_LOW, vss.WASHER_FLUID_LOW, *vss.TYRES_LOW)),
    ),
)

CAR_FINDER = Declaration(
    name="car_finder",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.POSITION,
    capability="telematics",
    remote=True,
    processors=OUTSIDE_MAPS,
    items=(Item("position", OVERWRITTEN, signals=(vss.LATITUDE, vss.LONGITUDE, vss.HEADING, vss.ALTITUDE)),),
)

SERVICE = Service("status", __package__ or "", (STATUS, CAR_FINDER))
