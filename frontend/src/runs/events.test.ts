import { expect, it } from "vitest";

import { lineOf } from "./events";

const at = "2026-01-01T00:00:00Z";

it("shows a log line with its level and where it is from", () => {
  const line = lineOf("7", {
    at,
    kind: "LOG",
    step: null,
    message: "hello",
    data: { level: "WARNING", logger: "shop" },
  });
  expect(line).toMatchObject({ key: "7", level: "WARNING", source: "shop", message: "hello" });
  expect(line.mark).toBeUndefined();
});

it("says what an event without a message means", () => {
  expect(lineOf("1", { at, kind: "RUN_QUEUED", step: null, message: null, data: null }).message).toContain("waits");
});

it("shows a failure as an error, with its traceback", () => {
  const error = { type: "ValueError", message: "no", stack: ['  File "a.py", line 1'] };
  const line = lineOf("2", { at, kind: "STEP_FAILURE", step: "count", message: "no", data: { error } });
  expect(line.level).toBe("ERROR");
  expect(line.source).toBe("count");
  expect(line.details).toContain("ValueError: no");
});
