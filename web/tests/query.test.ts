import { expect, test } from "vitest";
import { isUsable } from "../src/kit/query";

const KEPT = { shape: 4, at: 1_000_000, signIn: "Camille" };
const MONTH_MS = 30 * 24 * 3600 * 1000;

test("what this version of the app kept for this person is taken up for a month", () => {
  expect(isUsable(KEPT, "Camille", KEPT.at)).toBe(true);
  expect(isUsable(KEPT, "Camille", KEPT.at + MONTH_MS - 1)).toBe(true);
  expect(isUsable(KEPT, "Camille", KEPT.at + MONTH_MS)).toBe(false);
  expect(isUsable(KEPT, "Robin", KEPT.at)).toBe(false);
});

test("what an earlier version kept, in another shape, is left alone: no page could show it", () => {
  expect(isUsable({ at: KEPT.at, signIn: KEPT.signIn }, "Camille", KEPT.at)).toBe(false);
  expect(isUsable({ ...KEPT, shape: 2 }, "Camille", KEPT.at)).toBe(false);
});
