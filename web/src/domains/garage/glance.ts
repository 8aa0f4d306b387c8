import type { Schemas } from "../../kit/api";

/** What a garage card tells of a car; null where the car did not say. */
export interface Glance {
  locked: boolean | null;
  charge: number | null;
  fuel: number | null;
  driving: boolean;
  charging: boolean;
  heardAt: string | null;
}

type Signals = Record<string, Schemas["SignalBody"]>;

const LOCKED = /^Vehicle\.(Cabin\.Door\.Row\d\.\w+|Body\.Trunk\.Rear)\.IsLocked$/;

/** One unlocked door makes the car unlocked (REQ RC-5); without any word on locks it is not known. */
export function glance(signals: Signals): Glance {
  const locks = Object.entries(signals).filter(([path]) => LOCKED.test(path));
  const heard = Object.values(signals).map((signal) => signal.received_at);
  return {
    locked: locks.length === 0 ? null : locks.every(([, signal]) => signal.value === true),
    charge: figure(signals["Vehicle.Powertrain.TractionBattery.StateOfCharge.Displayed"]),
    fuel: figure(signals["Vehicle.Powertrain.FuelSystem.RelativeLevel"]),
    driving: (figure(signals["Vehicle.Speed"]) ?? 0) > 0.5,
    charging: signals["Vehicle.Powertrain.TractionBattery.Charging.IsCharging"]?.value === true,
    heardAt: heard.length === 0 ? null : heard.reduce((newest, at) => (at > newest ? at : newest)),
  };
}

function figure(signal: Schemas["SignalBody"] | undefined): number | null {
  return typeof signal?.value === "number" ? signal.value : null;
}
