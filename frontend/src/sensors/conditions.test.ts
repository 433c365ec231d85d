import { describe, expect, it } from "vitest";

import { attention, conditionOf, lagOf, NO_ATTENTION, reasonOf } from "./conditions";

const NOW = Date.parse("2026-01-01T00:00:10Z");

type State = Parameters<typeof reasonOf>[0];

function sensor(kind: State["condition"]["kind"], other: Partial<State> = {}): State {
  return {
    status: kind === "STOPPED" ? "STOPPED" : "RUNNING",
    nextTickAt: "2026-01-01T00:00:00Z",
    condition: { kind, until: null, message: null },
    statusReason: { source: "CODE", actor: null, at: null, note: null },
    lastTick: null,
    ...other,
  };
}

describe("lag", () => {
  it("counts from when the sensor was due", () => expect(lagOf(sensor("OVERDUE"), NOW)).toBe(10));
  it("is none of a sensor that may have skipped quietly", () => expect(lagOf(sensor("WAITING"), NOW)).toBe(0));
});

it("puts what fails before what is late before what is gone", () => {
  const ranks = (["BACKING_OFF", "OVERDUE", "UNLOADED", "WAITING"] as const).map((kind) => attention(sensor(kind)));
  expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  expect(new Set(ranks).size).toBe(4);
  expect(ranks.at(-1)).toBe(NO_ATTENTION);
});

it("tells a sensor that its failures stopped from one that a person stopped", () => {
  const policy = { source: "FAILURE_POLICY", actor: null, at: null, note: null } as const;
  const paused = sensor("STOPPED", { statusReason: policy });
  expect(conditionOf(paused)).toBe("PAUSED");
  expect(attention(paused)).toBeLessThan(NO_ATTENTION);
  const person = { source: "USER", actor: "ada", at: null, note: null } as const;
  const stopped = sensor("STOPPED", { statusReason: person });
  expect(conditionOf(stopped)).toBe("STOPPED");
  expect(reasonOf(stopped)).toBe("Stopped by ada");
});
