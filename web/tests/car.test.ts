import { expect, test } from "vitest";
import { pictureName } from "../src/domains/car/CarDrawing";
import { carState as stateAt, factsAge } from "../src/domains/car/state";
import en from "../src/domains/car/texts/en";
import fr from "../src/domains/car/texts/fr";
import { ageOf, type Signals } from "../src/kit/signals";
import { wayTo } from "../src/kit/way";
import { AT, DOOR, LOCKED, signals, words } from "./given";

const carState = (known: Signals, ageS = 0) => stateAt(known, Date.parse(AT) + ageS * 1000);
const english = words("en", en);
const french = words("fr", fr);

test("one unlocked door, or the boot, makes the car unlocked; no word of any lock makes it unknown", () => {
  expect(carState(signals(LOCKED)).locked).toBe(true);
  expect(carState(signals({ ...LOCKED, [`${DOOR}2.DriverSide.IsLocked`]: false })).locked).toBe(false);
  expect(carState(signals({ ...LOCKED, "Vehicle.Body.Trunk.Rear.IsLocked": false })).locked).toBe(false);
  expect(carState(signals({})).locked).toBeNull();
});

test("the drawing says in words what it shows", () => {
  const open = carState(signals({ ...LOCKED, [`${DOOR}1.DriverSide.IsOpen`]: true, "Vehicle.Body.Hood.IsOpen": true }));
  expect(pictureName("Brise", carState(signals(LOCKED)), english)).toBe("Brise, locked, all doors closed");
  expect(pictureName("Brise", open, english)).toBe("Brise, locked, open: front left door, bonnet");
  expect(pictureName("Brise", open, french)).toBe("Brise, verrouillée, ouvert\u00a0: porte avant gauche, capot");
  const busy = carState(signals({ "Vehicle.Speed": 50, [`${DOOR}2.PassengerSide.Window.IsOpen`]: true }));
  expect(pictureName("Brise", busy, english)).toBe("Brise, lock not known, all doors closed, windows open: rear right, driving");
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
  expect(pictureName("Brise", carState(known, 120), english)).not.toContain("driving");
});

test("what is said of the car in one sentence is as old as its oldest part, whatever else the car said since", () => {
  const known = signals({ ...LOCKED, "Vehicle.Speed": 49, "Vehicle.TraveledDistance": 1 });
  const at = (path: string, ageS: number) => ({ [path]: { value: 49, unit: "", car_time: new Date(Date.parse(AT) - ageS * 1000).toISOString(), received_at: AT } });
  expect(factsAge({ ...known, ...at("Vehicle.Speed", 50) }, Date.parse(AT))).toBe(50);
  expect(factsAge({ ...known, ...at("Vehicle.TraveledDistance", 50) }, Date.parse(AT))).toBe(0);
  expect(factsAge(at("Vehicle.TraveledDistance", 50), Date.parse(AT))).toBe(50);
  expect(factsAge({}, 0)).toBeNull();
});

test("an age counts by the car's clock, by the platform's where the car has none, and is never negative", () => {
  const value = signals({ a: 1 })["a"];
  expect(value).toBeDefined();
  if (value !== undefined) {
    expect(ageOf(value, Date.parse(AT) + 12_000)).toBe(12);
    expect(ageOf({ ...value, car_time: null }, Date.parse(AT) + 3_000)).toBe(3);
    expect(ageOf(value, Date.parse(AT) - 9_000)).toBe(0);
    const ahead = new Date(Date.parse(AT) + 7_200_000).toISOString();
    expect(ageOf({ ...value, car_time: ahead }, Date.parse(AT) + 3_600_000), "no value is younger than its receipt").toBe(3_600);
  }
});

test("the way to the car is opened by what the device has, and whoever learns the place then is named [STA-3b]", () => {
  expect(wayTo(42.5, 1.5, "Mozilla/5.0 (Linux; Android 16)")).toEqual({ href: "geo:42.5,1.5?q=42.5,1.5", recipient: null });
  expect(wayTo(42.5, 1.5, "Mozilla/5.0 (iPhone; CPU)")).toMatchObject({ href: expect.stringMatching(/maps\.apple\.com\/\?daddr=42\.5,1\.5&dirflg=w$/), recipient: expect.stringContaining("Apple") });
  expect(wayTo(42.5, 1.5, "Mozilla/5.0 (X11; Linux)")).toMatchObject({ href: expect.stringContaining("openstreetmap.org"), recipient: expect.stringContaining("OpenStreetMap") });
});
