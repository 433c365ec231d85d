import { AXIS_PIXELS, drawAxis, drawNow, type Frame } from "../timeline/paint";
import { type Span, toX } from "../timeline/span";
import type { Bucket } from "./buckets";
import type { Tick } from "./merging";
import { drawBuckets } from "./plotBuckets";

const LEAST_PIXELS = 3;
const NEAR_PIXELS = 8;
const DIGIT_PIXELS = 7;
// How high each kind of tick stands, as a part of the plot: told apart without colour too.
const heights = { SKIPPED: 0.3, SUCCESS: 0.72, FAILURE: 0.92, STARTED: 0.5 } as const;

interface Moments {
  began: number;
  /** Null while it goes on. */
  ended: number | null;
}

// A tick is drawn many times, and its times are texts.
const moments = new WeakMap<Tick, Moments>();

function momentsOf(tick: Tick): Moments {
  const known = moments.get(tick);
  if (known) return known;
  const ended = tick.lastRepeatAt ?? tick.finishedAt;
  const found = { began: Date.parse(tick.startedAt), ended: ended === null ? null : Date.parse(ended) };
  moments.set(tick, found);
  return found;
}

/** Return the tick at `x` pixels, or the nearest one by; null if none is near. */
export function tickAt(ticks: readonly Tick[], x: number, span: Span, width: number): Tick | null {
  let best: Tick | null = null;
  let bestDistance = NEAR_PIXELS;
  for (const tick of ticks) {
    const { began, ended } = momentsOf(tick);
    const left = toX(began, span, width);
    const right = Math.max(left + LEAST_PIXELS, toX(ended ?? span.to, span, width));
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

interface Scene extends Frame {
  ticks: readonly Tick[];
  /** What is drawn instead where there are too many ticks, each `bucketWidth` milliseconds long. */
  buckets: readonly Bucket[] | null;
  bucketWidth: number;
  chosen: Chosen | null;
  /** The tick that is pointed at elsewhere. */
  pointed: string | null;
}

/** What is pointed at. */
export type Chosen = { tick: Tick } | { bucket: Bucket };

const fills = { SKIPPED: "idle", SUCCESS: "good", FAILURE: "bad", STARTED: "busy" } as const;

/** Draw ticks over time: a bar each, as wide as it lasted, as high and coloured as its status; runs are counted. */
export function draw(context: CanvasRenderingContext2D, scene: Scene) {
  const { width, height, paint, buckets, chosen } = scene;
  const floor = height - AXIS_PIXELS;
  drawAxis(context, scene, floor + AXIS_PIXELS / 2 + 1, 0, floor + 4);
  context.fillStyle = paint.line;
  context.fillRect(0, floor, width, 1);
  if (buckets) {
    const marked = chosen && "bucket" in chosen ? chosen.bucket : null;
    drawBuckets(context, { ...scene, buckets, width: scene.bucketWidth, pixels: width, floor, chosen: marked });
  } else {
    // Numbers of runs that would lie on each other are left out; ticks come in the order of time.
    let free = -Infinity;
    for (const tick of scene.ticks) {
      const at = drawTick(context, tick, scene, floor);
      if (at === null || tick.status !== "SUCCESS" || tick.launchedCount === 0 || at < free) continue;
      const text = String(tick.launchedCount);
      context.fillText(text, at - 1, floor * (1 - heights.SUCCESS) - 8);
      free = at + text.length * DIGIT_PIXELS + 2;
    }
  }
  drawNow(context, scene, 0, floor);
}

/** Draw one tick, and return where it begins; null where that is out of sight. */
function drawTick(context: CanvasRenderingContext2D, tick: Tick, scene: Scene, floor: number): number | null {
  const { span, width, paint, now } = scene;
  const { began, ended } = momentsOf(tick);
  const left = toX(began, span, width);
  const right = toX(Math.min(now, ended ?? now), span, width);
  if (right < -LEAST_PIXELS || left > width) return null;
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
  const isChosen = scene.chosen && "tick" in scene.chosen && scene.chosen.tick.id === tick.id;
  if (isChosen || scene.pointed === tick.id) {
    context.strokeStyle = paint.text;
    context.strokeRect(left - 2.5, floor - high - 2.5, Math.max(LEAST_PIXELS, right - left) + 5, high + 5);
  }
  return left;
}
