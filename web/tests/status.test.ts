import i18next, { type TFunction } from "i18next";
import { expect, test } from "vitest";
import type { LiveValue } from "../src/kit/live";
import { wayTo } from "../src/kit/way";
import { pictureName } from "../src/services/status/CarDrawing";
import { ageOf, carState as stateAt, factsAge, type Signals } from "../src/services/status/state";
import * as texts from "../src/services/status/texts";
import { valueRows, warnings } from "../src/services/status/values";

const AT = "2026-11-22T12:00:00Z";
const DOOR = "Vehicle.Cabin.Door.Row";
const DOORS = [`${DOOR}1.DriverSide`, `${DOOR}1.PassengerSide`, `${DOOR}2.DriverSide`, `${DOOR}2.PassengerSide`];

function signals(values: Record<string, LiveValue["value"]>): Signals {
  return Object.fromEntries(Object.entries(values).map(([path, value]) => [path, { value, unit: "", car_time: AT, received_at: AT }]));
}

function words(language: "en" | "fr"): TFunction<string> {
  const instance = i18next.createInstance();
  void instance.init({
    lng: language,
    resources: { [language]: { status: texts[language] } },
    defaultNS: "status",
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return instance.t;
}

const carState = (known: Signals, ageS = 0) => stateAt(known, Date.parse(AT) + ageS * 1000);

const LOCKED = Object.fromEntries(DOORS.map((door) => [`${door}.IsLocked`, true]));

test("one unlocked door, or the boot, makes the car unlocked; no word of any lock makes it unknown", () => {
  expect(carState(signals(LOCKED)).locked).toBe(true);
  expect(carState(signals({ ...LOCKED, [`${DOOR}2.DriverSide.IsLocked`]: false })).locked).toBe(false);
  expect(carState(signals({ ...LOCKED, "Vehicle.Body.Trunk.Rear.IsLocked": false })).locked).toBe(false);
  expect(carState(signals({})).locked).toBeNull();
});

test("the drawing says in words what it shows", () => {
  const open = carState(signals({ ...LOCKED, [`${DOOR}1.DriverSide.IsOpen`]: true, "Vehicle.Body.Hood.IsOpen": true }));
  expect(pictureName("Brise", carState(signals(LOCKED)), words("en"))).toBe("Brise, locked, all doors closed");
  expect(pictureName("Brise", open, words("en"))).toBe("Brise, locked, open: front left door, bonnet");
  expect(pictureName("Brise", open, words("fr"))).toBe("Brise, verrouillée, ouvert : porte avant gauche, capot");
  const busy = carState(signals({ "Vehicle.Speed": 50, [`${DOOR}2.PassengerSide.Window.IsOpen`]: true }));
  expect(pictureName("Brise", busy, words("en"))).toBe("Brise, lock not known, all doors closed, windows open: rear right, driving");
});

test("a car that stands with a noisy sensor does not drive, and one that reverses does", () => {
  expect(carState(signals({ "Vehicle.Speed": 0.4 })).moving).toBe(false);
  expect(carState(signals({ "Vehicle.Speed": -4 })).moving).toBe(true);
  expect(carState(signals({})).moving).toBe(false);
});

test("a car whose word is older than it repeats itself was driving, and is not drawn driving", () => {
  const known = signals({ "Vehicle.Speed": 49 });
  expect(carState(known, 60)).toMatchObject({ moving: true, droveAgo: null });
  expect(carState(known, 120)).toMatchObject({ moving: false, droveAgo: 120 });
  expect(carState(signals({ "Vehicle.Speed": 0 }), 120)).toMatchObject({ moving: false, droveAgo: null });
  expect(pictureName("Brise", carState(known, 120), words("en"))).not.toContain("driving");
});

test("what is said of the car in one sentence is as old as its oldest part, whatever else the car said since", () => {
  const known = signals({ ...LOCKED, "Vehicle.Speed": 49, "Vehicle.TraveledDistance": 1 });
  const at = (path: string, ageS: number) => ({ [path]: { value: 49, unit: "", car_time: new Date(Date.parse(AT) - ageS * 1000).toISOString(), received_at: AT } });
  expect(factsAge({ ...known, ...at("Vehicle.Speed", 50) }, Date.parse(AT))).toBe(50);
  expect(factsAge({ ...known, ...at("Vehicle.TraveledDistance", 50) }, Date.parse(AT))).toBe(0);
  expect(factsAge(at("Vehicle.TraveledDistance", 50), Date.parse(AT))).toBe(50);
  expect(factsAge({}, 0)).toBeNull();
});

test("the car's own warnings are told in words, and an open door is none of them", () => {
  const known = signals({ "Vehicle.Chassis.Axle.Row2.Wheel.Left.Tire.IsPressureLow": true, "Vehicle.Diagnostics.DTCCount": 0, [`${DOOR}1.DriverSide.IsOpen`]: true });
  expect(warnings(known, words("en"), "en")).toEqual(["Rear left tyre: low"]);
  expect(warnings(known, words("fr"), "fr")).toEqual(["Pneu arrière gauche\u00a0: bas"]);
});

test("an age counts by the car's clock, by the platform's where the car has none, and is never negative", () => {
  const value = signals({ a: 1 })["a"];
  expect(value).toBeDefined();
  if (value !== undefined) {
    expect(ageOf(value, Date.parse(AT) + 12_000)).toBe(12);
    expect(ageOf({ ...value, car_time: null }, Date.parse(AT) + 3_000)).toBe(3);
    expect(ageOf(value, Date.parse(AT) - 9_000)).toBe(0);
  }
});

test("each value has a name, its unit as the language writes it, and a warning where one is due", () => {
  const shown = (language: "en" | "fr") =>
    valueRows(
      signals({
        "Vehicle.TraveledDistance": 31_437_700,
        "Vehicle.Powertrain.Transmission.SelectedGear": 126,
        "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.IsPressureLow": true,
        [`${DOOR}1.DriverSide.IsOpen`]: true,
        [`${DOOR}1.DriverSide.IsLocked`]: false,
        "Vehicle.Unheard.Of": 3,
      }),
      words(language),
      language,
    ).map(({ name, value, alert }) => [name, value.replace(/\s/gu, " "), alert]);
  expect(shown("en")).toEqual([
    ["Mileage", "31,438 km", false],
    ["Gear", "park", false],
    ["Front left door", "open, unlocked", true],
    ["Front left tyre", "low", true],
  ]);
  expect(shown("fr")).toContainEqual(["Kilométrage", "31 438 km", false]);
});

test("the way to the car is opened by what the device has", () => {
  expect(wayTo(42.5, 1.5, "Mozilla/5.0 (Linux; Android 16)")).toBe("geo:42.5,1.5?q=42.5,1.5");
  expect(wayTo(42.5, 1.5, "Mozilla/5.0 (iPhone; CPU)")).toContain("maps.apple.com/?daddr=42.5,1.5");
  expect(wayTo(42.5, 1.5, "Mozilla/5.0 (X11; Linux)")).toContain("openstreetmap.org");
});

test("in French a door is open in the feminine, the boot in the masculine, and lights are several", () => {
  const rows = valueRows(
    signals({
      [`${DOOR}1.DriverSide.IsOpen`]: true,
      [`${DOOR}1.DriverSide.IsLocked`]: false,
      "Vehicle.Body.Trunk.Rear.IsOpen": false,
      "Vehicle.Body.Trunk.Rear.IsLocked": true,
      "Vehicle.Body.Lights.Parking.IsOn": true,
    }),
    words("fr"),
    "fr",
  );
  expect(rows.map((row) => row.value)).toEqual(["ouverte, déverrouillée", "fermé, verrouillé", "allumés"]);
});
