import { describe, expect, it } from "vitest";
import { placeAfter } from "../src/domains/accounts/SignIn";
import { droveAgo, glance } from "../src/domains/garage/glance";
import { secretOf } from "../src/domains/garage/ScanPhone";
import { checkDigit, hintOf, tidy } from "../src/domains/garage/vin";

const signal = (value: unknown, age_s = 1) => ({ value, unit: "", car_time: null, received_at: "2026-11-22T10:00:00Z", age_s }) as never;
const NOW = 1_000_000;

describe("a VIN while it is typed", () => {
  it("may have blanks, dashes and small letters", () => {
    expect(tidy(" vf1-aabvy 0ma000042 ")).toBe("VF1AABVY0MA000042");
  });

  it("is told what is odd about it", () => {
    expect(hintOf("VF1AABVY0MA00004O")).toBe("letters");
    expect(hintOf("VF1AAB")).toBe("short");
    expect(hintOf("1M8GDM9AXKP042788")).toBeNull();
    expect(hintOf("1M8GDM9A0KP042788")).toBe("digit");
    expect(hintOf("VF1AABVY0MA000042")).toBeNull();
  });

  it("has the check digit of 49 CFR 565", () => {
    expect(checkDigit("1M8GDM9AXKP042788")).toBe("X");
    expect(checkDigit("11111111111111111")).toBe("1");
  });
});

describe("a car at a glance", () => {
  const doors = (...locked: boolean[]) =>
    Object.fromEntries(locked.map((value, at) => [`Vehicle.Cabin.Door.Row${1 + (at >> 1)}.${at % 2 === 0 ? "DriverSide" : "PassengerSide"}.IsLocked`, signal(value)]));

  it("is unlocked when one door is [RC-5a]", () => {
    expect(glance(doors(true, true, false, true), NOW).locked).toBe(false);
    expect(glance(doors(true, true, true, true), NOW).locked).toBe(true);
  });

  it("is not said to be locked when the car never said so", () => {
    expect(glance({}, NOW).locked).toBeNull();
  });

  it("is as old as the oldest of what is said of it, whatever else it said since", () => {
    const seen = glance({ ...doors(true), "Vehicle.Speed": signal(49, 40), "Vehicle.TraveledDistance": signal(1, 0) }, NOW);
    expect(seen.saidAt).toBe(NOW - 40_000);
    expect(glance({ "Vehicle.TraveledDistance": signal(1, 7) }, NOW).saidAt).toBe(NOW - 7_000);
    expect(glance({}, NOW).saidAt).toBeNull();
  });

  it("drives while its word is fresh, and drove once it is older than it repeats itself", () => {
    const seen = glance({ "Vehicle.Speed": signal(49, 60) }, NOW);
    expect(seen.droveAt).toBe(NOW - 60_000);
    expect(droveAgo(seen, NOW + 10_000)).toBeNull();
    expect(droveAgo(seen, NOW + 60_000)).toBe(120);
    expect(glance({ "Vehicle.Speed": signal(0.4) }, NOW).droveAt).toBeNull();
    expect(glance({ "Vehicle.Speed": signal(-4) }, NOW).droveAt).not.toBeNull();
  });

  it("warns of what its lamps warn of, once of a kind, and of nothing that is fine", () => {
    const tyre = (row: number, side: string, low: boolean) => ({ [`Vehicle.Chassis.Axle.Row${row}.Wheel.${side}.Tire.IsPressureLow`]: signal(low) });
    const { warnings } = glance({ ...tyre(1, "Left", false), ...tyre(2, "Left", true), ...tyre(2, "Right", true), "Vehicle.Diagnostics.DTCCount": signal(0) }, NOW);
    expect(warnings).toEqual(["tyre"]);
    expect(glance({ "Vehicle.Diagnostics.DTCCount": signal(3), "Vehicle.Body.Windshield.Front.WasherFluid.IsLevelLow": signal(true) }, NOW).warnings).toEqual(["washer", "codes"]);
  });
});

describe("what a car's screen shows", () => {
  const secret = "a".repeat(32) + "." + "B".repeat(22);

  it("is a car and a secret behind the address of the app", () => {
    expect(secretOf(`http://127.0.0.1:8480/phone#${secret}`)).toBe(secret);
  });

  it("is nothing else", () => {
    expect(secretOf("https://example.com/")).toBeNull();
    expect(secretOf(`http://x/phone#${secret}extra`)).toBeNull();
  });
});

describe("the place after signing in", () => {
  it("is in this app, with what stood behind #", () => {
    expect(placeAfter("/cars/1", "#x")).toBe("/cars/1#x");
  });

  it("is never another site", () => {
    expect(placeAfter("https://evil.example", "")).toBe("/");
    expect(placeAfter("//evil.example", "")).toBe("/");
    expect(placeAfter("/\\evil.example", "")).toBe("/");
  });
});
