/**
 * Writes the app's types of the API: one file a tag in `src/api/`, and an index. Run as `make api`; takes the API's description from a file and
 * writes elsewhere when both are named. Of answers only those that went well are kept: what a refusal is, stands in `problems.d.ts` once.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";

const web = join(import.meta.dirname, "..");
const [description, folder = join(web, "src/api")] = process.argv.slice(2);
const api = JSON.parse(description === undefined ? execFileSync(join(web, "../.venv/bin/openmarque"), ["openapi"]) : readFileSync(description, "utf8"));

const METHODS = ["get", "put", "post", "patch", "delete"];
const PROBLEMS = "problems";

/** The names of the schemas that a part of the description speaks of, directly or through others. */
function reachable(part, found = new Set()) {
  for (const [, name] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    if (!found.has(name)) {
      found.add(name);
      reachable(api.components.schemas[name], found);
    }
  }
  return found;
}

function withoutRefusals(item) {
  const kept = structuredClone(item);
  for (const method of METHODS.filter((name) => name in kept)) {
    kept[method].responses = Object.fromEntries(Object.entries(kept[method].responses).filter(([status]) => status.startsWith("2")));
  }
  return kept;
}

function refusals(item) {
  return METHODS.filter((name) => name in item).map((method) => Object.entries(item[method].responses).filter(([status]) => !status.startsWith("2")));
}

const schemasOf = new Map();

async function write(name, paths, schemas) {
  schemasOf.set(name, schemas.size);
  const part = { openapi: api.openapi, info: api.info, paths, components: { schemas: Object.fromEntries([...schemas].sort().map((schema) => [schema, api.components.schemas[schema]])) } };
  writeFileSync(join(folder, `${name}.d.ts`), `/* Written by make api. */\n${astToString(await openapiTS(part))}`);
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
// An address belongs to one file, by the tag of its first operation.
const tagged = Object.entries(api.paths).map(([path, item]) => ({ path, item, tag: METHODS.map((method) => item[method]?.tags?.[0]).find(Boolean)?.replace(/\W/g, "_") ?? "untagged" }));
const tags = [...new Set(tagged.map(({ tag }) => tag))].sort();
for (const tag of tags) {
  const paths = Object.fromEntries(tagged.filter((one) => one.tag === tag).map(({ path, item }) => [path, withoutRefusals(item)]));
  await write(tag, paths, reachable(paths));
}
await write(PROBLEMS, {}, reachable(tagged.map(({ item }) => refusals(item))));

const all = [...tags, PROBLEMS];
const speaking = all.filter((name) => schemasOf.get(name) > 0);
const joined = (names, member) => names.map((name) => `\n  & ${name}.${member}`).join("");
const index = `/* Written by make api. */
${all.map((name) => `import type * as ${name} from "./${name}";`).join("\n")}

/** Every address of the API. */
export type paths =${joined(tags, "paths")};

/** The bodies that the API speaks in, by their names in its description. */
export type Schemas =${joined(speaking, 'components["schemas"]')};
`;
writeFileSync(join(folder, "index.d.ts"), index);
