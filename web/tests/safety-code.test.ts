import { expect, test } from "vitest";
import { codeWords, isOfTheCode } from "../src/domains/commands/codes";
import { isFit } from "../src/domains/commands/SafetyCode";
import { Problem } from "../src/kit/api";

const t = ((key: string, values?: Record<string, unknown>) => `${key} ${JSON.stringify(values ?? {})}`) as never;

test("a code that everybody tries first is not taken", () => {
  expect(["0000", "7777", "1234", "9876"].filter(isFit)).toEqual([]);
  expect(["4817", "1235", "1357", "9012", "1212"].filter(isFit)).toEqual(["4817", "1235", "1357", "9012", "1212"]);
});

test("a wrong code says how many tries are left, a lock how long it lasts", () => {
  const wrong = new Problem(403, { code: "wrong-safety-code", tries_left: 4 }, null);
  expect(isOfTheCode(wrong)).toBe(true);
  expect(codeWords(wrong, t, "en")).toBe('code.wrong {"count":4}');
  const locked = new Problem(429, { code: "safety-code-locked" }, "900");
  expect(codeWords(locked, t, "en")).toBe('code.locked {"wait":"15 min"}');
  expect(isOfTheCode(new Problem(409, { code: "car-offline" }, null))).toBe(false);
});
