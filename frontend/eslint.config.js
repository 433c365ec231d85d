import js from "@eslint/js";
import boundaries from "eslint-plugin-boundaries";
import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import typescript from "typescript-eslint";

// Which folders of src a folder may import from, besides itself: each a noun, which knows what it is made of and not
// what it is shown in.
const NOUNS = ["sensors", "ticks", "runs", "jobs", "assets", "instance", "audit"];
const BELOW_NOUNS = ["access", "api", "elements", "timeline", "gql"];
const MAY = {
  gql: [],
  elements: [],
  streams: [],
  graphiql: ["streams"],
  api: ["gql", "streams"],
  access: ["api", "elements", "gql"],
  timeline: ["elements"],
  ...Object.fromEntries(NOUNS.map((noun) => [noun, [...BELOW_NOUNS, ...NOUNS]])),
  app: [...BELOW_NOUNS, ...NOUNS],
};

export default defineConfig(
  globalIgnores(["src/gql/"]),
  js.configs.recommended,
  typescript.configs.recommendedTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  { files: ["**/*.js"], extends: [typescript.configs.disableTypeChecked] },
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "react-hooks": reactHooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      // React calls handlers and effects that return a promise as any other; what they throw they show themselves.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
      // A stream throws the list of errors that ended it, as the API gives it.
      "@typescript-eslint/only-throw-error": "off",
      // Libraries without types (the graph's layout) and answers of the API.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-base-to-string": "off",
      // Kinds of nodes are words in documents and members of an enum in the library.
      "@typescript-eslint/no-unsafe-enum-comparison": "off",
    },
  },
  {
    files: ["src/*/**"],
    plugins: { boundaries },
    settings: {
      "import/resolver": { node: { extensions: [".ts", ".tsx"] } },
      "boundaries/elements": Object.keys(MAY).map((type) => ({ type, pattern: `src/${type}` })),
      "boundaries/dependency-nodes": ["import", "dynamic-import", "export"],
    },
    rules: {
      "boundaries/no-unknown-files": "error",
      "boundaries/dependencies": [
        "error",
        {
          default: "disallow",
          policies: Object.entries(MAY).map(([from, may]) => ({
            from: { element: { type: from } },
            allow: { to: { element: { type: [from, ...may] } } },
          })),
        },
      ],
    },
  },
);
