import type { Row } from "./board";
import { attention, conditionOf, lagOf, NO_ATTENTION } from "./conditions";

export interface Filters {
  search: string;
  location: string;
  status: string;
  kind: string;
  condition: string;
  tag: string;
  sort: string;
}

export const SORTS = [
  ["name", "Name"],
  ["lag", "Lag"],
  ["last", "Last tick"],
  ["interval", "Interval"],
] as const;

/** One line of the overview: the head of a group, or a sensor. */
export type Line = { group: string; count: number; folded: boolean } | { row: Row };

function matchesTag(row: Row, tag: string): boolean {
  const [key, value] = tag.split("=", 2);
  return row.tags.some((each) => each.key === key && (value === undefined || each.value === value));
}

function passes(row: Row, filters: Filters, search: string): boolean {
  return (
    (search === "" || row.name.toLowerCase().includes(search)) &&
    (filters.location === "" || row.codeLocation.name === filters.location) &&
    (filters.status === "" || row.status === filters.status) &&
    (filters.kind === "" || row.kind === filters.kind) &&
    (filters.condition === "" || conditionOf(row) === filters.condition) &&
    (filters.tag === "" || matchesTag(row, filters.tag))
  );
}

function byName(a: Row, b: Row): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function order(sort: string, now: number): (a: Row, b: Row) => number {
  if (sort === "lag") return (a, b) => lagOf(b, now) - lagOf(a, now) || byName(a, b);
  if (sort === "interval") return (a, b) => a.minimumIntervalSeconds - b.minimumIntervalSeconds || byName(a, b);
  if (sort === "last") {
    const at = (row: Row) => row.lastTick?.lastRepeatAt ?? row.lastTick?.startedAt ?? "";
    return (a, b) => (at(b) > at(a) ? 1 : at(b) < at(a) ? -1 : byName(a, b));
  }
  return byName;
}

/** Return the rows that pass, in order. */
export function chosen(rows: Iterable<Row>, filters: Filters, now: number): Row[] {
  const search = filters.search.trim().toLowerCase();
  return [...rows].filter((row) => passes(row, filters, search)).sort(order(filters.sort, now));
}

export const ATTENTION = "Needs attention";

/** Return the rows in groups: what needs attention first, the most urgent at the top, then a group a code location. */
export function grouped(rows: readonly Row[], folded: ReadonlySet<string>): Line[] {
  const urgent = rows.filter((row) => attention(row) < NO_ATTENTION).sort((a, b) => attention(a) - attention(b));
  const locations = new Map<string, Row[]>();
  for (const row of rows) {
    if (attention(row) < NO_ATTENTION) continue;
    const group = locations.get(row.codeLocation.name);
    if (group) group.push(row);
    else locations.set(row.codeLocation.name, [row]);
  }
  const groups: [string, Row[]][] = [...locations].sort(([a], [b]) => (a < b ? -1 : 1));
  if (urgent.length > 0) groups.unshift([ATTENTION, urgent]);
  return groups.flatMap(([group, members]) => {
    const head: Line = { group, count: members.length, folded: folded.has(group) };
    return folded.has(group) ? [head] : [head, ...members.map((row): Line => ({ row }))];
  });
}
