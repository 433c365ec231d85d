const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** Return a duration in its two largest units: "850 ms", "12 s", "3 min 20 s", "2 h 5 min", "4 d 3 h". */
export function shownSeconds(seconds: number): string {
  if (seconds < 0.0005) return "< 1 ms";
  if (seconds < 0.9995) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 9.95) return `${trimmed(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return two(whole, MINUTE, "min", 1, "s");
  if (whole < DAY) return two(whole, HOUR, "h", MINUTE, "min");
  return two(whole, DAY, "d", HOUR, "h");
}

function trimmed(text: string): string {
  return text.endsWith(".0") ? text.slice(0, -2) : text;
}

function two(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ""}`;
}

/** Return how long ago or ahead a moment is, in its largest unit: "now", "8 s ago", "in 3 min". */
export function shownDistance(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 1) return "now";
  const [unit, name] = size < MINUTE ? [1, "s"] : size < HOUR ? [MINUTE, "min"] : size < DAY ? [HOUR, "h"] : [DAY, "d"];
  const text = `${Math.floor(size / (unit))} ${name}`;
  return seconds < 0 ? `${text} ago` : `in ${text}`;
}

/** Return the seconds between two times of the API; the second may still be to come. */
export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1_000;
}

/** Return how often a sensor is evaluated at most. */
export function shownInterval(seconds: number): string {
  return seconds === 0 ? "at once" : `every ${shownSeconds(seconds)}`;
}
