// Writes what the interface asks into a file, a line each: `sha256:` and the hash of a text, and the operation's name.
// A server that answers trusted documents alone knows the interface by it. Run after the types were generated:
// node documents.ts FILE
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";

import type { DocumentNode } from "graphql";

import { textOf } from "./src/api/texts.ts";
import * as generated from "./src/gql/graphql.ts";

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("documents.ts needs the file to write");

const lines = Object.values(generated as unknown as Record<string, DocumentNode>).flatMap((document) =>
  document.definitions.flatMap((one) => {
    if (one.kind !== "OperationDefinition") return [];
    const digest = createHash("sha256").update(textOf(document)).digest("hex");
    return [`sha256:${digest} ${one.name?.value ?? ""}\n`];
  }),
);
writeFileSync(file, lines.sort().join(""));
