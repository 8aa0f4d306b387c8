import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";
import { layers } from "./tools/layers.mjs";

export default defineConfig([
  globalIgnores(["node_modules", "dev-dist", "src/api"]),
  {
    files: ["**/*.{ts,tsx}"],
    extends: [js.configs.recommended, ts.configs.strict, hooks.configs.flat["recommended-latest"], a11y.flatConfigs.strict],
    rules: {
      // A number or a name inside a text is said as it is.
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { openmarque: { rules: { layers } } },
    rules: { "openmarque/layers": "error" },
  },
]);
