import { useEffect, useRef, useState } from "react";

import { client } from "../api/client";
import { useFollow } from "../api/follow";
import { messageOf } from "../api/mutate";
import { graphql, read } from "../gql";
import { beginOf, type Span, widthFor } from "../timeline/span";
import { type Job, jobOf, keyOf, type Run, runOf, withRun } from "./runTimeline";

export const RunTimelineOfJob = graphql(`
  fragment RunTimelineOfJob on JobTimeline {
    codeLocation jobName runCount
    runs { id status queuedAt startedAt finishedAt }
    buckets { startedAt active success failure canceled }
  }
`);
const Page = graphql(`
  query RunTimelinePage($since: DateTime!, $until: DateTime!, $seconds: Float!, $first: Int!, $perJob: Int!) {
    instance { positions { runs } }
    runTimeline(since: $since, until: $until, seconds: $seconds, first: $first, perJob: $perJob) {
      jobCount
      jobs { ...RunTimelineOfJob }
    }
  }
`);
const Changes = graphql(`
  subscription RunTimelineChanges($after: StreamPosition) {
    runs(after: $after) {
      __typename
      ... on RunChanged {
        position
        run { id status queuedAt startedAt finishedAt jobName job { id codeLocation { id name } } }
      }
      ... on StreamGap { position message }
    }
  }
`);

const MOST_JOBS = 100;
const PER_JOB = 60;
const SETTLE_MILLISECONDS = 150;
// What is counted, and what is new, is read again at most this often.
const AGAIN_MILLISECONDS = 2_000;

export interface RunTimelineSeen {
  jobs: readonly Job[];
  /** How many more jobs had runs. */
  others: number;
  /** How long each counted part is, in milliseconds. */
  part: number;
  isLoading: boolean;
  trouble: string | null;
}

interface Read {
  jobs: readonly Job[];
  others: number;
  part: number;
  position: string;
}

async function readSpan({ from, to }: Span): Promise<Read> {
  const part = widthFor(to - from);
  const iso = (at: number) => new Date(at).toISOString();
  const span = { since: iso(beginOf(from, part)), until: iso(beginOf(to, part) + part) };
  const variables = { ...span, seconds: part / 1_000, first: MOST_JOBS, perJob: PER_JOB };
  const { data, error } = await client.query(Page, variables, { requestPolicy: "network-only" }).toPromise();
  if (!data) throw error;
  const { jobs, jobCount } = data.runTimeline;
  const position = data.instance.positions.runs;
  return { jobs: read(RunTimelineOfJob, jobs).map(jobOf), others: jobCount - jobs.length, part, position };
}

interface Changed {
  /** Of which job; null where that is not known any more. */
  key: string | null;
  run: Run;
}

/** Return the jobs with runs as they are now, and whether that is not all there is to it. */
function changed(jobs: readonly Job[], changes: readonly Changed[]): { jobs: readonly Job[]; isStale: boolean } {
  let isStale = false;
  const byKey = new Map(jobs.map((job) => [keyOf(job), job]));
  for (const { key, run } of changes) {
    const job = key === null ? undefined : byKey.get(key);
    if (!job || key === null || job.parts || job.runs.length > 2 * PER_JOB) {
      isStale = true;
      continue;
    }
    const runs = withRun(job.runs, run);
    byKey.set(key, { ...job, runs, count: Math.max(job.count, runs.length) });
  }
  return { jobs: [...byKey.values()], isStale };
}

/** Read the runs of a span by job, once it rests, and keep them up to date. */
export function useRunTimeline(span: Span, isLive: boolean): RunTimelineSeen {
  const [seen, setSeen] = useState<Read | null>(null);
  const [isLoading, setLoading] = useState(true);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [generation, setGeneration] = useState(0);
  const again = useRef<ReturnType<typeof setTimeout>>(undefined);
  const first = useRef<string>(undefined);
  first.current ??= seen?.position;
  const key = isLive ? `live ${span.to - span.from}` : `${span.from} ${span.to}`;
  useEffect(() => {
    let isWanted = true;
    const timer = setTimeout(() => {
      setLoading(true);
      readSpan(span)
        .then(
          (found) => {
            if (!isWanted) return;
            setSeen(found);
            setTrouble(null);
          },
          (error: unknown) => isWanted && setTrouble(messageOf(error)),
        )
        .finally(() => isWanted && setLoading(false));
    }, SETTLE_MILLISECONDS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key stands for the span, a generation reads anew
  }, [key, generation]);
  const readAgain = () => {
    again.current ??= setTimeout(() => {
      again.current = undefined;
      setGeneration((before) => before + 1);
    }, AGAIN_MILLISECONDS);
  };
  useEffect(() => () => clearTimeout(again.current), []);
  useFollow(Changes, seen && {}, {
    after: first.current,
    onGap: () => setGeneration((before) => before + 1),
    onItems: (items) => {
      const changes = items.flatMap((item): Changed[] => {
        if (item.__typename !== "RunChanged") return [];
        const { job, jobName, ...run } = item.run;
        return [{ key: job && keyOf({ location: job.codeLocation.name, name: jobName }), run: runOf(run) }];
      });
      if (!seen) return;
      const next = changed(seen.jobs, changes);
      if (next.isStale) readAgain();
      setSeen({ ...seen, jobs: next.jobs });
    },
  });
  return { jobs: seen?.jobs ?? [], others: seen?.others ?? 0, part: seen?.part ?? 1, isLoading, trouble };
}
