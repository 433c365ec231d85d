import { useState } from "react";
import { useQuery } from "urql";

import { useFollow } from "../api/follow";
import { messageOf } from "../api/mutate";
import type { LogLine } from "../elements/LogView";
import { graphql, read } from "../gql";
import type { RunDetailsFragment } from "../gql/graphql";
import { lineOf } from "./events";

const Details = graphql(`
  fragment RunDetails on Run {
    id jobName status runKey runConfig partitionKey assetSelection queuedAt startedAt finishedAt attempt canCancel
    job { id name codeLocation { id name } ops { name dependsOn } }
    tags { key value }
    sensor { id name codeLocation { id name } }
    tick { id number }
    rerunOf { id status }
    reactions(first: 25) { edges { node { outcome tick { id number sensor { id name codeLocation { id name } } } } } }
    error { type message stack cause { type message stack cause { type message stack } } }
    steps { name status startedAt finishedAt attempt error { type message } }
  }
`);
const Query = graphql(`
  query RunPage($id: ID!) { run(id: $id) { id status ...RunDetails } }
`);
const Events = graphql(`
  subscription RunLog($runId: ID!, $after: StreamPosition) {
    runEvents(runId: $runId, after: $after) {
      __typename
      ... on RunEventAdded { position event { at kind step message data } }
      ... on StreamGap { position message }
    }
  }
`);

export type RunDetails = RunDetailsFragment;

export interface RunSeen {
  run: RunDetails | null;
  lines: readonly LogLine[];
  isLoading: boolean;
  hasEnded: boolean;
  trouble: string | null;
}

/** Read a run, and follow what happens in it from its first event on; the run is read again as its steps go on. */
export function useRun(id: string): RunSeen {
  const [{ data, fetching, error }, again] = useQuery({
    query: Query,
    variables: { id },
    requestPolicy: "network-only",
  });
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [hasEnded, setEnded] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const isThere = Boolean(data?.run);
  useFollow(Events, isThere ? { runId: id } : null, {
    onEnd: () => {
      setEnded(true);
      again();
    },
    onRefused: setRefused,
    onItems: (items) => {
      const events = items.flatMap((item) => (item.__typename === "RunEventAdded" ? [item] : []));
      setLines((before) => before.concat(events.map(({ position, event }) => lineOf(position, event))));
      if (!hasEnded && events.some(({ event }) => event.kind !== "LOG")) again();
    },
  });
  return {
    run: data?.run ? read(Details, data.run) : null,
    lines,
    hasEnded,
    isLoading: fetching && !data,
    trouble: error ? messageOf(error) : refused,
  };
}
