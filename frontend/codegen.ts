import type { CodegenConfig } from "@graphql-codegen/cli";

/** Types of every operation, from the schema of the server beside this folder; src/gql is made anew by each build. */
const config: CodegenConfig = {
  schema: "../schema.graphql",
  documents: ["src/**/*.{ts,tsx}", "!src/gql/**", "!src/graphiql/**"],
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: { unmaskFunctionName: "read" } },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        skipTypename: false,
        dedupeFragments: true,
        scalars: { DateTime: "string", StreamPosition: "string", JSON: "unknown" },
      },
    },
  },
};

export default config;
