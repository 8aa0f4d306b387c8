// After the build: compressed forms beside the files, and the budget of a first visit (issue: 250 KB compressed, without the map).
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const BUDGET = 250_000;
const root = process.env.OPENMARQUE_STATIC ?? new URL("../../src/openmarque/api/static", import.meta.url).pathname;
const WORTH = /\.(html|js|css|svg|json|webmanifest|geojson)$/;

const walk = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)]));

for (const file of walk(root).filter((name) => WORTH.test(name))) {
  const plain = readFileSync(file);
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  if (brotli.length < plain.length) {
    // The page gets a nonce at each answer, so it goes out plain; it is small.
    if (!file.endsWith("index.html")) {
      writeFileSync(`${file}.br`, brotli);
      writeFileSync(`${file}.gz`, gzipSync(plain, { level: 9 }));
    }
  }
}

const manifest = JSON.parse(readFileSync(join(root, ".vite/manifest.json"), "utf8"));
const seen = new Set();
const need = (key) => {
  const chunk = manifest[key];
  if (chunk === undefined || seen.has(key)) return;
  seen.add(key);
  (chunk.imports ?? []).forEach(need);
};
need("index.html");
// The words are a file a language; a first visit takes one of them.
need("src/words/fr.ts");
const first = new Set(["index.html", "first.js", ...[...seen].flatMap((key) => [manifest[key].file, ...(manifest[key].css ?? [])])]);
const sizeOf = (name) => {
  const path = join(root, name);
  try {
    return statSync(`${path}.br`).size;
  } catch {
    return statSync(path).size;
  }
};
const total = [...first].reduce((sum, name) => sum + sizeOf(name), 0);
const list = [...first].map((name) => `  ${String(sizeOf(name)).padStart(8)}  ${name}`).join("\n");
console.log(`first visit: ${total} bytes compressed of ${BUDGET}\n${list}`);
if (total > BUDGET) {
  console.error("The first visit is over its budget: load what few visits need lazily.");
  process.exit(1);
}
rmSync(join(root, ".vite"), { recursive: true, force: true });
