/** A stretch of time, in milliseconds since the epoch. */
export interface Span {
  from: number;
  to: number;
}

/** What is looked at: `end` null follows the present. */
export interface View {
  length: number;
  end: number | null;
}

const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Spans to choose from. */
export const LENGTHS = [
  [5 * MINUTE, "5 min"],
  [HOUR, "1 h"],
  [6 * HOUR, "6 h"],
  [DAY, "1 d"],
  [7 * DAY, "7 d"],
  [30 * DAY, "30 d"],
] as const;
export const LEAST = MINUTE;
export const MOST = 30 * DAY;

// The part of a live plot that is still to come.
const AHEAD = 0.06;

/** Return the stretch that is looked at, at the moment `now`. */
export function spanOf({ length, end }: View, now: number): Span {
  const to = end ?? now + length * AHEAD;
  return { from: to - length, to };
}

/** Return a length that can be looked at. */
export function bounded(length: number): number {
  return Math.min(MOST, Math.max(LEAST, length));
}

export function toX(at: number, { from, to }: Span, width: number): number {
  return ((at - from) / (to - from)) * width;
}

const STEPS = [
  ...[1, 5, 10, 30].map((seconds) => seconds * SECOND),
  ...[1, 5, 10, 30].map((minutes) => minutes * MINUTE),
  ...[1, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7].map((days) => days * DAY),
];
const MARK_PIXELS = 90;

/** Return the moments to write at a plot that is `width` pixels wide: round ones, in local time. */
export function marks(span: Span, width: number): number[] {
  const least = ((span.to - span.from) / width) * MARK_PIXELS;
  const step = STEPS.find((each) => each >= least) ?? 30 * DAY;
  const offset = new Date(span.from).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((span.from - offset) / step) * step + offset;
  const found: number[] = [];
  for (let at = first; at < span.to; at += step) found.push(at);
  return found;
}

const BY_DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const BY_MINUTE = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const BY_SECOND = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Return how a mark is written, the shorter the span the more exactly. */
export function markText(at: number, { from, to }: Span): string {
  if (to - from > 2 * DAY) return BY_DAY.format(at);
  return (to - from < 10 * MINUTE ? BY_SECOND : BY_MINUTE).format(at);
}

const WIDTHS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6].map((hours) => hours * HOUR),
];
const MOST_PARTS = 180;

/** Return how long each counted part of a span of `length` is, in milliseconds: a round time. */
export function widthFor(length: number): number {
  return WIDTHS.find((width) => length / width <= MOST_PARTS) ?? 6 * HOUR;
}

/** Return where the part begins that holds a moment. */
export function beginOf(at: number, width: number): number {
  return Math.floor(at / width) * width;
}
