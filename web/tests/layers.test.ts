import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { ESLint } from "eslint";
import { describe, expect, it, vi } from "vitest";

const WEB = join(import.meta.dirname, "..");
const eslint = new ESLint({ cwd: WEB });

// The first question loads the whole linter.
vi.setConfig({ testTimeout: 60_000 });

/** What the app's own lint says of the folders' dependencies, were this line in that file. */
async function said(file: string, line: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${line}\n`, { filePath: join(WEB, "src", file) });
  return (result?.messages ?? []).filter(({ ruleId }) => ruleId === "openmarque/layers").map(({ message }) => message);
}

describe("the folders of the app", () => {
  it.each([
    ["services/lock/LockPanel.tsx", 'import { rows } from "../status/rows";', "A service knows no other service"],
    ["services/lock/LockPanel.tsx", 'export * from "../trips/weeks";', "A service knows no other service"],
    ["services/lock/LockPanel.tsx", 'void import("../status/rows");', "A service knows no other service"],
    ["services/lock/LockPanel.tsx", 'import { services } from "../../services";', "only for whoever puts it together"],
    ["services/lock/inner/Part.tsx", 'import { rows } from "../../status/rows";', "A service knows no other service"],
    ["domains/car/CarPage.tsx", 'import { service } from "../../services/lock";', "A domain knows no service"],
    ["domains/car/CarPage.tsx", 'import.meta.glob("../../services/*/index.tsx");', "A domain knows no service"],
    ["kit/api.ts", 'import type { Vehicle } from "../domains/garage/cars";', "The kit knows no domain"],
    ["services/lock/index.tsx", 'import LockPanel from "./LockPanel";', "fetch this on demand"],
    ["services/lock/index.tsx", 'import { carState } from "../../domains/car/state";', "fetch this on demand"],
  ])("%s may not say %s", async (file, line, message) => {
    expect((await said(file, line)).join()).toContain(message);
  });

  it.each([
    ["services/lock/LockPanel.tsx", 'import { carState } from "../../domains/car/state";'],
    ["services/lock/inner/Part.tsx", 'import styles from "../lock.module.css";'],
    ["services/lock/index.tsx", 'export const card = () => import("./LockPanel");'],
    ["domains/car/CarPage.tsx", 'import { Privacy } from "../consent/Privacy";'],
    ["services.ts", 'import { service } from "./services/lock";'],
  ])("%s may say %s", async (file, line) => {
    expect(await said(file, line)).toEqual([]);
  });

  it("have no ring of domains", () => {
    const needs = new Map(domains().map((domain) => [domain, neededBy(domain)]));
    const left = new Set(needs.keys());
    for (let before = -1; before !== left.size; ) {
      before = left.size;
      for (const domain of left) {
        if ((needs.get(domain) ?? []).every((other) => !left.has(other))) {
          left.delete(domain);
        }
      }
    }
    expect([...left]).toEqual([]);
  });
});

function domains(): string[] {
  return readdirSync(join(WEB, "src/domains"));
}

function neededBy(domain: string): string[] {
  const folder = join(WEB, "src/domains", domain);
  const files = readdirSync(folder).filter((name) => /\.tsx?$/.test(name));
  const sources = files.flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(/(?:from|import\()\s*"(\.\.\/[^"]+)"/g)].map(([, path = ""]) => posix.join(domain, path)));
  return [...new Set(sources.map((path) => path.split("/")[0] ?? ""))].filter((other) => other !== domain && domains().includes(other));
}
