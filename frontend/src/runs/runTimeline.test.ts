import { describe, expect, it } from "vitest";

import type { RunStatus } from "../gql/graphql";
import {
  chosenAt,
  type Job,
  lanesOf,
  laidOut,
  laneY,
  type News,
  newsAfter,
  type Run,
  walked,
  withNews,
  withRun,
  wordsOf,
} from "./runTimeline";

function run(id: string, queued: number, finished: number | null, status: RunStatus = "SUCCESS"): Run {
  return { id, status, queuedAt: queued, startedAt: queued, finishedAt: finished };
}

function job(name: string, runs: readonly Run[]): Job {
  return { location: "shop", name, count: runs.length, runs, parts: null };
}

const span = { from: 0, to: 1_000 };
const here = { width: 1_000, span, part: 100, now: 900 };

describe("lanes", () => {
  it("keep runs that overlap apart, and take up a free one again", () =>
    expect(lanesOf([run("a", 0, 50), run("b", 10, null), run("c", 60, 70), run("d", 65, 80)])).toEqual([0, 1, 0, 2]));
  it("are no more than one can look at", () => {
    const many = Array.from({ length: 40 }, (_, index) => run(String(index), index, null));
    expect(Math.max(...lanesOf(many))).toBe(4);
  });
});

describe("a run that changed", () => {
  const runs = [run("a", 1, null, "STARTED"), run("b", 2, null, "QUEUED")];

  it("is shown as it is now", () =>
    expect(withRun(runs, run("b", 2, null, "STARTED")).map(({ status }) => status)).toEqual(["STARTED", "STARTED"]));
  it("comes to its place if it is new", () =>
    expect(withRun(runs, run("c", 0, null)).map(({ id }) => id)).toEqual(["c", "a", "b"]));
  it("never goes back to what it was", () => {
    const ended = withRun(runs, run("a", 1, 5));
    expect(withRun(ended, run("a", 1, null, "STARTED"))).toEqual(ended);
  });
});

describe("news of runs", () => {
  const queued = job("one", [run("a", 1, null, "QUEUED")]);
  const news = (position: bigint, name: string, changed: Run): News => ({
    position,
    key: `shop/${name}`,
    run: changed,
  });
  const started = news(5n, "one", run("a", 1, null, "STARTED"));

  it("that came while runs were read are shown over what was read before them", () => {
    const { jobs, isStale } = withNews([queued], newsAfter([started], 4n), 60);
    expect(jobs[0]?.runs.map(({ status }) => status)).toEqual(["STARTED"]);
    expect(isStale).toBe(false);
  });
  it("are let go once they have been read", () => expect(newsAfter([started], 5n)).toEqual([]));
  it("wait for the first reading", () => expect(newsAfter([started])).toEqual([started]));
  it("make a job's count no smaller than its runs", () =>
    expect(withNews([queued], [news(6n, "one", run("b", 2, null))], 60).jobs[0]?.count).toBe(2));
  it.each([
    ["are of a job that was not there", [queued], [news(5n, "two", run("b", 2, null))]],
    ["are of a job that is counted", [{ ...queued, parts: [] }], [started]],
    ["are of a job that nobody knows any more", [queued], [{ ...started, key: null }]],
    [
      "are of a job with more runs than can be looked at",
      [
        job(
          "one",
          Array.from({ length: 121 }, () => run("c", 0, 1)),
        ),
      ],
      [started],
    ],
    ["are too many", [queued], Array.from({ length: 1_001 }, () => started)],
  ])("have it all read again where they %s", (_, jobs, told) => expect(withNews(jobs, told, 60).isStale).toBe(true));
});

describe("what is pointed at", () => {
  const rows = laidOut([job("one", [run("a", 100, 200), run("b", 150, 400)]), job("two", [run("c", 700, null)])], 20);
  const [one, two] = rows as [(typeof rows)[0], (typeof rows)[0]];

  it("is the run in whose line it is", () => {
    expect(chosenAt(rows, { ...here, x: 180, y: laneY(one, 0) })).toMatchObject({ run: { id: "a" } });
    expect(chosenAt(rows, { ...here, x: 180, y: laneY(one, 1) })).toMatchObject({ run: { id: "b" } });
    expect(chosenAt(rows, { ...here, x: 850, y: laneY(two, 0) })).toMatchObject({ run: { id: "c" } });
  });
  it("is nothing where there is nothing", () => {
    expect(chosenAt(rows, { ...here, x: 600, y: laneY(one, 0) })).toBeNull();
    expect(chosenAt(rows, { ...here, x: 180, y: 5 })).toBeNull();
  });
  it("is walked along its job, and to the run at that time of another", () => {
    const last = walked(rows, null, -1, 0);
    expect(last).toMatchObject({ run: { id: "b" } });
    expect(walked(rows, last, -1, 0)).toMatchObject({ run: { id: "a" } });
    expect(walked(rows, last, 1, 0)).toMatchObject({ run: { id: "b" } });
    expect(walked(rows, last, 0, 1)).toMatchObject({ run: { id: "c" } });
    expect(walked([], null, 1, 0)).toBeNull();
  });
  it("is the part of the time, where runs are counted", () => {
    const parts = [{ at: 200, active: 0, success: 3, failure: 1, canceled: 0 }];
    const [row] = laidOut([{ ...job("many", []), count: 4, parts }], 20);
    const found = chosenAt(row ? [row] : [], { ...here, x: 250, y: 30 });
    expect(found).toMatchObject({ part: { at: 200 } });
    expect(found && wordsOf(found, 100, 900)).toMatch(/^many · .* · 4 runs: 1 failed, 3 succeeded$/);
  });
});
