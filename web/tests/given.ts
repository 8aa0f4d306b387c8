import i18next, { type TFunction } from "i18next";
import type { Language, Texts } from "../src/kit/i18n";
import type { LiveValue, Signals } from "../src/kit/signals";

export const AT = "2026-11-22T12:00:00Z";
export const DOOR = "Vehicle.Cabin.Door.Row";
const DOORS = [`${DOOR}1.DriverSide`, `${DOOR}1.PassengerSide`, `${DOOR}2.DriverSide`, `${DOOR}2.PassengerSide`];
export const LOCKED = Object.fromEntries(DOORS.map((door) => [`${door}.IsLocked`, true]));

/** Values that were so at `AT`, or `ageS` before it. */
export function signals(values: Record<string, LiveValue["value"]>, ageS = 0): Signals {
  const at = new Date(Date.parse(AT) - ageS * 1000).toISOString();
  return Object.fromEntries(Object.entries(values).map(([path, value]) => [path, { value, unit: "", car_time: at, received_at: at }]));
}

/** The words of a folder, as its components get them. */
export function words(language: Language, texts: Texts): TFunction<string> {
  const instance = i18next.createInstance();
  void instance.init({
    lng: language,
    resources: { [language]: { own: texts } },
    defaultNS: "own",
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return instance.t;
}
