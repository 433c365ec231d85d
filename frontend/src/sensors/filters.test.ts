import { describe, expect, it } from "vitest";

import type { Row } from "./board";
import { chosen, type Filters, grouped } from "./filters";

const none: Filters = { search: "", location: "", status: "", kind: "", condition: "", tag: "", sort: "" };

function row(name: string, kind = "WAITING", location = "shop", other: object = {}): Row {
  return {
    id: name,
    name,
    kind: "STANDARD",
    status: "RUNNING",
    nextTickAt: null,
    minimumIntervalSeconds: 30,
    condition: { kind },
    statusReason: { source: "CODE" },
    codeLocation: { name: location },
    tags: [],
    lastTick: null,
    ...other,
  } as unknown as Row;
}

describe("chosen", () => {
  const rows = [row("orders"), row("Invoices", "BACKING_OFF"), row("files", "WAITING", "etl")];
  const names = (filters: Partial<Filters>) => chosen(rows, { ...none, ...filters }, 0).map(({ name }) => name);
  it("finds names in any case", () => expect(names({ search: " INV" })).toEqual(["Invoices"]));
  it("keeps to a location", () => expect(names({ location: "etl" })).toEqual(["files"]));
  it("keeps to a condition", () => expect(names({ condition: "BACKING_OFF" })).toEqual(["Invoices"]));
  it("keeps to a tag, with or without its value", () => {
    const tagged = [row("a", "WAITING", "shop", { tags: [{ key: "team", value: "data" }] })];
    expect(chosen(tagged, { ...none, tag: "team" }, 0)).toHaveLength(1);
    expect(chosen(tagged, { ...none, tag: "team=data" }, 0)).toHaveLength(1);
    expect(chosen(tagged, { ...none, tag: "team=web" }, 0)).toHaveLength(0);
  });
});

it("groups what needs attention first, then by code location, and folds", () => {
  const rows = [row("a", "OVERDUE"), row("b", "BACKING_OFF", "etl"), row("c"), row("d", "WAITING", "etl")];
  const shown = grouped(rows, new Set(["shop"])).map((line) => ("row" in line ? line.row.name : `# ${line.group}`));
  expect(shown).toEqual(["# Needs attention", "b", "a", "# etl", "d", "# shop"]);
});
