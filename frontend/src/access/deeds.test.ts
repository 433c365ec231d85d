import { readFileSync } from "node:fs";

import { buildSchema } from "graphql";
import { expect, it } from "vitest";

import { DEEDS, type Mind, refusal } from "./deeds";

const schema = buildSchema(readFileSync("../schema.graphql", "utf8"));
const viewer: Mind = {
  role: "VIEWER",
  isReadOnly: false,
  permissions: [{ field: "Mutation.startSensor", role: "OPERATOR", isGranted: false }],
};

it("has words for every mutation of the schema", () => {
  expect(Object.keys(DEEDS).sort()).toEqual(Object.keys(schema.getMutationType()?.getFields() ?? {}).sort());
});

it("says who may not, and what to ask for", () => {
  expect(refusal(viewer, "startSensor")).toBe("Viewers may not start sensors; ask for the role operator.");
});

it("says that nobody may where the server is read-only", () => {
  expect(refusal({ ...viewer, isReadOnly: true }, "startSensor")).toBe(
    "This server is read-only: nobody may start sensors here.",
  );
});

it("says nothing of what is granted", () => {
  const permissions = viewer.permissions.map((one) => ({ ...one, isGranted: true }));
  expect(refusal({ ...viewer, permissions }, "startSensor")).toBeNull();
});
