import { describe, expect, it } from "vitest";
import { named, signingIn } from "../src/domains/accounts/names";

describe("who somebody says he is", () => {
  it("is told by its form", () => {
    expect(named(" ada@example.com ")).toEqual({ email: "ada@example.com" });
    expect(named("Ada.Lovelace")).toEqual({ user_name: "Ada.Lovelace" });
    expect(named("+33 6 12 34 56 78")).toEqual({ mobile: "+33 6 12 34 56 78" });
    expect(named("06 12 34 56 78")).toEqual({ mobile: "06 12 34 56 78" });
  });

  it("signs in by address, or by user name where the brand has them, and never by number [ACC-2b]", () => {
    expect(signingIn("ada@example.com", true)).toEqual({ email: "ada@example.com" });
    expect(signingIn("ada", true)).toEqual({ user_name: "ada" });
    expect(signingIn("ada", false)).toEqual({ email: "ada" });
    expect(signingIn("+33612345678", true)).toEqual({ email: "+33612345678" });
  });
});
