import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";

import { client } from "../api/client";
import { useFollow } from "../api/follow";
import { useSettled } from "../api/useSettled";
import { graphql, read } from "../gql";
import { beginOf, type Span, widthFor } from "../timeline/span";
import { type Job, jobOf, keyOf, type News, newsAfter, runOf, withNews } from "./runTimeline";

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
  position: bigint;
}

async function readSpan({ from, to }: Span): Promise<Read> {
  const part = widthFor(to - from);
  const iso = (at: number) => new Date(at).toISOString();
  const span = { since: iso(beginOf(from, part)), until: iso(beginOf(to, part) + part) };
  const variables = { ...span, seconds: part / 1_000, first: MOST_JOBS, perJob: PER_JOB };
  const { data, error } = await client.query(Page, variables, { requestPolicy: "network-only" }).toPromise();
  if (!data) throw error;
  const { jobs, jobCount } = data.runTimeline;
  const position = BigInt(data.instance.positions.runs);
  return { jobs: read(RunTimelineOfJob, jobs).map(jobOf), others: jobCount - jobs.length, part, position };
}

/** Read the runs of a span by job, once it rests, and keep them up to date. */
export function useRunTimeline(span: Span, isLive: boolean): RunTimelineSeen {
  const [news, setNews] = useState<readonly News[]>([]);
  const [generation, setGeneration] = useState(0);
  const again = useRef<ReturnType<typeof setTimeout>>(undefined);
  const first = useRef<string>(undefined);
  const key = isLive ? `live ${span.to - span.from}` : `${span.from} ${span.to}`;
  // What came while a span was read may be newer than what was read: news is kept until it has been read.
  const { found, isLoading, trouble } = useSettled(`${key} ${generation}`, () => readSpan(span));
  first.current ??= found?.position.toString();
  const shown = useMemo(() => withNews(found?.jobs ?? [], newsAfter(news, found?.position), PER_JOB), [found, news]);
  const readAgain = useEffectEvent(() => {
    again.current ??= setTimeout(() => {
      again.current = undefined;
      setGeneration((before) => before + 1);
    }, AGAIN_MILLISECONDS);
  });
  useEffect(() => () => clearTimeout(again.current), []);
  useFollow(Changes, found && {}, {
    after: first.current,
    onGap: () => setGeneration((before) => before + 1),
    onItems: (items) => {
      const told = items.flatMap((item): News[] => {
        if (item.__typename !== "RunChanged") return [];
        const { job, jobName, ...run } = item.run;
        const of = job && keyOf({ location: job.codeLocation.name, name: jobName });
        return [{ position: BigInt(item.position), key: of, run: runOf(run) }];
      });
      if (told.length > 0) setNews((all) => [...newsAfter(all, found?.position), ...told]);
    },
  });
  useEffect(() => {
    if (shown.isStale) readAgain();
  }, [shown]);
  return { jobs: shown.jobs, others: found?.others ?? 0, part: found?.part ?? 1, isLoading, trouble };
}
