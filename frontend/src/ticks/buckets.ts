import { shownMoment } from "../elements/Time";
import { beginOf, type Span } from "../timeline/span";
import type { Tick } from "./merging";

/** How many ticks began from `at` (milliseconds since the epoch) on, for one width. */
export interface Bucket {
  at: number;
  skipped: number;
  success: number;
  failure: number;
  /** Runs that they launched. */
  launched: number;
}

/** The latest tick that the buckets count, as it was when they were read. */
export type Counted = Pick<Tick, "number" | "status" | "repeats">;

/** How often a tick counts beyond what was counted, with the repeats that are folded into it. */
function more(tick: Tick, counted: Counted | null): number {
  if (tick.status === "STARTED") return 0;
  if (counted === null || tick.number > counted.number) return 1 + tick.repeats;
  if (tick.number < counted.number) return 0;
  return (counted.status === "STARTED" ? 1 : 0) + Math.max(0, tick.repeats - counted.repeats);
}

/** Return the buckets with the ticks that have ended since they were counted. */
export function withLive(
  buckets: readonly Bucket[],
  width: number,
  live: readonly Tick[],
  counted: Counted | null,
): readonly Bucket[] {
  const byBegin = new Map(buckets.map((bucket) => [bucket.at, { ...bucket }]));
  for (const tick of live) {
    const times = more(tick, counted);
    if (times === 0) continue;
    const at = beginOf(Date.parse(tick.lastRepeatAt ?? tick.startedAt), width);
    const bucket = byBegin.get(at) ?? { at, skipped: 0, success: 0, failure: 0, launched: 0 };
    byBegin.set(at, bucket);
    if (tick.status === "FAILURE") bucket.failure += times;
    else if (tick.status === "SUCCESS") bucket.success += times;
    else bucket.skipped += times;
    bucket.launched += tick.launchedCount;
  }
  return [...byBegin.values()].sort((a, b) => a.at - b.at);
}

/** Return how many ticks a bucket counts. */
export function size({ skipped, success, failure }: Bucket): number {
  return skipped + success + failure;
}

/** Return the bucket at `x` pixels of a plot; null if there is none. */
export function bucketAt(buckets: readonly Bucket[], width: number, x: number, span: Span, pixels: number) {
  const at = beginOf(span.from + (x / pixels) * (span.to - span.from), width);
  return buckets.find((bucket) => bucket.at === at) ?? null;
}

/** Return what a bucket holds, in words. */
export function bucketWords(bucket: Bucket, width: number): string {
  const { at, skipped, success, failure, launched } = bucket;
  const parts = [
    failure > 0 && `${failure.toLocaleString()} failed`,
    success > 0 && `${success.toLocaleString()} with ${launched.toLocaleString()} ${launched === 1 ? "run" : "runs"}`,
    skipped > 0 && `${skipped.toLocaleString()} skipped`,
  ].filter(Boolean);
  const total = size(bucket);
  const span = `${shownMoment(new Date(at))} – ${shownMoment(new Date(at + width))}`;
  return `${span} · ${total.toLocaleString()} ${total === 1 ? "tick" : "ticks"}: ${parts.join(", ")}`;
}
