/** One number that runs noted about an asset, over time, the oldest first. */
export interface Figure {
  name: string;
  points: { at: number; value: number }[];
}

function numberOf(value: unknown): number | null {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  // A typed value of metadata says its type beside its value.
  if (typeof value === "object" && value !== null && "value" in value) return numberOf(value.value);
  return null;
}

/** Return every number among the metadata, by name; a name that was noted only once draws no line and is left out. */
export function figures(materializations: readonly { at: string; metadata: unknown }[]): Figure[] {
  const found = new Map<string, Figure["points"]>();
  for (const { at, metadata } of [...materializations].reverse()) {
    if (typeof metadata !== "object" || metadata === null) continue;
    for (const [name, value] of Object.entries(metadata)) {
      const number = numberOf(value);
      if (number === null) continue;
      const points = found.get(name) ?? [];
      points.push({ at: Date.parse(at), value: number });
      found.set(name, points);
    }
  }
  return [...found].filter(([, points]) => points.length > 1).map(([name, points]) => ({ name, points }));
}

/** Return the line through points as an SVG path of the given size, in pixels. */
export function path(points: Figure["points"], width: number, height: number): string {
  const times = points.map(({ at }) => at);
  const values = points.map(({ value }) => value);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const place = (value: number, low: number, high: number) => (high === low ? 0.5 : (value - low) / (high - low));
  return points
    .map(({ at, value }, index) => {
      const x = place(at, from, to) * width;
      const y = height - place(value, least, most) * height;
      return `${index === 0 ? "M" : "L"}${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}
