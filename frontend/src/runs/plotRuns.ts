import { drawAxis, drawFailure, drawNow, type Frame } from "../timeline/paint";
import { toX } from "../timeline/span";
import { type Chosen, idOf, laneY, type Part, PART_PIXELS, type Row, type Run } from "./runTimeline";

const LEAST_PIXELS = 4;
const BAR_PIXELS = 9;
const THIN_PIXELS = 3;
const BELOW_PIXELS = 5;

export const AXIS_TOP = 22;

interface Scene extends Frame {
  rows: readonly Row[];
  /** How long each counted part is. */
  part: number;
  chosen: Chosen | null;
}

const fills = {
  QUEUED: "idle",
  STARTING: "busy",
  STARTED: "busy",
  CANCELING: "warn",
  SUCCESS: "good",
  FAILURE: "bad",
  CANCELED: "warn",
} as const;

/**
 * Draw the runs of jobs over time, a row a job: a thin line while a run waits, a bar while it runs, coloured as it
 * stands; one that failed carries a mark, one that was canceled is thin.
 */
export function drawRuns(context: CanvasRenderingContext2D, scene: Scene) {
  const { rows, width, height, paint } = scene;
  drawAxis(context, scene, AXIS_TOP / 2, AXIS_TOP - 4, height);
  context.fillStyle = paint.line;
  context.fillRect(0, AXIS_TOP - 1, width, 1);
  for (const row of rows) {
    context.fillStyle = paint.line;
    context.fillRect(0, row.top + row.height - 1, width, 1);
    if (row.parts) drawParts(context, row, row.parts, scene);
    else row.runs.forEach((run, index) => drawRun(context, run, laneY(row, index), scene));
  }
  drawNow(context, scene, AXIS_TOP, height);
}

function drawRun(context: CanvasRenderingContext2D, run: Run, y: number, scene: Scene) {
  const { span, width, paint, now, chosen } = scene;
  const queued = toX(run.queuedAt, span, width);
  const end = Math.max(queued + LEAST_PIXELS, toX(run.finishedAt ?? now, span, width));
  if (end < 0 || queued > width) return;
  const begun = run.startedAt === null ? end : Math.min(toX(run.startedAt, span, width), end - LEAST_PIXELS);
  context.fillStyle = paint.idle;
  context.fillRect(queued, y - 1, begun - queued, 2);
  if (run.startedAt !== null) {
    const high = run.status === "CANCELED" ? THIN_PIXELS : BAR_PIXELS;
    context.fillStyle = paint[fills[run.status]];
    context.fillRect(begun, y - high / 2, end - begun, high);
  } else if (run.status === "QUEUED") {
    // It stands at the present, so that one that has just been asked for is seen.
    context.strokeStyle = paint.idle;
    context.strokeRect(end - LEAST_PIXELS, y - LEAST_PIXELS / 2 - 0.5, LEAST_PIXELS, LEAST_PIXELS + 1);
  }
  if (run.status === "FAILURE") drawFailure(context, end + BELOW_PIXELS, y, paint);
  if (chosen && "run" in chosen && chosen.run.id === run.id) {
    context.strokeStyle = paint.text;
    context.strokeRect(queued - 2.5, y - BAR_PIXELS / 2 - 2.5, end - queued + 5, BAR_PIXELS + 5);
  }
}

function drawParts(context: CanvasRenderingContext2D, row: Row, parts: readonly Part[], scene: Scene) {
  const most = Math.max(1, ...parts.map(total));
  for (const part of parts) drawPart(context, row, part, most, scene);
}

function total({ active, success, failure, canceled }: Part): number {
  return active + success + failure + canceled;
}

function drawPart(context: CanvasRenderingContext2D, row: Row, part: Part, most: number, scene: Scene) {
  const { span, width, paint, chosen } = scene;
  const left = toX(part.at, span, width);
  const wide = Math.max(1, toX(part.at + scene.part, span, width) - left - 1);
  if (left + wide < 0 || left > width) return;
  const count = total(part);
  // By the root: one run among thousands is still seen.
  const high = Math.max(THIN_PIXELS, (PART_PIXELS - 8) * Math.sqrt(count / most));
  const colours = [
    [part.success, paint.good],
    [part.canceled, paint.warn],
    [part.active, paint.busy],
    [part.failure, paint.bad],
  ] as const;
  const floor = row.top + row.height - BELOW_PIXELS;
  let top = floor;
  for (const [number, colour] of colours) {
    if (number === 0) continue;
    const tall = Math.max(THIN_PIXELS, (high * number) / count);
    top -= tall;
    context.fillStyle = colour;
    context.fillRect(left, top, wide, tall);
  }
  if (part.failure > 0) drawFailure(context, left + wide / 2, top - BELOW_PIXELS, paint);
  if (idOf(chosen) === idOf({ row, part })) {
    context.strokeStyle = paint.text;
    context.strokeRect(left - 1.5, top - 1.5, wide + 3, floor - top + 3);
  }
}
