import { marks, markText, type Span, toX } from "./span";

/** The colours of the theme, for canvases. */
export interface Paint {
  good: string;
  bad: string;
  warn: string;
  busy: string;
  idle: string;
  line: string;
  text: string;
  now: string;
  ground: string;
}

/** What is drawn upon, at one moment. */
export interface Frame {
  span: Span;
  now: number;
  width: number;
  height: number;
  paint: Paint;
}

export const AXIS_PIXELS = 20;
const LABEL_PIXELS = 54;
export const FAILURE_PIXELS = 3.5;

export function paintOf(element: Element): Paint {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    good: value("--good-fill"),
    bad: value("--bad-fill"),
    warn: value("--warn-fill"),
    busy: value("--busy-fill"),
    idle: value("--idle-fill"),
    line: value("--line"),
    text: value("--text-soft"),
    now: value("--accent"),
    ground: value("--ground"),
  };
}

/** Draw the times, written around `labels` pixels from the top, with lines from `top` to `bottom`. */
export function drawAxis(context: CanvasRenderingContext2D, frame: Frame, labels: number, top: number, bottom: number) {
  const { span, width, paint } = frame;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const at of marks(span, width)) {
    const x = Math.round(toX(at, span, width));
    context.fillStyle = paint.line;
    context.fillRect(x, top, 1, bottom - top);
    context.fillStyle = paint.text;
    if (x + LABEL_PIXELS < width) context.fillText(markText(at, span), x + 4, labels);
  }
}

/** Draw where the present is, if it is in sight. */
export function drawNow(context: CanvasRenderingContext2D, { span, width, now, paint }: Frame, top: number, bottom: number) {
  const x = toX(now, span, width);
  if (x <= 0 || x >= width) return;
  context.fillStyle = paint.now;
  context.fillRect(Math.round(x), top, 1, bottom - top);
}

/** Draw the mark of a failure: told apart without colour too. */
export function drawFailure(context: CanvasRenderingContext2D, x: number, y: number, paint: Paint) {
  context.fillStyle = paint.bad;
  context.beginPath();
  context.moveTo(x, y - FAILURE_PIXELS);
  context.lineTo(x + FAILURE_PIXELS, y);
  context.lineTo(x, y + FAILURE_PIXELS);
  context.lineTo(x - FAILURE_PIXELS, y);
  context.fill();
}
