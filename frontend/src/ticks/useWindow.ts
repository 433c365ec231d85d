import { useMemo } from "react";

import { client } from "../api/client";
import { useSettled } from "../api/useSettled";
import { graphql, read } from "../gql";
import { beginOf, type Span, widthFor } from "../timeline/span";
import { type Bucket, type Counted, size, withLive } from "./buckets";
import type { Tick } from "./merging";
import { TickSummary } from "./Tick";
import { tickPage } from "./ticks";

const Window = graphql(`
  query TickWindow($id: ID!, $filter: TickFilter, $first: Int!, $since: DateTime!, $until: DateTime!, $seconds: Float!) {
    node(id: $id) {
      __typename
      ... on Sensor {
        id
        lastTick { id number status repeats }
        tickBuckets(since: $since, until: $until, seconds: $seconds) {
          startedAt skipped success failure launchedCount
        }
        ticks(filter: $filter, first: $first) {
          edges { node { id ...TickSummary } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);

// More bars than that are no longer told apart: then they are counted.
const MOST_TICKS = 1_000;
const PAGE = 100;
// Many counted ticks may be repeats that are folded into a few.
const FOLDED_PAGES = 3;
// What came live is kept for twice as many ticks as this: then the window is read anew.
const ERA_TICKS = 500;

interface Read {
  ticks: readonly Tick[];
  /** Null where every tick of the span is in `ticks`. */
  buckets: readonly Bucket[] | null;
  width: number;
  counted: Counted | null;
}

const NOTHING: Read = { ticks: [], buckets: null, width: 1, counted: null };

export interface Loaded {
  ticks: readonly Tick[];
  /** Where there are too many ticks to tell apart: how many there are in each part of the span, `width` long. */
  buckets: readonly Bucket[] | null;
  width: number;
  isLoading: boolean;
  trouble: string | null;
}

async function readWindow(id: string, { from, to }: Span, isLive: boolean): Promise<Read> {
  const width = widthFor(to - from);
  const iso = (at: number) => new Date(at).toISOString();
  const filter = { since: iso(from), ...(!isLive && { until: iso(to) }) };
  const begin = { since: iso(beginOf(from, width)), until: iso(beginOf(to, width) + width) };
  const variables = { id, filter, first: PAGE, ...begin, seconds: width / 1_000 };
  const { data, error } = await client.query(Window, variables, { requestPolicy: "network-only" }).toPromise();
  if (data?.node?.__typename !== "Sensor") throw error ?? new Error("The sensor is gone.");
  const { lastTick, tickBuckets, ticks: first } = data.node;
  const buckets = tickBuckets.map(({ startedAt, launchedCount, skipped, success, failure }) => {
    return { at: Date.parse(startedAt), skipped, success, failure, launched: launchedCount };
  });
  const total = buckets.reduce((sum, bucket) => sum + size(bucket), 0);
  const ticks = first.edges.map(({ node }) => read(TickSummary, node));
  let next = first.pageInfo.hasNextPage ? (first.pageInfo.endCursor ?? null) : null;
  const most = total <= MOST_TICKS ? MOST_TICKS : FOLDED_PAGES * PAGE;
  while (next !== null && ticks.length < most) {
    const more = await tickPage(id, filter, PAGE, next);
    ticks.push(...more.ticks);
    next = more.next;
  }
  return { ticks, buckets: next === null ? null : buckets, width, counted: lastTick };
}

/** Read the ticks of a span once it rests; those that came live are in `live`. */
export function useWindow(sensorId: string, span: Span, isLive: boolean, live: readonly Tick[]): Loaded {
  // While live, the span moves with time: what comes by itself need not be read again.
  const era = live.length < ERA_TICKS ? 0 : Math.floor((live[0]?.number ?? 0) / ERA_TICKS);
  const key = isLive ? `live ${span.to - span.from} ${era}` : `${span.from} ${span.to}`;
  const { found, isLoading, trouble } = useSettled(`${sensorId} ${key}`, () => readWindow(sensorId, span, isLive));
  const loaded = found ?? NOTHING;
  const shown = useMemo(() => merged(loaded, live), [loaded, live]);
  return { ...shown, width: loaded.width, isLoading, trouble };
}

function merged({ ticks, buckets, width, counted }: Read, live: readonly Tick[]) {
  if (buckets) return { ticks: [], buckets: withLive(buckets, width, live, counted) };
  const byNumber = new Map(ticks.map((tick) => [tick.number, tick]));
  for (const tick of live) {
    const known = byNumber.get(tick.number);
    if (!known || known.status === "STARTED" || tick.repeats > known.repeats) byNumber.set(tick.number, tick);
  }
  return { ticks: [...byNumber.values()].sort((a, b) => a.number - b.number), buckets: null };
}
