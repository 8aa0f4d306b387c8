import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    environment: "node",
    // They run beside the tests of the engines, with what processor time those leave.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // `make requirements` reads the second one: a test claims a clause of REQUIREMENTS.md by a tag in its name, [RC-5a].
    reporters: ["default", ["json", { outputFile: "../var/web-tests.json" }]],
  },
});
