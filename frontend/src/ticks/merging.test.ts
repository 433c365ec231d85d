import { expect, it } from "vitest";

import { merged, type Tick } from "./merging";

const tick = (number: number, status = "SKIPPED") => ({ number, status }) as Tick;
const any = () => true;

it("puts new ticks first and replaces those that ended", () => {
  const after = merged([tick(2, "STARTED"), tick(1)], [tick(3, "STARTED"), tick(2, "SUCCESS")], any, 10);
  expect(after.map(({ number, status }) => [number, status])).toEqual([
    [3, "STARTED"],
    [2, "SUCCESS"],
    [1, "SKIPPED"],
  ]);
});

it("does not let a tick that ended begin again", () => {
  expect(merged([tick(1, "FAILURE")], [tick(1, "STARTED")], any, 10)[0]?.status).toBe("FAILURE");
});

it("drops what no longer passes the filter, and what is beyond the page", () => {
  const failed = ({ status }: Tick) => status === "FAILURE";
  expect(merged([tick(1, "STARTED")], [tick(1, "SUCCESS")], failed, 10)).toEqual([]);
  expect(merged([tick(1), tick(2)], [tick(3)], any, 2).map(({ number }) => number)).toEqual([3, 2]);
});
