import { expect, it } from "vitest";

import { subjectAddress, subjectName, words } from "./subject";
import type { Entry } from "./useEntries";

const nothing = { subjectKind: null, subjectId: null, codeLocation: null, input: null, before: null, after: null };
const entry = (facts: Partial<Entry>) => ({ ...nothing, ...facts }) as Entry;

it("names and finds a sensor by what the log says of it", () => {
  const sensor = entry({ subjectKind: "Sensor", subjectId: "s", codeLocation: "a b", before: { name: "new/orders" } });
  expect(subjectName(sensor)).toBe("new/orders");
  expect(subjectAddress(sensor)).toBe("/sensors/a%20b/new%2Forders");
});

it("finds a run by its id, and calls it by its job", () => {
  const run = entry({ subjectKind: "Run", subjectId: "abc", after: { jobName: "load" } });
  expect([subjectName(run), subjectAddress(run)]).toEqual(["load", "/runs/abc"]);
});

it("names what was asked for where nothing came of it", () => {
  expect(subjectName(entry({ input: { name: "ci" } }))).toBe("ci");
  expect(subjectAddress(entry({ subjectKind: "ApiToken", subjectId: "t" }))).toBeNull();
});

it("says mutations in words", () => expect(words("setSensorCursor")).toBe("set sensor cursor"));
