import { useEffect, useRef } from "react";

import { client } from "../api/client";
import { graphql, read } from "../gql";
import type { Board } from "./board";
import { SparkTick } from "./SensorRow";
import { SPARK_TICKS } from "./Sparkline";

const Sparks = graphql(`
  query OverviewSparks($ids: [ID!]!, $first: Int!) {
    nodes(ids: $ids) {
      __typename
      ... on Sensor {
        id
        ticks(first: $first) { edges { node { id ...SparkTick } } }
        runs(first: 1) { edges { node { id status queuedAt } } }
      }
    }
  }
`);

const SETTLE_MILLISECONDS = 120;
const DOUBT_MILLISECONDS = 2_500;

/**
 * Read the latest ticks of the rows that are in sight, once each, and keep an eye on those that time may have made late:
 * nothing happens when a sensor becomes overdue, so no event tells it.
 */
export function useSparks(board: Board, ids: readonly string[], refresh: (ids: readonly string[]) => Promise<void>) {
  const asked = useRef(new Set<string>());
  const wanted = ids.filter((id) => !board.sparks.has(id) && !asked.current.has(id));
  const key = wanted.join();
  const inSight = useRef(ids);
  inSight.current = ids;

  useEffect(() => {
    if (wanted.length === 0) return;
    const timer = setTimeout(async () => {
      const batch = wanted.slice(0, 100);
      for (const id of batch) asked.current.add(id);
      const variables = { ids: batch, first: SPARK_TICKS };
      const { data } = await client.query(Sparks, variables, { requestPolicy: "network-only" }).toPromise();
      for (const id of batch) asked.current.delete(id);
      for (const node of data?.nodes ?? []) {
        if (node?.__typename !== "Sensor") continue;
        const ticks = node.ticks.edges.map((edge) => read(SparkTick, edge.node));
        board.putSpark(node.id, ticks, node.runs.edges[0]?.node ?? null);
      }
    }, SETTLE_MILLISECONDS);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key stands for what is wanted
  }, [board, key]);

  useEffect(() => {
    const timer = setInterval(() => void refresh(board.doubtful(inSight.current, Date.now())), DOUBT_MILLISECONDS);
    return () => clearInterval(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- it reads what is in sight when the time comes
  }, [board]);
}
