import type { Schemas } from "../../kit/api";

/** What a garage card tells of a car; null where the car did not say. Instants are milliseconds of this device's clock. */
export interface Glance {
  locked: boolean | null;
  charge: number | null;
  fuel: number | null;
  /** When it was heard driving, where that is the last word of its wheels. */
  droveAt: number | null;
  charging: boolean;
  warnings: Warned[];
  /** Since when all that is said of lock, wheels and plug was so; of anything where it says nothing of those. */
  saidAt: number | null;
}

export type Warned = "tyre" | "brake" | "washer" | "codes";

type Signals = Record<string, Schemas["SignalBody"]>;

const LOCKED = /^Vehicle\.(Cabin\.Door\.Row\d\.\w+|Body\.Trunk\.Rear)\.IsLocked$/;
const SPEED = "Vehicle.Speed";
const CHARGING = "Vehicle.Powertrain.TractionBattery.Charging.IsCharging";
const WARNINGS: ReadonlyArray<[RegExp, Warned]> = [
  [/\.Tire\.IsPressureLow$/, "tyre"],
  [/\.Brake\.IsFluidLevelLow$/, "brake"],
  [/\.WasherFluid\.IsLevelLow$/, "washer"],
  [/^Vehicle\.Diagnostics\.DTCCount$/, "codes"],
];
/** Below it a wheel sensor can't tell rolling from noise, as on the car's page. */
const STILL_KMH = 1;
/** From this age on it is not said to drive any more: a car that is awake says so again after a minute. The same on the car's page. */
const STALE_MS = 75_000;

/**
 * One unlocked door makes the car unlocked (REQ RC-5); without any word on locks it is not known. `nowMs` is when the platform told the
 * ages, by this device's clock.
 */
export function glance(signals: Signals, nowMs: number): Glance {
  const locks = Object.keys(signals).filter((path) => LOCKED.test(path));
  const instant = (path: string) => nowMs - (signals[path]?.age_s ?? 0) * 1000;
  const since = (paths: readonly string[]) => paths.reduce<number | null>((oldest, path) => Math.min(oldest ?? Infinity, instant(path)), null);
  return {
    locked: locks.length === 0 ? null : locks.every((path) => signals[path]?.value === true),
    charge: figure(signals["Vehicle.Powertrain.TractionBattery.StateOfCharge.Displayed"]),
    fuel: figure(signals["Vehicle.Powertrain.FuelSystem.RelativeLevel"]),
    droveAt: Math.abs(figure(signals[SPEED]) ?? 0) >= STILL_KMH ? instant(SPEED) : null,
    charging: signals[CHARGING]?.value === true,
    warnings: WARNINGS.filter(([of]) => Object.keys(signals).some((path) => of.test(path) && isWarning(signals[path]?.value))).map(([, warned]) => warned),
    saidAt: since([...locks, ...[SPEED, CHARGING].filter((path) => path in signals)]) ?? since(Object.keys(signals)),
  };
}

/** Seconds since it was heard driving, where that is stale: it drove then, and nobody knows whether it does now. Else null. */
export function droveAgo({ droveAt }: Glance, nowMs: number): number | null {
  return droveAt !== null && nowMs - droveAt > STALE_MS ? (nowMs - droveAt) / 1000 : null;
}

function figure(signal: Schemas["SignalBody"] | undefined): number | null {
  return typeof signal?.value === "number" ? signal.value : null;
}

/** A lamp that is lit, or a count that is not zero. */
function isWarning(value: unknown): boolean {
  return value === true || (typeof value === "number" && value > 0);
}
