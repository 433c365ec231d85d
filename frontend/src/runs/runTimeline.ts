import { shownSeconds } from "../elements/durations";
import { shownMoment } from "../elements/Time";
import type { RunStatus, RunTimelineOfJobFragment } from "../gql/graphql";
import { type Span, toX } from "../timeline/span";
import { order } from "./merging";
import { runStatusNames } from "./RunTag";

/** A run on the timeline, its times in milliseconds since the epoch. */
export interface Run {
  id: string;
  status: RunStatus;
  queuedAt: number;
  startedAt: number | null;
  finishedAt: number | null;
}

/** How many runs of a job began from `at` on, for one part of the span. */
export interface Part {
  at: number;
  active: number;
  success: number;
  failure: number;
  canceled: number;
}

/** A job and its runs: each of them, or, where they are too many, how many began when. */
export interface Job {
  location: string;
  name: string;
  count: number;
  runs: readonly Run[];
  parts: readonly Part[] | null;
}

/** A job at its place: `lanes` says in which of its lines each run stands, so that none hides another. */
export interface Row extends Job {
  top: number;
  height: number;
  lanes: readonly number[];
}

/** What is pointed at. */
export type Chosen = { row: Row; run: Run } | { row: Row; part: Part };

export const LANE_PIXELS = 14;
export const PART_PIXELS = 30;
const PADDING = 9;
const MOST_LANES = 5;
const NEAR_PIXELS = 7;
const LEAST_PIXELS = 4;

const at = (moment: string) => Date.parse(moment);
const atOrNull = (moment: string | null) => (moment === null ? null : Date.parse(moment));

type Times = { id: string; status: RunStatus; queuedAt: string; startedAt: string | null; finishedAt: string | null };

/** Return a run as the API has it. */
export function runOf({ id, status, queuedAt, startedAt, finishedAt }: Times): Run {
  return { id, status, queuedAt: at(queuedAt), startedAt: atOrNull(startedAt), finishedAt: atOrNull(finishedAt) };
}

/** Return a job as the API has it. */
export function jobOf({ codeLocation, jobName, runCount, runs, buckets }: RunTimelineOfJobFragment): Job {
  const isCounted = runs.length < runCount;
  const parts = buckets.map(({ startedAt, ...counts }) => ({ ...counts, at: at(startedAt) }));
  return {
    location: codeLocation,
    name: jobName,
    count: runCount,
    runs: runs.map(runOf),
    parts: isCounted ? parts : null,
  };
}

export function keyOf({ location, name }: { location: string; name: string }): string {
  return `${location}/${name}`;
}

/** Return the runs with one as it is now; no run goes back to what it was. */
export function withRun(runs: readonly Run[], changed: Run): readonly Run[] {
  const known = runs.find(({ id }) => id === changed.id);
  if (known && order[known.status] > order[changed.status]) return runs;
  const others = known ? runs.filter(({ id }) => id !== changed.id) : runs;
  return [...others, changed].sort((a, b) => a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : 1));
}

/** How a run has changed, told at a position of the stream of runs. */
export interface News {
  position: bigint;
  /** Of which job; null where that is not known any more. */
  key: string | null;
  run: Run;
}

/** Return the news that what was read at a position does not have; all, while nothing was read. */
export function newsAfter(news: readonly News[], position = 0n): readonly News[] {
  return news.filter((each) => each.position > position);
}

// More news than that are read rather than kept.
const MOST_NEWS = 1_000;

/**
 * Return jobs that were read with what was told after that, and whether that is not all there is to it:
 * of a job that is counted, or was not there; where there are more runs than twice `perJob`; with very many news.
 */
export function withNews(
  jobs: readonly Job[],
  news: readonly News[],
  perJob: number,
): { jobs: readonly Job[]; isStale: boolean } {
  let isStale = news.length > MOST_NEWS;
  const byKey = new Map(jobs.map((job) => [keyOf(job), job]));
  for (const { key, run } of news) {
    const job = key === null ? undefined : byKey.get(key);
    if (!job || key === null || job.parts || job.runs.length > 2 * perJob) {
      isStale = true;
      continue;
    }
    const runs = withRun(job.runs, run);
    byKey.set(key, { ...job, runs, count: Math.max(job.count, runs.length) });
  }
  return { jobs: [...byKey.values()], isStale };
}

/** Return for each run the line that is free when it is asked for; beyond the last line they share. */
export function lanesOf(runs: readonly Run[]): number[] {
  const ends: number[] = [];
  return runs.map((run) => {
    const free = ends.findIndex((end) => end <= run.queuedAt);
    const lane = free >= 0 ? free : ends.length < MOST_LANES ? ends.length : ends.indexOf(Math.min(...ends));
    ends[lane] = run.finishedAt ?? Number.POSITIVE_INFINITY;
    return lane;
  });
}

/** Return the jobs below each other, from `top` on, each as high as it needs. */
export function laidOut(jobs: readonly Job[], top: number): Row[] {
  let next = top;
  return jobs.map((job) => {
    const lanes = job.parts ? [] : lanesOf(job.runs);
    const height = job.parts ? PART_PIXELS + PADDING : (Math.max(0, ...lanes) + 1) * LANE_PIXELS + 2 * PADDING;
    const row = { ...job, top: next, height, lanes };
    next += height;
    return row;
  });
}

/** Return the middle of a run's line, in pixels from the top. */
export function laneY(row: Row, index: number): number {
  return row.top + PADDING + (row.lanes[index] ?? 0) * LANE_PIXELS + LANE_PIXELS / 2;
}

interface Where {
  x: number;
  y: number;
  width: number;
  span: Span;
  /** How long each counted part is. */
  part: number;
  now: number;
}

/** Return what is at a place, or by it; null if nothing is. */
export function chosenAt(rows: readonly Row[], { x, y, width, span, part, now }: Where): Chosen | null {
  const row = rows.find(({ top, height }) => y >= top && y < top + height);
  if (!row) return null;
  if (row.parts) {
    const moment = span.from + (x / width) * (span.to - span.from);
    const found = row.parts.find((each) => moment >= each.at && moment < each.at + part);
    return found ? { row, part: found } : null;
  }
  let best: Run | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  row.runs.forEach((run, index) => {
    const left = toX(run.queuedAt, span, width);
    const right = Math.max(left + LEAST_PIXELS, toX(run.finishedAt ?? now, span, width));
    const aside = x < left ? left - x : x > right ? x - right : 0;
    const distance = aside + Math.abs(y - laneY(row, index)) / 4;
    if (aside < NEAR_PIXELS && distance < bestDistance) {
      best = run;
      bestDistance = distance;
    }
  });
  return best && { row, run: best };
}

/** Return the one after `chosen` in its row, or the nearest in another row; null where there is none. */
export function walked(rows: readonly Row[], chosen: Chosen | null, along: number, down: number): Chosen | null {
  const full = rows.filter((row) => thingsOf(row).length > 0);
  if (full.length === 0) return null;
  const known = chosen ? full.findIndex((row) => keyOf(row) === keyOf(chosen.row)) : -1;
  const row = full[Math.min(full.length - 1, Math.max(0, known + down))] as Row;
  const things = thingsOf(row);
  if (known < 0 || !chosen) return things.at(-1) ?? null;
  if (down !== 0) {
    const when = momentOf(chosen);
    return things.reduce((a, b) => (Math.abs(momentOf(b) - when) < Math.abs(momentOf(a) - when) ? b : a));
  }
  const index = things.findIndex((each) => idOf(each) === idOf(chosen));
  return things[Math.min(things.length - 1, Math.max(0, index + along))] ?? null;
}

function thingsOf(row: Row): Chosen[] {
  return row.parts ? row.parts.map((part) => ({ row, part })) : row.runs.map((run) => ({ row, run }));
}

/** Return what tells what is chosen from all else. */
export function idOf(chosen: Chosen | null): string {
  if (chosen === null) return "";
  return "run" in chosen ? chosen.run.id : `${keyOf(chosen.row)} ${chosen.part.at}`;
}

export function momentOf(chosen: Chosen): number {
  return "run" in chosen ? (chosen.run.startedAt ?? chosen.run.queuedAt) : chosen.part.at;
}

/** Return what is chosen in words. */
export function wordsOf(chosen: Chosen, part: number, now: number): string {
  const { name } = chosen.row;
  if ("run" in chosen) {
    const { status, queuedAt, startedAt, finishedAt } = chosen.run;
    const waited = ((startedAt ?? finishedAt ?? now) - queuedAt) / 1_000;
    const took = startedAt === null ? null : ((finishedAt ?? now) - startedAt) / 1_000;
    const lasted = took === null ? "" : `, ${finishedAt === null ? "for" : "took"} ${shownSeconds(Math.max(0, took))}`;
    const moment = shownMoment(new Date(startedAt ?? queuedAt));
    return `${name} · ${moment} · ${runStatusNames[status]} · waited ${shownSeconds(Math.max(0, waited))}${lasted}`;
  }
  const { at: begin, active, success, failure, canceled } = chosen.part;
  const counts = [
    failure > 0 && `${failure.toLocaleString()} failed`,
    success > 0 && `${success.toLocaleString()} succeeded`,
    canceled > 0 && `${canceled.toLocaleString()} canceled`,
    active > 0 && `${active.toLocaleString()} not ended`,
  ].filter(Boolean);
  const total = active + success + failure + canceled;
  const span = `${shownMoment(new Date(begin))} – ${shownMoment(new Date(begin + part))}`;
  return `${name} · ${span} · ${total.toLocaleString()} ${total === 1 ? "run" : "runs"}: ${counts.join(", ")}`;
}
