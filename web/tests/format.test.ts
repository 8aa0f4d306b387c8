import { describe, expect, it } from "vitest";
import * as format from "../src/kit/format";
import { LANGUAGES } from "../src/kit/i18n";

/** With each blank as a plain one. */
const plain = (text: string) => text.replace(/\s/gu, " ");

describe("numbers, ages and dates", () => {
  it("are written as each language writes them", () => {
    const said = LANGUAGES.map((language) => [format.number(12_345.5, language, 1), format.age(180, language), format.date("2026-11-30T12:00:00Z", language), format.percent(81, language)].map(plain));
    expect(said).toEqual([
      ["12,345.5", "3 min ago", "30 November 2026", "81%"],
      ["12 345,5", "il y a 3 min", "30 novembre 2026", "81 %"],
      ["12.345,5", "vor 3 Min.", "30. November 2026", "81 %"],
      ["12.345,5", "hace 3 min", "30 de noviembre de 2026", "81 %"],
    ]);
  });

  it("say of what has just been that it was, not that it is", () => {
    expect(LANGUAGES.map((language) => format.age(2, language))).toEqual(["just now", "à l'instant", "gerade eben", "ahora mismo"]);
  });

  it("begin a line with a capital, whatever the first letter is", () => {
    expect(format.capital("äußerst leise", "de")).toBe("Äußerst leise");
    expect(format.capital("", "en")).toBe("");
  });
});
