import { useEffect, useState } from "react";

import { client } from "../api/client";
import { useFollow } from "../api/follow";
import { graphql, read } from "../gql";
import type { RunWaitingFragment } from "../gql/graphql";

export const RunWaiting = graphql(`
  fragment RunWaiting on Run {
    id queuePosition priority
    waitingFor { __typename message ... on LimitReached { runs { id jobName } } }
  }
`);
const Query = graphql(`
  query WaitingRuns($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Run { id ...RunWaiting } } }
`);
// What holds a run up changes as others begin and end, of which its own events tell nothing.
const Told = graphql(`
  subscription QueueTold { instance { queuedRuns runningRuns } }
`);

export type Waiting = RunWaitingFragment;

/** Read where runs stand in the queue and what each waits for, again whenever the queue moves. */
export function useWaiting(ids: readonly string[]): ReadonlyMap<string, Waiting> {
  const [waiting, setWaiting] = useState<ReadonlyMap<string, Waiting>>(new Map());
  const [turn, setTurn] = useState(0);
  const key = ids.join(" ");
  useFollow(Told, ids.length > 0 ? {} : null, { onItems: () => setTurn((before) => before + 1) });
  useEffect(() => {
    if (key === "") return;
    let isWanted = true;
    const asked = client.query(Query, { ids: key.split(" ") }, { requestPolicy: "network-only" }).toPromise();
    void asked.then(({ data }) => {
      if (!isWanted || !data) return;
      const found = data.nodes.flatMap((node) => (node?.__typename === "Run" ? [read(RunWaiting, node)] : []));
      setWaiting(new Map(found.map((each) => [each.id, each])));
    });
    return () => {
      isWanted = false;
    };
  }, [key, turn]);
  return waiting;
}
