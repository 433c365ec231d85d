import { useEffect, useState } from "react";

import { client } from "../api/client";
import { useFollow } from "../api/follow";
import { messageOf } from "../api/mutate";
import { graphql, read } from "../gql";
import type { RunFilter } from "../gql/graphql";
import { merged, type Run } from "./merging";
import { RunSummary } from "./Run";

const Page = graphql(`
  query RunPageOfList($filter: RunFilter, $first: Int!, $after: String) {
    instance { positions { runs } }
    runs(filter: $filter, first: $first, after: $after) {
      edges { node { id ...RunSummary } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
const Changes = graphql(`
  subscription RunChanges($filter: RunFilter, $after: StreamPosition) {
    runs(filter: $filter, after: $after) {
      __typename
      ... on RunChanged { position run { id ...RunSummary } }
      ... on StreamGap { position message }
    }
  }
`);

const PAGE = 50;

interface RunsRead {
  runs: readonly Run[];
  next: string | null;
  position: string;
  /** Whether runs that came since have pushed others off the page. */
  isFull: boolean;
}

export interface Runs {
  runs: readonly Run[];
  isFirst: boolean;
  isLast: boolean;
  isLoading: boolean;
  trouble: string | null;
  newer: () => void;
  older: () => void;
  again: () => void;
}

/** Read runs page by page; the first page is live. */
export function useRuns(filter: RunFilter): Runs {
  const [path, setPath] = useState<readonly (string | null)[]>([null]);
  const [generation, setGeneration] = useState(0);
  const [page, setPage] = useState<RunsRead | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isLoading, setLoading] = useState(true);
  const key = JSON.stringify(filter);
  const [seen, setSeen] = useState(key);
  if (seen !== key) {
    setSeen(key);
    setPath([null]);
    setPage(null);
  }
  const after = path.at(-1) ?? null;
  const again = () => setGeneration((before) => before + 1);
  // the key stands for the filter, a generation reads anew
  useEffect(() => {
    let isWanted = true;
    setLoading(true);
    const variables = { filter, first: PAGE, after };
    const asked = client.query(Page, variables, { requestPolicy: "network-only" }).toPromise();
    void asked.then(({ data, error }) => {
      if (!isWanted) return;
      setLoading(false);
      setTrouble(data ? null : messageOf(error));
      if (!data) return;
      const { edges, pageInfo } = data.runs;
      setPage({
        runs: edges.map(({ node }) => read(RunSummary, node)),
        next: pageInfo.hasNextPage ? (pageInfo.endCursor ?? null) : null,
        position: data.instance.positions.runs,
        isFull: false,
      });
    });
    return () => {
      isWanted = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key stands for the filter
  }, [key, after, generation]);
  // A run that leaves the chosen statuses has to leave the list: all statuses are followed.
  const { status, ...others } = filter;
  const fits = (run: Run) => !status || status.includes(run.status);
  useFollow(Changes, after === null && page ? { filter: others } : null, {
    after: page?.position,
    onGap: again,
    onItems: (items) => {
      const runs = items.flatMap((item) => (item.__typename === "RunChanged" ? [read(RunSummary, item.run)] : []));
      setPage((before) => {
        if (!before) return before;
        const all = merged(before.runs, runs, fits, Number.POSITIVE_INFINITY);
        return { ...before, runs: all.slice(0, PAGE), isFull: before.isFull || all.length > PAGE };
      });
    },
  });
  const older = async () => {
    let next = page?.next ?? null;
    if (page?.isFull) {
      // The page has moved since it was read: the next one begins where it ends now.
      const variables = { filter, first: PAGE, after: null };
      const { data } = await client.query(Page, variables, { requestPolicy: "network-only" }).toPromise();
      next = data?.runs.pageInfo.endCursor ?? next;
    }
    if (next !== null) setPath((before) => [...before, next]);
  };
  return {
    runs: page?.runs ?? [],
    isFirst: path.length === 1,
    isLast: page?.next === null && !page.isFull,
    isLoading: isLoading && page === null,
    trouble,
    newer: () => setPath((before) => before.slice(0, -1)),
    older: () => void older(),
    again,
  };
}
