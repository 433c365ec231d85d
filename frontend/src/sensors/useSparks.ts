import { useEffect, useRef, useState } from "react";

import { client } from "../api/client";
import { useFollow } from "../api/follow";
import { graphql, read } from "../gql";
import type { Board } from "./board";
import { SensorState, SparkTick } from "./SensorRow";
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

const Pulses = graphql(`
  subscription OverviewPulses($ids: [ID!]!) {
    pulses(sensorIds: $ids) { sensor { id ...SensorState } }
  }
`);

const SETTLE_MILLISECONDS = 120;
// The pulse of so many is told at once; who scrolls looks at none for long.
const MOST = 100;
const REST_MILLISECONDS = 400;

/** Follow the pulse of the rows that are in sight: skips that repeat the one before are told in no stream. */
function usePulses(board: Board, ids: readonly string[]) {
  const key = ids.slice(0, MOST).toSorted().join();
  const [rested, setRested] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setRested(key), REST_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [key]);
  useFollow(Pulses, rested ? { ids: rested.split(",") } : null, {
    onItems: (items) => board.update(items.map(({ sensor }) => read(SensorState, sensor))),
  });
}

/** Read the latest ticks of the rows that are in sight, once each, and keep them up to date. */
export function useSparks(board: Board, ids: readonly string[]) {
  const asked = useRef(new Set<string>());
  const wanted = ids.filter((id) => !board.sparks.has(id) && !asked.current.has(id));
  const key = wanted.join();
  usePulses(board, ids);

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
}
