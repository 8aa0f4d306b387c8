import { describe, expect, it } from "vitest";
import { FAR, pulled } from "../src/kit/pull";

describe("pulling the page down", () => {
  it("follows the finger half as fast, and no further than it has to", () => {
    expect(pulled(100, 160, 0)).toBe(30);
    expect(pulled(100, 100 + 4 * FAR, 0)).toBe(FAR);
  });

  it("is nothing upwards, or where the page is scrolled", () => {
    expect(pulled(100, 40, 0)).toBe(0);
    expect(pulled(100, 400, 5)).toBe(0);
  });
});
