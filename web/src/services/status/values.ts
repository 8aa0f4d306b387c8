/** The values of a car as rows for its owner: named, in their unit, each with its age. Pure. */
import type { TFunction } from "i18next";
import * as format from "../../kit/format";
import type { Language } from "../../kit/i18n";
import type { LiveValue } from "../../kit/live";
import * as s from "./state";

export const GROUPS = ["energy", "driving", "body", "care"] as const;
export type Group = (typeof GROUPS)[number];

export interface ValueRow {
  path: string;
  group: Group;
  name: string;
  value: string;
  /** Something the owner should look at: a door open, a tyre low. */
  alert: boolean;
  /** The oldest of the values that the row shows. */
  newest: LiveValue;
}

type Words = (value: LiveValue["value"]) => { value: string; alert?: boolean };

interface Shape {
  path: string;
  group: Group;
  name: string;
  words: Words;
}

/** Values of VSS Vehicle.Powertrain.Transmission.SelectedGear that are no gear. */
const PARK = 126;
const DRIVE = 127;

export function valueRows(signals: s.Signals, t: TFunction<string>, language: Language): ValueRow[] {
  const rows = shapes(t, language).flatMap(({ path, group, name, words }) => {
    const newest = signals[path];
    if (newest === undefined) {
      return [];
    }
    const { value, alert = false } = words(newest.value);
    return [{ path, group, name, value, alert, newest }];
  });
  return rows.map((row) => withLock(row, signals, t));
}

/** What the car itself warns of, each in a few words: a tyre that is low, a fluid, trouble codes. */
export function warnings(signals: s.Signals, t: TFunction<string>, language: Language): string[] {
  return valueRows(signals, t, language)
    .filter((row) => row.group === "care" && row.alert)
    .map(({ name, value }) => t("hero.warning", { name, value }));
}

/** Doors and boot say in one row whether they are open and whether they are locked. */
function withLock(row: ValueRow, signals: s.Signals, t: TFunction<string>): ValueRow {
  const lock = row.path.includes(".Window.") ? undefined : signals[row.path.replace(/IsOpen$/, "IsLocked")];
  if (!row.path.endsWith(".IsOpen") || lock === undefined) {
    return row;
  }
  // In French a door is feminine and the boot is not.
  const isDoor = row.path.startsWith("Vehicle.Cabin.Door.");
  const word = lock.value === true ? (isDoor ? "doorLocked" : "locked") : isDoor ? "doorUnlocked" : "unlocked";
  return { ...row, value: `${row.value}, ${t(`word.${word}`)}` };
}

function shapes(t: TFunction<string>, language: Language): Shape[] {
  const km: Words = (value) => ({ value: format.kilometres(Number(value) / 1000, language) });
  const percent: Words = (value) => ({ value: format.percent(Number(value), language) });
  const either =
    (yes: string, no: string, alert?: boolean): Words =>
    (value) => ({ value: t(`word.${value === true ? yes : no}`), alert: alert !== undefined && value === alert });
  const of = (path: string, group: Group, name: string, words: Words): Shape => ({ path, group, name, words });
  return [
    of(s.SOC, "energy", t("signal.soc"), percent),
    of(s.CHARGING, "energy", t("signal.charging"), either("yes", "no")),
    of(s.ELECTRIC_RANGE, "energy", t("signal.electricRange"), km),
    of(s.FUEL, "energy", t("signal.fuel"), percent),
    of(s.RANGE, "energy", t("signal.range"), km),
    of("Vehicle.TraveledDistance", "driving", t("signal.odometer"), km),
    of(s.SPEED, "driving", t("signal.speed"), (value) => ({ value: `${format.number(Number(value), language)} km/h` })),
    of(s.IGNITION, "driving", t("signal.ignition"), (value) => ({ value: t(`ignition.${String(value)}`, { defaultValue: String(value) }) })),
    of("Vehicle.Powertrain.CombustionEngine.IsRunning", "driving", t("signal.engine"), either("running", "stopped")),
    of("Vehicle.Powertrain.Transmission.SelectedGear", "driving", t("signal.gear"), (value) => ({ value: gear(Number(value), t) })),
    of("Vehicle.Exterior.AirTemperature", "driving", t("signal.temperature"), (value) => ({ value: `${format.number(Number(value), language, 1)} °C` })),
    of("Vehicle.Cabin.HVAC.Station.Row1.Driver.FanSpeed", "driving", t("signal.ventilation"), percent),
    ...s.PLACES.map((place) => of(`${s.DOORS[place]}.IsOpen`, "body" as const, t(`doorPlace.${place}`), either("doorOpen", "doorClosed", true))),
    of(s.BOOT, "body", t("doorPlace.boot"), either("open", "closed", true)),
    of(s.HOOD, "body", t("doorPlace.hood"), either("open", "closed", true)),
    ...s.PLACES.map((place) =>
      of(`${s.DOORS[place]}.Window.IsOpen`, "body" as const, t("signal.window", { place: t(`windowPlace.${place}`) }), either("doorOpen", "doorClosed", true)),
    ),
    of("Vehicle.Body.Lights.Parking.IsOn", "body", t("signal.parking"), either("lightsOn", "lightsOff")),
    ...tyres(t).map(([path, name]) => of(path, "care" as const, name, either("low", "fine", true))),
    of("Vehicle.Chassis.Axle.Row1.Wheel.Left.Brake.IsFluidLevelLow", "care", t("signal.brake"), either("low", "fine", true)),
    of("Vehicle.Body.Windshield.Front.WasherFluid.IsLevelLow", "care", t("signal.washer"), either("low", "fine", true)),
    of("Vehicle.Diagnostics.DTCCount", "care", t("signal.codes"), (value) => ({
      value: value === 0 ? t("word.none") : format.number(Number(value), language),
      alert: value !== 0,
    })),
  ];
}

function tyres(t: TFunction<string>): [string, string][] {
  const places = [
    [1, "Left", "frontLeft"],
    [1, "Right", "frontRight"],
    [2, "Left", "rearLeft"],
    [2, "Right", "rearRight"],
  ] as const;
  return places.map(([row, side, place]) => [
    `Vehicle.Chassis.Axle.Row${row}.Wheel.${side}.Tire.IsPressureLow`,
    t("signal.tyre", { place: t(`windowPlace.${place}`) }),
  ]);
}

function gear(value: number, t: TFunction<string>): string {
  switch (value) {
    case PARK:
      return t("word.park");
    case DRIVE:
      return t("word.drive");
    case 0:
      return t("word.neutral");
    default:
      return value < 0 ? t("word.reverse") : String(value);
  }
}
