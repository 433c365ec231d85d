import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

// Which folders a folder may import from; each a noun, each knows what it is made of and not what it is shown in.
const NOUNS = ["sensors", "ticks", "runs", "jobs", "assets", "instance"];
const MAY: Record<string, readonly string[]> = {
  api: ["gql"],
  elements: [],
  graphiql: [],
  app: ["api", "elements", "gql", ...NOUNS],
  ...Object.fromEntries(NOUNS.map((noun) => [noun, ["api", "elements", "gql", ...NOUNS]])),
};

const SOURCE = import.meta.dirname;

function files(folder: string): string[] {
  return readdirSync(join(SOURCE, folder), { recursive: true, encoding: "utf-8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts"))
    .map((name) => join(folder, name));
}

/** Return the folders, below `src`, that a file imports from. */
function imported(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), "utf-8");
  const paths = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]*)"/g)].map(([, path]) => path ?? "");
  return paths.map((path) => relative(SOURCE, join(SOURCE, dirname(file), path)).split("/")[0] ?? "");
}

describe.each(Object.keys(MAY))("the folder %s", (folder) => {
  it("imports only from below itself", () => {
    const crossings = (readable(folder) ? files(folder) : []).flatMap((file) =>
      imported(file)
        .filter((target) => target !== folder && !MAY[folder]?.includes(target))
        .map((target) => `${file} imports from ${target}`),
    );
    expect(crossings).toEqual([]);
  });
});

function readable(folder: string): boolean {
  return readdirSync(SOURCE).includes(folder);
}

it("has a rule for every folder", () => {
  const folders = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => name !== "gql" && !(name in MAY))).toEqual([]);
});
