import { describe, expect, it } from "vitest";

import { tickAt } from "./plot";
import type { Tick } from "./merging";

const span = { from: 0, to: 100_000 };

function tick(second: number, repeatsUntil?: number): Tick {
  return {
    id: `${second}`,
    startedAt: new Date(second * 1_000).toISOString(),
    finishedAt: new Date(second * 1_000 + 100).toISOString(),
    repeats: repeatsUntil === undefined ? 0 : 5,
    lastRepeatAt: repeatsUntil === undefined ? null : new Date(repeatsUntil * 1_000).toISOString(),
  } as Tick;
}

describe("tickAt", () => {
  it("finds the nearest", () => expect(tickAt([tick(10), tick(12)], 62, span, 500)?.id).toBe("12"));
  it("finds none where none is near", () => expect(tickAt([tick(10)], 300, span, 500)).toBeNull());
  it("finds a folded one in between, but one of its own first", () => {
    const ticks = [tick(10, 60), tick(30)];
    expect(tickAt(ticks, 110, span, 500)?.id).toBe("10");
    expect(tickAt(ticks, 151, span, 500)?.id).toBe("30");
  });
});
