/**
 * Which folder of the app may import which: kit nothing but kit; domains kit and domains; a service kit, domains and its own folder, so that each can be
 * taken away alone. A service's manifest is part of every first visit: its own parts and the domains come to it by `import()`, or as types only.
 */
import { posix, relative, sep } from "node:path";

/** The layer of a file below `src`, and for a service its folder; null outside of the three. */
function placeOf(path) {
  const [, layer, folder] = /^src\/(kit|domains|services)\/([^/]+)/.exec(path) ?? [];
  return layer === undefined ? null : { layer, folder: layer === "services" ? folder : undefined };
}

/** Why a file at `from` may not take `to`; null when it may. `isLate` is true for what is fetched on demand, and for types. */
export function objection(from, to, isLate) {
  const here = placeOf(from);
  const there = placeOf(to);
  if (here === null || to.startsWith("src/api")) {
    return null; // the types of the API are anybody's
  }
  if (there === null) {
    return "This part of the app is only for whoever puts it together: pass it in.";
  }
  if (here.layer === "kit" && there.layer !== "kit") {
    return "The kit knows no domain and no service.";
  }
  if (there.layer === "services" && there.folder !== here.folder) {
    return here.layer === "services" ? "A service knows no other service: what both need belongs to kit or domains." : "A domain knows no service: what it shows of one comes by manifest.";
  }
  const isManifest = /^src\/services\/[^/]+\/index\.tsx$/.test(from);
  return isManifest && !isLate && there.layer !== "kit" ? "A manifest is loaded by every visitor: fetch this on demand, with import()." : null;
}

/** @type {import("eslint").Rule.RuleModule} */
export const layers = {
  meta: { type: "problem", schema: [], docs: { description: "folders of the app depend on one another one way only" } },
  create(context) {
    const from = relative(context.cwd, context.filename).split(sep).join("/");
    const look = (node, source, isLate) => {
      if (source?.type !== "Literal" || typeof source.value !== "string" || !source.value.startsWith(".")) {
        return;
      }
      const message = objection(from, posix.join(posix.dirname(from), source.value), isLate);
      if (message !== null) {
        context.report({ node, message });
      }
    };
    return {
      ImportDeclaration: (node) => look(node, node.source, node.importKind === "type"),
      ExportNamedDeclaration: (node) => look(node, node.source, node.exportKind === "type"),
      ExportAllDeclaration: (node) => look(node, node.source, node.exportKind === "type"),
      ImportExpression: (node) => look(node, node.source, true),
      TSImportType: (node) => look(node, node.argument?.literal ?? node.source, true),
      "CallExpression[callee.object.type='MetaProperty'][callee.property.name='glob']": (node) => {
        const [first] = node.arguments;
        for (const pattern of first?.type === "ArrayExpression" ? first.elements : [first]) {
          look(node, pattern, true);
        }
      },
    };
  },
};
