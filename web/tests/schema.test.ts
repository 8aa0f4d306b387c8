import { describe, expect, it } from "vitest";
import { begun, misfits, ordered, type Schema } from "../src/kit/schema";

/** As the API gives it for a settings document. */
const LIMITS: Schema = {
  type: "object",
  properties: {
    limit_kmh: { title: "At most", type: "integer", minimum: 30, maximum: 250, unit: "km/h", default: 130 },
    quiet: { title: "Quiet", type: "boolean", default: false },
    tone: { title: "Tone", type: "string", oneOf: [{ const: "bell", title: "A bell" }, { const: "voice" }], default: "bell" },
    name: { title: "Name", type: "string", maxLength: 4, pattern: "^[a-z]*$", default: "" },
    windows: {
      title: "Windows",
      type: "array",
      items: { type: "object", properties: { from_min: { type: "integer", minimum: 0, maximum: 1439, default: 0 }, until_min: { type: "integer", minimum: 0, maximum: 1439, default: 1439 } } },
      minItems: 0,
      maxItems: 2,
      default: [],
    },
    rest: { title: "Rest", anyOf: [{ type: "integer", minimum: 1, maximum: 9 }, { type: "null" }], default: null },
  },
  required: [],
};
const SET = begun(LIMITS) as Record<string, never>;
const wrong = (changed: object) => misfits(LIMITS, { ...SET, ...changed }).map(({ place, problem, limit }) => [place, problem, limit]);

describe("a form made from a schema", () => {
  it("begins with what counts when nothing was set", () => {
    expect(begun(LIMITS)).toEqual({ limit_kmh: 130, quiet: false, tone: "bell", name: "", windows: [], rest: null });
    expect(misfits(LIMITS, begun(LIMITS))).toEqual([]);
  });

  it("begins with nothing where a number has no default, and says that it is needed", () => {
    const schema: Schema = { type: "object", properties: { count: { type: "integer", minimum: 1, maximum: 9 }, on: { type: "boolean" }, kind: { type: "string", oneOf: [{ const: "a" }] } } };
    expect(begun(schema)).toEqual({ count: null, on: false, kind: "a" });
    expect(misfits(schema, begun(schema))).toEqual([{ place: "$.count", problem: "needed" }]);
  });

  it("names the place and the limit of each value that does not fit", () => {
    expect(wrong({ limit_kmh: 29 })).toEqual([["$.limit_kmh", "low", 30]]);
    expect(wrong({ limit_kmh: 251 })).toEqual([["$.limit_kmh", "high", 250]]);
    expect(wrong({ limit_kmh: 50.5 })).toEqual([["$.limit_kmh", "needed", undefined]]);
    expect(wrong({ tone: "horn" })).toEqual([["$.tone", "choice", undefined]]);
    expect(wrong({ name: "abcde" })).toEqual([["$.name", "long", 4]]);
    expect(wrong({ name: "A" })).toEqual([["$.name", "form", undefined]]);
    expect(wrong({ windows: [{ from_min: 0, until_min: 1440 }] })).toEqual([["$.windows.0.until_min", "high", 1439]]);
    expect(wrong({ windows: [SET, SET, SET].map(() => ({ from_min: 0, until_min: 1 })) })).toEqual([["$.windows", "many", 2]]);
    expect(wrong({ rest: 10 })).toEqual([["$.rest", "high", 9]]);
  });

  it("counts the characters of a text as the platform does", () => {
    expect(misfits({ type: "string", maxLength: 2 }, "🚗🚗")).toEqual([]);
    expect(misfits({ type: "string", maxLength: 1 }, "🚗🚗")).toEqual([{ place: "$", problem: "long", limit: 1 }]);
  });

  it("leaves a pattern that only the platform can read to the platform", () => {
    expect(misfits({ type: "string", pattern: "(?P<name>x)" }, "y")).toEqual([]);
  });

  it("spells the members in the order of the schema, and none that the schema does not know", () => {
    const given = { windows: [{ until_min: 2, from_min: 1 }], name: "a", extra: true, limit_kmh: 100 };
    expect(JSON.stringify(ordered(LIMITS, given))).toBe('{"limit_kmh":100,"name":"a","windows":[{"from_min":1,"until_min":2}]}');
  });
});
