import type { RunStatus, SensorRowFragment, SensorStateFragment, SparkTickFragment } from "../gql/graphql";
import { SPARK_TICKS } from "./Sparkline";

type Masks = " $fragmentName" | " $fragmentRefs";
export type State = Omit<SensorStateFragment, Masks>;
export type Row = Omit<SensorRowFragment, Masks> & State;
export type LastRun = { id: string; status: RunStatus; queuedAt: string };

const momentOf = (at: string | null | undefined) => (at == null ? null : Date.parse(at));

/**
 * Tell whether a sensor was read as `state` says before it was read as `other` says. They come by different streams,
 * in any order; ticks, their repeats and decisions about the sensor only ever go on.
 */
export function isOlder(state: State, other: State): boolean {
  const [tick, otherTick] = [state.lastTick, other.lastTick];
  const number = (tick?.number ?? 0) - (otherTick?.number ?? 0);
  if (number !== 0) return number < 0;
  if ((tick?.repeats ?? 0) < (otherTick?.repeats ?? 0)) return true;
  const [decided, otherDecided] = [momentOf(state.statusReason.at), momentOf(other.statusReason.at)];
  return decided !== null && otherDecided !== null && decided < otherDecided;
}

/** The sensors that the overview knows, and their latest ticks. Rows are replaced, never changed. */
export class Board {
  readonly rows = new Map<string, Row>();
  readonly sparks = new Map<string, readonly SparkTickFragment[]>();
  readonly lastRuns = new Map<string, LastRun | null>();
  version = 0;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = () => this.version;

  private changed() {
    this.version++;
    for (const listener of this.listeners) listener();
  }

  /** Add rows, or replace those that are there. */
  put(rows: readonly Row[]) {
    for (const row of rows) this.rows.set(row.id, row);
    if (rows.length > 0) this.changed();
  }

  /** Take what changed of rows that are there; return the ids of those that are not. */
  update(states: readonly State[]): string[] {
    const missing: string[] = [];
    for (const state of states) {
      const row = this.rows.get(state.id);
      if (row === undefined) missing.push(state.id);
      else if (!isOlder(state, row)) this.rows.set(row.id, { ...row, ...state });
    }
    if (states.length > 0) this.changed();
    return missing;
  }

  /** Take rows that were read again, those that are new included; what came meanwhile stays. */
  refresh(rows: readonly Row[]) {
    this.update(rows);
    this.put(rows.filter(({ id }) => !this.rows.has(id)));
  }

  /** Take runs as they begin and end: the latest of each sensor that was looked at. */
  putRuns(runs: readonly { sensorId: string; run: LastRun }[]) {
    for (const { sensorId, run } of runs) {
      const known = this.lastRuns.get(sensorId);
      if (known === undefined || (known && known.queuedAt > run.queuedAt)) continue;
      this.lastRuns.set(sensorId, run);
    }
    if (runs.length > 0) this.changed();
  }

  /** Take the latest ticks of a sensor, read together, the newest first. */
  putSpark(id: string, ticks: readonly SparkTickFragment[], lastRun: LastRun | null) {
    this.sparks.set(id, [...ticks].reverse());
    this.lastRuns.set(id, lastRun);
    this.changed();
  }

  /** Take ticks as they start and end; sparklines that nobody has looked at yet are left out. */
  putTicks(ticks: readonly { sensorId: string; tick: SparkTickFragment }[]) {
    for (const { sensorId, tick } of ticks) {
      const spark = this.sparks.get(sensorId);
      if (spark === undefined) continue;
      const others = spark.filter((other) => other.number !== tick.number);
      this.sparks.set(sensorId, [...others, tick].sort((a, b) => a.number - b.number).slice(-SPARK_TICKS));
    }
    if (ticks.length > 0) this.changed();
  }

  /** Forget which sparklines are up to date: they are read again as they are shown. */
  forgetSparks() {
    this.sparks.clear();
    this.changed();
  }
}
