import { client } from "../api/client";
import { graphql, read } from "../gql";
import type { TickFilter } from "../gql/graphql";
import type { Tick } from "./merging";
import { TickSummary } from "./Tick";

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
