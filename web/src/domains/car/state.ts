/** How a car is, by the newest values of its signals: pure. A value that is not there proves nothing. */
import { isTrue, numberOf, oldestAge, type Signals } from "../../kit/signals";

/** Places of a car, as seen from above with its nose up. The driver sits on the left, as where the brand sells. */
export const DOORS = {
  frontLeft: "Vehicle.Cabin.Door.Row1.DriverSide",
  frontRight: "Vehicle.Cabin.Door.Row1.PassengerSide",
  rearLeft: "Vehicle.Cabin.Door.Row2.DriverSide",
  rearRight: "Vehicle.Cabin.Door.Row2.PassengerSide",
} as const;
export type Place = keyof typeof DOORS;
export const PLACES = Object.keys(DOORS) as Place[];

export const HOOD = "Vehicle.Body.Hood.IsOpen";
export const BOOT = "Vehicle.Body.Trunk.Rear.IsOpen";
export const BOOT_LOCKED = "Vehicle.Body.Trunk.Rear.IsLocked";
export const SPEED = "Vehicle.Speed";
export const SOC = "Vehicle.Powertrain.TractionBattery.StateOfCharge.Displayed";
export const CHARGING = "Vehicle.Powertrain.TractionBattery.Charging.IsCharging";
export const FUEL = "Vehicle.Powertrain.FuelSystem.RelativeLevel";
export const RANGE = "Vehicle.Powertrain.Range";
export const ELECTRIC_RANGE = "Vehicle.Powertrain.TractionBattery.Range";
export const LIGHTS = "Vehicle.Body.Lights.Parking.IsOn";
export const IGNITION = "Vehicle.LowVoltageSystemState";
export const LATITUDE = "Vehicle.CurrentLocation.Latitude";
export const LONGITUDE = "Vehicle.CurrentLocation.Longitude";
export const HEADING = "Vehicle.CurrentLocation.Heading";
export const ALTITUDE = "Vehicle.CurrentLocation.Altitude";

/**
 * From this age on a car is not said to do what it last said it did: one that is awake says every value again after a minute
 * (`REPEAT_MS` in the car), and its word takes some seconds more.
 */
export const STALE_S = 75;

/** Below it a wheel sensor can't tell rolling from noise, as in the lock's own rule. */
const STILL_KMH = 1;

export interface CarState {
  /** One unlocked door, or the boot, makes it unlocked; null when no lock says anything. REQ RC-5. */
  locked: boolean | null;
  open: Record<Place, boolean>;
  windows: Record<Place, boolean>;
  hood: boolean;
  boot: boolean;
  charging: boolean;
  /** km/h; null when the wheels said nothing. */
  speed: number | null;
  /** It drives, by a word that is not stale. */
  moving: boolean;
  /** Seconds since it drove, where that is the last that was heard of its wheels and is stale by now; else null. */
  droveAgo: number | null;
  /** Percent. */
  charge: number | null;
  fuel: number | null;
  /** Kilometres with what is in the tank and battery. */
  range: number | null;
}

/** The locks of which the car said something. */
export function locksOf(signals: Signals): string[] {
  return [...PLACES.map((place) => `${DOORS[place]}.IsLocked`), BOOT_LOCKED].filter((path) => path in signals);
}

/** `nowMs` is the platform's time. */
export function carState(signals: Signals, nowMs: number): CarState {
  const locks = locksOf(signals);
  const speed = numberOf(signals, SPEED);
  const drove = speed !== null && Math.abs(speed) >= STILL_KMH;
  const speedAge = oldestAge(signals, [SPEED], nowMs) ?? 0;
  const metres = numberOf(signals, RANGE) ?? numberOf(signals, ELECTRIC_RANGE);
  const of = (suffix: string) =>
    Object.fromEntries(PLACES.map((place) => [place, isTrue(signals, `${DOORS[place]}.${suffix}`)])) as Record<Place, boolean>;
  return {
    locked: locks.length === 0 ? null : locks.every((path) => isTrue(signals, path)),
    open: of("IsOpen"),
    windows: of("Window.IsOpen"),
    hood: isTrue(signals, HOOD),
    boot: isTrue(signals, BOOT),
    charging: isTrue(signals, CHARGING),
    speed,
    moving: drove && speedAge <= STALE_S,
    droveAgo: drove && speedAge > STALE_S ? speedAge : null,
    charge: numberOf(signals, SOC),
    fuel: numberOf(signals, FUEL),
    range: metres === null ? null : metres / 1000,
  };
}

/**
 * The age of what is said of the car in one sentence: its locks, its wheels and its plug. Of anything else that it says where it says
 * nothing of those; null when it never said anything.
 */
export function factsAge(signals: Signals, nowMs: number): number | null {
  return oldestAge(signals, [...locksOf(signals), SPEED, CHARGING], nowMs) ?? oldestAge(signals, Object.keys(signals), nowMs);
}
