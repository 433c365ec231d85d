import type { Bucket } from "./buckets";
import type { Tick } from "./merging";
import { drawBuckets } from "./plotBuckets";

/** A stretch of time, in milliseconds since the epoch. */
export interface Span {
  from: number;
  to: number;
}

export interface Paint {
  good: string;
  bad: string;
  busy: string;
  idle: string;
  line: string;
  text: string;
  now: string;
  ground: string;
}

const AXIS_PIXELS = 20;
const LEAST_PIXELS = 3;
const NEAR_PIXELS = 8;
const LABEL_PIXELS = 54;
// How high each kind of tick stands, as a part of the plot: told apart without colour too.
const heights = { SKIPPED: 0.3, SUCCESS: 0.72, FAILURE: 0.92, STARTED: 0.5 } as const;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
];
const TICK_MARK_PIXELS = 90;

export function toX(at: number, { from, to }: Span, width: number): number {
  return ((at - from) / (to - from)) * width;
}

/** Return the moments to write below a plot that is `width` pixels wide: round ones, in local time. */
export function marks(span: Span, width: number): number[] {
  const least = ((span.to - span.from) / width) * TICK_MARK_PIXELS;
  const step = STEPS.find((each) => each >= least) ?? 30 * DAY;
  const offset = new Date(span.from).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((span.from - offset) / step) * step + offset;
  const found: number[] = [];
  for (let at = first; at < span.to; at += step) found.push(at);
  return found;
}

function markText(at: number, span: Span): string {
  const moment = new Date(at);
  if (span.to - span.from > 2 * DAY) return moment.toLocaleDateString(undefined, { month: "short", day: "numeric" });
  const seconds = span.to - span.from < 10 * MINUTE ? ({ second: "2-digit" } as const) : {};
  return moment.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", ...seconds });
}

/** Return the tick at `x` pixels, or the nearest one by; null if none is near. */
export function tickAt(ticks: readonly Tick[], x: number, span: Span, width: number): Tick | null {
  let best: Tick | null = null;
  let bestDistance = NEAR_PIXELS;
  for (const tick of ticks) {
    const left = toX(Date.parse(tick.startedAt), span, width);
    const right = Math.max(left + LEAST_PIXELS, toX(endOf(tick, span.to), span, width));
    const distance = x < left ? left - x : x > right ? x - right : 0;
    // A folded tick spans those between its repeats: what stands by itself is nearer.
    const weighed = distance + (tick.repeats > 0 ? 2 : 0);
    if (weighed < bestDistance) {
      best = tick;
      bestDistance = weighed;
    }
  }
  return best;
}

function endOf(tick: Tick, now: number): number {
  if (tick.lastRepeatAt !== null) return Date.parse(tick.lastRepeatAt);
  return tick.finishedAt === null ? now : Date.parse(tick.finishedAt);
}

interface Scene {
  ticks: readonly Tick[];
  /** What is drawn instead where there are too many ticks, each `bucketWidth` milliseconds long. */
  buckets: readonly Bucket[] | null;
  bucketWidth: number;
  span: Span;
  now: number;
  chosen: Chosen | null;
  width: number;
  height: number;
  paint: Paint;
}

/** What is pointed at. */
export type Chosen = { tick: Tick } | { bucket: Bucket };

const fills = { SKIPPED: "idle", SUCCESS: "good", FAILURE: "bad", STARTED: "busy" } as const;

/** Draw ticks over time: a bar each, as wide as it lasted, as high and coloured as its status; runs are counted. */
export function draw(context: CanvasRenderingContext2D, scene: Scene) {
  const { width, height, paint, buckets, chosen } = scene;
  const floor = height - AXIS_PIXELS;
  context.clearRect(0, 0, width, height);
  drawAxis(context, scene, floor);
  if (buckets) {
    const marked = chosen && "bucket" in chosen ? chosen.bucket : null;
    drawBuckets(context, { ...scene, buckets, width: scene.bucketWidth, pixels: width, floor, chosen: marked });
  } else {
    for (const tick of scene.ticks) drawTick(context, tick, scene, floor);
  }
  const x = toX(scene.now, scene.span, width);
  if (x > 0 && x < width) {
    context.fillStyle = paint.now;
    context.fillRect(Math.round(x), 0, 1, floor);
  }
}

function drawAxis(context: CanvasRenderingContext2D, { span, width, paint }: Scene, floor: number) {
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const at of marks(span, width)) {
    const x = Math.round(toX(at, span, width));
    context.fillStyle = paint.line;
    context.fillRect(x, 0, 1, floor + 4);
    context.fillStyle = paint.text;
    if (x + LABEL_PIXELS < width) context.fillText(markText(at, span), x + 4, floor + AXIS_PIXELS / 2 + 1);
  }
  context.fillStyle = paint.line;
  context.fillRect(0, floor, width, 1);
}

function drawTick(context: CanvasRenderingContext2D, tick: Tick, scene: Scene, floor: number) {
  const { span, width, paint, now } = scene;
  const left = toX(Date.parse(tick.startedAt), span, width);
  const right = toX(Math.min(now, endOf(tick, now)), span, width);
  if (right < -LEAST_PIXELS || left > width) return;
  const high = floor * heights[tick.status];
  context.fillStyle = paint[fills[tick.status]];
  if (tick.repeats > 0) {
    // The first, the last, and a low line for all those like it in between.
    context.globalAlpha = 0.45;
    context.fillRect(left, floor - high * 0.35, Math.max(LEAST_PIXELS, right - left), high * 0.35);
    context.globalAlpha = 1;
    context.fillRect(left, floor - high, LEAST_PIXELS, high);
    context.fillRect(right, floor - high, LEAST_PIXELS, high);
  } else {
    context.fillRect(left, floor - high, Math.max(LEAST_PIXELS, right - left), high);
  }
  if (scene.chosen && "tick" in scene.chosen && scene.chosen.tick.id === tick.id) {
    context.strokeStyle = paint.text;
    context.strokeRect(left - 2.5, floor - high - 2.5, Math.max(LEAST_PIXELS, right - left) + 5, high + 5);
  }
  if (tick.status === "SUCCESS" && tick.launchedCount > 0) drawCount(context, tick, left, floor - high, paint);
}

function drawCount(context: CanvasRenderingContext2D, tick: Tick, x: number, y: number, paint: Paint) {
  context.fillStyle = paint.good;
  context.fillText(String(tick.launchedCount), x - 1, y - 8);
}
