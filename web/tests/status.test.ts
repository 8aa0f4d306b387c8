import { describe, expect, it, test } from "vitest";
import { valueRows, warningsOf } from "../src/domains/car/rows";
import { ageOfAll } from "../src/domains/garage/age";
import type { Signals } from "../src/kit/signals";
import garageFacts from "../src/services/status/facts";
import rows from "../src/services/status/rows";
import en from "../src/services/status/texts/en";
import fr from "../src/services/status/texts/fr";
import { AT, DOOR, LOCKED, signals, words } from "./given";

const WORDS = { en: words("en", en), fr: words("fr", fr) };
type Shown = keyof typeof WORDS;
const shown = (language: Shown, known: Signals) => valueRows(known, rows({ t: WORDS[language], language }));

test("the car's own warnings are told in words, and an open door is none of them [STA-1g]", () => {
  const known = signals({ "Vehicle.Chassis.Axle.Row2.Wheel.Left.Tire.IsPressureLow": true, "Vehicle.Diagnostics.DTCCount": 0, [`${DOOR}1.DriverSide.IsOpen`]: true });
  const told = (language: Shown) => warningsOf(shown(language, known)).map(({ name, value }) => [name, value]);
  expect(told("en")).toEqual([["Rear left tyre", "low"]]);
  expect(told("fr")).toEqual([["Pneu arrière gauche", "bas"]]);
});

test("each value has a name, its unit as the language writes it, and a warning where one is due", () => {
  const told = (language: Shown) =>
    shown(
      language,
      signals({
        "Vehicle.TraveledDistance": 31_437_700,
        "Vehicle.Powertrain.Transmission.SelectedGear": 126,
        "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.IsPressureLow": true,
        [`${DOOR}1.DriverSide.IsOpen`]: true,
        [`${DOOR}1.DriverSide.IsLocked`]: false,
        "Vehicle.Unheard.Of": 3,
      }),
    ).map(({ name, value, alert }) => [name, value.replace(/\s/gu, " "), alert]);
  expect(told("en")).toEqual([
    ["Mileage", "31,438 km", false],
    ["Gear", "park", false],
    ["Front left door", "open, unlocked", true],
    ["Front left tyre", "low", true],
  ]);
  expect(told("fr")).toContainEqual(["Kilométrage", "31 438 km", false]);
});

test("in French a door is open in the feminine, the boot in the masculine, and lights are several", () => {
  const told = shown(
    "fr",
    signals({
      [`${DOOR}1.DriverSide.IsOpen`]: true,
      [`${DOOR}1.DriverSide.IsLocked`]: false,
      "Vehicle.Body.Trunk.Rear.IsOpen": false,
      "Vehicle.Body.Trunk.Rear.IsLocked": true,
      "Vehicle.Body.Lights.Parking.IsOn": true,
    }),
  );
  expect(told.map((row) => row.value)).toEqual(["ouverte, déverrouillée", "fermé, verrouillé", "allumés"]);
});

describe("a car at a glance", () => {
  const NOW = Date.parse(AT);
  const glance = (known: Signals, nowMs = NOW) => garageFacts(known, nowMs, { t: WORDS.en, language: "en" });
  const texts = (known: Signals, nowMs = NOW) => glance(known, nowMs).facts.map(({ text }) => text);

  it("is unlocked when one door is [RC-5a], and not said to be locked when the car never said so", () => {
    expect(texts(signals(LOCKED))).toEqual(["Locked"]);
    expect(texts(signals({ ...LOCKED, [`${DOOR}2.DriverSide.IsLocked`]: false }))).toEqual(["Unlocked"]);
    expect(texts({})).toEqual(["Lock not known"]);
  });

  it("is as old as the oldest of what is said of it, whatever else it said since", () => {
    const known = { ...signals(LOCKED), ...signals({ "Vehicle.Speed": 49 }, 40), ...signals({ "Vehicle.TraveledDistance": 1 }) };
    expect(ageOfAll(known, [glance(known)], NOW)).toBe(40);
    const quiet = signals({ "Vehicle.TraveledDistance": 1 }, 7);
    expect(ageOfAll(quiet, [glance(quiet)], NOW)).toBe(7);
    expect(ageOfAll({}, [glance({})], NOW)).toBeNull();
  });

  it("drives while its word is fresh, and drove once it is older than it repeats itself", () => {
    const known = signals({ "Vehicle.Speed": 49 }, 60);
    expect(texts(known, NOW + 10_000)).toContain("Driving");
    expect(texts(known, NOW + 60_000)).toContain("Was driving 2 min ago");
    expect(texts(signals({ "Vehicle.Speed": 0.4 }))).toEqual(["Lock not known"]);
    expect(texts(signals({ "Vehicle.Speed": -4 }))).toContain("Driving");
  });

  it("warns of what its lamps warn of, once of a kind, and of nothing that is fine", () => {
    const tyre = (row: number, side: string, low: boolean) => ({ [`Vehicle.Chassis.Axle.Row${row}.Wheel.${side}.Tire.IsPressureLow`]: low });
    const warned = (known: Signals) => glance(known).facts.filter(({ warns }) => warns).map(({ text }) => text);
    expect(warned(signals({ ...tyre(1, "Left", false), ...tyre(2, "Left", true), ...tyre(2, "Right", true), "Vehicle.Diagnostics.DTCCount": 0 }))).toEqual(["Low tyre"]);
    expect(warned(signals({ "Vehicle.Diagnostics.DTCCount": 3, "Vehicle.Body.Windshield.Front.WasherFluid.IsLevelLow": true }))).toEqual(["Washer fluid low", "Trouble codes"]);
  });
});

describe("the list of values tells", () => {
  const told = (values: Parameters<typeof signals>[0]) => shown("en", signals(values)).map(({ name, value }) => [name, value.replace(/\s/gu, " ")]);

  it("how far the car still goes, and its fuel [STA-1a]", () => {
    expect(told({ "Vehicle.Powertrain.Range": 412_000, "Vehicle.Powertrain.FuelSystem.RelativeLevel": 61 })).toEqual([
      ["Fuel", "61%"],
      ["Range", "412 km"],
    ]);
  });

  it("its mileage [STA-1c]", () => {
    expect(told({ "Vehicle.TraveledDistance": 31_437_700 })).toEqual([["Mileage", "31,438 km"]]);
  });

  it("of each door, window, bonnet and boot whether it is open, and whether it is locked where it has a lock [STA-1d]", () => {
    const doors = ["1.DriverSide", "1.PassengerSide", "2.DriverSide", "2.PassengerSide"].map((place) => `${DOOR}${place}`);
    const values = told({
      ...Object.fromEntries(doors.flatMap((door) => [[`${door}.IsOpen`, false], [`${door}.IsLocked`, true], [`${door}.Window.IsOpen`, true]])),
      "Vehicle.Body.Trunk.Rear.IsOpen": true,
      "Vehicle.Body.Trunk.Rear.IsLocked": false,
      "Vehicle.Body.Hood.IsOpen": false,
    }).map(([, value]) => value);
    expect(values).toEqual([...Array(4).fill("closed, locked"), "open, unlocked", "closed", ...Array(4).fill("open")]);
  });

  it("its parking lights [STA-1e] and its ventilation [STA-1f]", () => {
    expect(told({ "Vehicle.Body.Lights.Parking.IsOn": true, "Vehicle.Cabin.HVAC.Station.Row1.Driver.FanSpeed": 30 }).map(([, value]) => value)).toEqual(["30%", "on"]);
  });
});
