import type { RunStatus, RunSummaryFragment } from "../gql/graphql";

export type Run = RunSummaryFragment;

export const order: Record<RunStatus, number> = {
  QUEUED: 0,
  STARTING: 1,
  STARTED: 2,
  CANCELING: 3,
  SUCCESS: 4,
  FAILURE: 4,
  CANCELED: 4,
};

/** Merge runs as they changed into a page, the latest first; no run goes back to what it was. */
export function merged(
  before: readonly Run[],
  changed: readonly Run[],
  fits: (run: Run) => boolean,
  most: number,
): Run[] {
  const byId = new Map(before.map((run) => [run.id, run]));
  for (const run of changed) {
    const known = byId.get(run.id);
    if (known && known.attempt === run.attempt && order[known.status] > order[run.status]) continue;
    if (fits(run)) byId.set(run.id, run);
    else byId.delete(run.id);
  }
  const sorted = [...byId.values()].sort((a, b) => (a.queuedAt < b.queuedAt ? 1 : a.queuedAt > b.queuedAt ? -1 : 0));
  return sorted.slice(0, most);
}
