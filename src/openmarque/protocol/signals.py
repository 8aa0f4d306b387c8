"""The signals that travel on the status lane: COVESA VSS 6.0 paths with their datatype, unit and limits.

A signal that is not listed here is unknown: a receiver ignores and reports it. Limits are those of VSS where it states any;
where it does not, the reason for ours stands beside the number. ``tests/contract`` compares this list with the VSS export.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

Value = bool | int | float | str
"""What a signal can hold on the wire."""

_TEXT_LIMIT: Final = 64
"""Longest string value: the longest VSS enumeration label in use here has 13 characters; the rest is head-room."""


class Kind(StrEnum):
    """Datatype families; the wire does not tell integer widths apart."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "string"


@dataclass(frozen=True, slots=True)
class Signal:
    """One VSS leaf: `path`, datatype `kind`, VSS `unit` (empty when it has none), inclusive limits, and whether it tells the place."""

    path: str
    kind: Kind
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    is_place: bool = False
    """True when the value tells where the car is: it then needs ``Level.POSITION`` whatever else a declaration says."""

    def accepts(self, value: object) -> bool:
        """Whether `value` has this signal's datatype and lies within its limits (NaN never does)."""
        match self.kind:
            case Kind.BOOLEAN:
                return isinstance(value, bool)
            case Kind.TEXT:
                return isinstance(value, str) and len(value) <= _TEXT_LIMIT and value.isprintable()
            case Kind.INTEGER:
                return isinstance(value, int) and not isinstance(value, bool) and self._within(value)
            case Kind.NUMBER:
                return isinstance(value, (int, float)) and not isinstance(value, bool) and self._within(value)

    @property
    def bounds(self) -> tuple[float, float]:
        """Inclusive bounds of a value that is accepted; of a text, of its length; of a boolean, false and true."""
        if self.kind is Kind.BOOLEAN:
            return False, True
        if self.kind is Kind.TEXT:
            return 0, _TEXT_LIMIT
        return self.minimum if self.minimum is not None else -_HUGE, self.maximum if self.maximum is not None else _HUGE

    def _within(self, value: float) -> bool:
        low, high = self.bounds
        return low <= value <= high


_HUGE: Final = 1e12
"""Beyond any physical value of these signals; keeps infinities and overflowing numbers out of storage."""
_UINT32: Final = 2.0**32 - 1

LATITUDE: Final = "Vehicle.CurrentLocation.Latitude"
LONGITUDE: Final = "Vehicle.CurrentLocation.Longitude"
HEADING: Final = "Vehicle.CurrentLocation.Heading"
ALTITUDE: Final = "Vehicle.CurrentLocation.Altitude"
SPEED: Final = "Vehicle.Speed"
ODOMETER: Final = "Vehicle.TraveledDistance"
TRIP_METER: Final = "Vehicle.TripMeterReading"
RANGE: Final = "Vehicle.Powertrain.Range"
ELECTRIC_RANGE: Final = "Vehicle.Powertrain.TractionBattery.Range"
STATE_OF_CHARGE: Final = "Vehicle.Powertrain.TractionBattery.StateOfCharge.Displayed"
IS_CHARGING: Final = "Vehicle.Powertrain.TractionBattery.Charging.IsCharging"
FUEL_LEVEL: Final = "Vehicle.Powertrain.FuelSystem.RelativeLevel"
ENGINE_RUNNING: Final = "Vehicle.Powertrain.CombustionEngine.IsRunning"
IGNITION: Final = "Vehicle.LowVoltageSystemState"
GEAR: Final = "Vehicle.Powertrain.Transmission.SelectedGear"
HOOD_OPEN: Final = "Vehicle.Body.Hood.IsOpen"
TRUNK_OPEN: Final = "Vehicle.Body.Trunk.Rear.IsOpen"
TRUNK_LOCKED: Final = "Vehicle.Body.Trunk.Rear.IsLocked"
PARKING_LIGHTS: Final = "Vehicle.Body.Lights.Parking.IsOn"
VENTILATION: Final = "Vehicle.Cabin.HVAC.Station.Row1.Driver.FanSpeed"
TROUBLE_CODES: Final = "Vehicle.Diagnostics.DTCCount"
BRAKE_FLUID_LOW: Final = "Vehicle.Chassis.Axle.Row1.Wheel.Left.Brake.IsFluidLevelLow"
WASHER_FLUID_LOW: Final = "Vehicle.Body.Windshield.Front.WasherFluid.IsLevelLow"
OUTSIDE_TEMPERATURE: Final = "Vehicle.Exterior.AirTemperature"

_DOORS = tuple(f"Vehicle.Cabin.Door.Row{row}.{side}" for row in (1, 2) for side in ("DriverSide", "PassengerSide"))
DOORS_OPEN: Final = tuple(f"{door}.IsOpen" for door in _DOORS)
DOORS_LOCKED: Final = tuple(f"{door}.IsLocked" for door in _DOORS)
WINDOWS_OPEN: Final = tuple(f"{door}.Window.IsOpen" for door in _DOORS)
TYRES_LOW: Final = tuple(
    f"Vehicle.Chassis.Axle.Row{row}.Wheel.{side}.Tire.IsPressureLow" for row in (1, 2) for side in ("Left", "Right")
)

SIGNALS: Final[dict[str, Signal]] = {
    signal.path: signal
    for signal in (
        Signal(LATITUDE, Kind.NUMBER, "degrees", -90, 90, is_place=True),
        Signal(LONGITUDE, Kind.NUMBER, "degrees", -180, 180, is_place=True),
        Signal(HEADING, Kind.NUMBER, "degrees", 0, 360, is_place=True),
        Signal(ALTITUDE, Kind.NUMBER, "m", -500, 9000, is_place=True),  # Dead Sea shore -430 m, highest road about 5,800 m
        Signal(SPEED, Kind.NUMBER, "km/h", -100, 600),  # reverse is negative; land cars stay below
        Signal(ODOMETER, Kind.INTEGER, "m", 0, _UINT32),
        Signal(TRIP_METER, Kind.INTEGER, "m", 0, _UINT32),
        Signal(RANGE, Kind.INTEGER, "m", 0, _UINT32),
        Signal(ELECTRIC_RANGE, Kind.INTEGER, "m", 0, _UINT32),
        Signal(STATE_OF_CHARGE, Kind.NUMBER, "percent", 0, 100),
        Signal(IS_CHARGING, Kind.BOOLEAN),
        Signal(FUEL_LEVEL, Kind.INTEGER, "percent", 0, 100),
        Signal(ENGINE_RUNNING, Kind.BOOLEAN),
        Signal(IGNITION, Kind.TEXT),
        Signal(GEAR, Kind.INTEGER, "", -128, 127),
        Signal(HOOD_OPEN, Kind.BOOLEAN),
        Signal(TRUNK_OPEN, Kind.BOOLEAN),
        Signal(TRUNK_LOCKED, Kind.BOOLEAN),
        Signal(PARKING_LIGHTS, Kind.BOOLEAN),
        Signal(VENTILATION, Kind.INTEGER, "percent", 0, 100),
        Signal(TROUBLE_CODES, Kind.INTEGER, "", 0, 255),
        Signal(BRAKE_FLUID_LOW, Kind.BOOLEAN),
        Signal(WASHER_FLUID_LOW, Kind.BOOLEAN),
        Signal(OUTSIDE_TEMPERATURE, Kind.NUMBER, "Celsius", -90, 90),  # coldest and hottest air ever measured, rounded out
        *(Signal(path, Kind.BOOLEAN) for path in (*DOORS_OPEN, *DOORS_LOCKED, *WINDOWS_OPEN, *TYRES_LOW)),
    )
}
"""Every signal this release knows, by VSS path."""

PLACE_SIGNALS: Final = frozenset(path for path, signal in SIGNALS.items() if signal.is_place)
