import { expect, it } from "vitest";

import { emptyConfig, filledFrom, parsedTags } from "./filled";

it("reads what the address says and leaves the server's own tags to it", () => {
  const tags = [
    { key: "team", value: "data" },
    { key: "vedette/run_key", value: "a" },
  ];
  const hash = `#${encodeURIComponent(JSON.stringify({ runConfig: { a: 1 }, tags }))}`;
  expect(filledFrom(hash)).toEqual({ runConfig: { a: 1 }, tags: [{ key: "team", value: "data" }] });
  expect(filledFrom("#{")).toEqual({ tags: [] });
});

it("reads tags, and names a line that is none", () => {
  expect(parsedTags(" a = 1 \n\nb=x=y")).toEqual([
    { key: "a", value: "1" },
    { key: "b", value: "x=y" },
  ]);
  expect(() => parsedTags("nonsense")).toThrow('"nonsense" is no tag');
});

it("begins with what a schema requires", () => {
  const schema = {
    $defs: {
      File: { type: "object", properties: { path: { type: "string" }, mode: { type: "string" } }, required: ["path"] },
    },
    type: "object",
    properties: { ops: { type: "object", properties: { read: { $ref: "#/$defs/File" } }, required: ["read"] } },
    required: ["ops"],
  };
  expect(emptyConfig(schema)).toEqual({ ops: { read: { path: "" } } });
  expect(emptyConfig(null)).toEqual({});
});

it("takes the first of several ways to say a value", () => {
  const schema = { type: "object", required: ["path"], properties: { path: { anyOf: [{ type: "string" }, { type: "object" }] } } };
  expect(emptyConfig(schema)).toEqual({ path: "" });
});
