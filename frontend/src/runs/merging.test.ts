import { expect, it } from "vitest";

import { merged, type Run } from "./merging";

const run = (id: string, status: string, queuedAt = id) => ({ id, status, queuedAt, attempt: 1 }) as unknown as Run;
const any = () => true;

it("shows a new run first and each run once", () => {
  const after = merged([run("1", "STARTED")], [run("2", "QUEUED"), run("1", "SUCCESS")], any, 10);
  expect(after.map(({ id, status }) => `${id} ${status}`)).toEqual(["2 QUEUED", "1 SUCCESS"]);
});

it("never goes back, unless a run is executed again", () => {
  expect(merged([run("1", "SUCCESS")], [run("1", "STARTED")], any, 10)[0]?.status).toBe("SUCCESS");
  const second = { ...run("1", "STARTED"), attempt: 2 };
  expect(merged([run("1", "FAILURE")], [second], any, 10)[0]?.status).toBe("STARTED");
});

it("drops what has left the filter", () => {
  expect(merged([run("1", "QUEUED")], [run("1", "STARTED")], ({ status }) => status === "QUEUED", 10)).toEqual([]);
});
