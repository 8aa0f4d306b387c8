import { describe, expect, it } from "vitest";
import { placeAfter } from "../src/domains/accounts/SignIn";
import { secretOf } from "../src/domains/garage/ScanPhone";
import { checkDigit, hintOf, tidy } from "../src/domains/garage/vin";

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
