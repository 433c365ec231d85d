import { client } from "../api/client";
import { graphql, read } from "../gql";
import type { TickFilter, TickSummaryFragment } from "../gql/graphql";
import { TickSummary } from "./Tick";

export type Tick = TickSummaryFragment;

const Page = graphql(`
  query TickPage($sensorId: ID!, $filter: TickFilter, $first: Int!, $after: String) {
    node(id: $sensorId) {
      __typename
      ... on Sensor {
        id
        ticks(filter: $filter, first: $first, after: $after) {
          edges { node { id ...TickSummary } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);

export interface TickPage {
  ticks: Tick[];
  /** Where the next page begins; null after the last one. */
  next: string | null;
}

/** Read a page of a sensor's ticks, the latest first. */
export async function tickPage(
  sensorId: string,
  filter: TickFilter,
  first: number,
  after: string | null,
): Promise<TickPage> {
  const variables = { sensorId, filter, first, after };
  const { data, error } = await client.query(Page, variables, { requestPolicy: "network-only" }).toPromise();
  if (data?.node?.__typename !== "Sensor") throw error ?? new Error("The sensor is gone.");
  const { edges, pageInfo } = data.node.ticks;
  return {
    ticks: edges.map(({ node }) => read(TickSummary, node)),
    next: pageInfo.hasNextPage ? (pageInfo.endCursor ?? null) : null,
  };
}

/** Return when a tick last had to do with anything: a folded one goes on to its last repeat. */
export function lastMoment(tick: Tick): number {
  return Date.parse(tick.lastRepeatAt ?? tick.finishedAt ?? tick.startedAt);
}

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
