import { describe, expect, it } from "vitest";

import { widthFor } from "../timeline/span";
import { type Bucket, bucketAt, bucketWords, withLive } from "./buckets";
import type { Tick } from "./merging";

const MINUTE = 60_000;
const bucket = (at: number, more: Partial<Bucket> = {}): Bucket => ({
  at,
  skipped: 0,
  success: 0,
  failure: 0,
  launched: 0,
  ...more,
});
const tick = (number: number, second: number, more: Partial<Tick> = {}) =>
  ({
    number,
    status: "SKIPPED",
    startedAt: new Date(second * 1_000).toISOString(),
    lastRepeatAt: null,
    repeats: 0,
    launchedCount: 0,
    ...more,
  }) as Tick;

it("divides every span from minutes to a month into round parts, not too many", () => {
  for (const length of [5 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE, 30 * 24 * 60 * MINUTE]) {
    expect(length / widthFor(length)).toBeLessThanOrEqual(180);
  }
  expect(widthFor(30 * 24 * 60 * MINUTE)).toBe(6 * 60 * MINUTE);
});

describe("ticks that end later", () => {
  const counted = { number: 5, status: "SKIPPED", repeats: 2 } as const;

  it("are added to the part that they began in, or make one", () => {
    const live = [tick(6, 61, { status: "FAILURE" }), tick(7, 130, { status: "SUCCESS", launchedCount: 3 })];
    expect(withLive([bucket(MINUTE, { skipped: 4 })], MINUTE, live, counted)).toEqual([
      bucket(MINUTE, { skipped: 4, failure: 1 }),
      bucket(2 * MINUTE, { success: 1, launched: 3 }),
    ]);
  });

  it("are not counted twice, nor before they have ended", () => {
    expect(withLive([], MINUTE, [tick(4, 1), tick(5, 2, { repeats: 2 }), tick(6, 3, { status: "STARTED" })], counted)).toEqual([]);
  });

  it("count their repeats, those that were folded since alone", () => {
    const live = [tick(5, 2, { repeats: 9, lastRepeatAt: new Date(70_000).toISOString() })];
    expect(withLive([], MINUTE, live, counted)).toEqual([bucket(MINUTE, { skipped: 7 })]);
  });

  it("count if they were being evaluated when the others were read", () => {
    const begun = { number: 6, status: "STARTED", repeats: 0 } as const;
    expect(withLive([], MINUTE, [tick(6, 3)], begun)).toEqual([bucket(0, { skipped: 1 })]);
  });
});

it("is found where it is drawn", () => {
  const span = { from: 0, to: 10 * MINUTE };
  const buckets = [bucket(2 * MINUTE, { skipped: 1 })];
  expect(bucketAt(buckets, MINUTE, 25, span, 100)?.at).toBe(2 * MINUTE);
  expect(bucketAt(buckets, MINUTE, 31, span, 100)).toBeNull();
});

it("says what is in it, what is wrong first", () => {
  expect(bucketWords(bucket(0, { failure: 1, success: 2, launched: 1, skipped: 3 }), MINUTE)).toMatch(
    /· 6 ticks: 1 failed, 2 with 1 run, 3 skipped$/,
  );
});
