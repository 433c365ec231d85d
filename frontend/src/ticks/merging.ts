import type { TickSummaryFragment } from "../gql/graphql";

export type Tick = TickSummaryFragment;

/** Merge ticks as they changed into a list, the latest first; a tick never goes back to being evaluated. */
export function merged(before: readonly Tick[], changed: readonly Tick[], fits: (tick: Tick) => boolean, most: number) {
  const byNumber = new Map(before.map((tick) => [tick.number, tick]));
  for (const tick of changed) {
    const known = byNumber.get(tick.number);
    if (known && known.status !== "STARTED" && tick.status === "STARTED") continue;
    if (fits(tick)) byNumber.set(tick.number, tick);
    else byNumber.delete(tick.number);
  }
  return [...byNumber.values()].sort((a, b) => b.number - a.number).slice(0, most);
}
