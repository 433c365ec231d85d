import { useEffect, useState } from "react";

import { client } from "../api/client";
import { useFollow } from "../api/follow";
import { messageOf } from "../api/mutate";
import { graphql, read } from "../gql";
import type { AuditFilter, EntryFactsFragment } from "../gql/graphql";

export const EntryFacts = graphql(`
  fragment EntryFacts on AuditEntry {
    position at actor address mutation result subjectId subjectKind codeLocation input before after
  }
`);
const Page = graphql(`
  query AuditPage($filter: AuditFilter, $first: Int!, $after: String) {
    instance { positions { audit } }
    auditLog(filter: $filter, first: $first, after: $after) {
      edges { node { ...EntryFacts } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
const Added = graphql(`
  subscription AuditAdded($filter: AuditFilter, $after: StreamPosition) {
    auditLog(filter: $filter, after: $after) {
      __typename
      ... on AuditEntryAdded { position entry { ...EntryFacts } }
      ... on StreamGap { position message }
    }
  }
`);

const PAGE = 50;

export type Entry = EntryFactsFragment;

interface Log {
  entries: readonly Entry[];
  next: string | null;
  position: string;
}

/** Read the audit log, the newest entries first, live; `older` reads on. */
export function useEntries(filter: AuditFilter) {
  const [log, setLog] = useState<Log | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [generation, setGeneration] = useState(0);
  const [isReading, setReading] = useState(false);
  const key = JSON.stringify(filter);
  const [seen, setSeen] = useState(key);
  if (seen !== key) {
    setSeen(key);
    setLog(null);
  }
  useEffect(() => {
    let isWanted = true;
    void part(filter, null).then((found) => {
      if (!isWanted) return;
      setTrouble(typeof found === "string" ? found : null);
      if (typeof found !== "string") setLog(found);
    });
    return () => {
      isWanted = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key stands for the filter, a generation reads anew
  }, [key, generation]);
  useFollow(Added, log === null ? null : { filter }, {
    after: log?.position,
    onGap: () => setGeneration((before) => before + 1),
    onItems: (items) => {
      const added = items.flatMap((item) => (item.__typename === "AuditEntryAdded" ? [read(EntryFacts, item.entry)] : []));
      setLog((before) => before && { ...before, entries: [...added.reverse(), ...before.entries] });
    },
  });
  const older = async () => {
    if (!log?.next) return;
    setReading(true);
    const found = await part(filter, log.next);
    setReading(false);
    if (typeof found === "string") setTrouble(found);
    else setLog((before) => before && { ...before, next: found.next, entries: [...before.entries, ...found.entries] });
  };
  return {
    entries: log?.entries ?? [],
    isLoading: log === null && trouble === null,
    hasOlder: log?.next !== null && log !== null,
    isReading,
    trouble,
    older: () => void older(),
    again: () => setGeneration((before) => before + 1),
  };
}

/** Return a part of the log, or why it cannot be read. */
async function part(filter: AuditFilter, after: string | null): Promise<Log | string> {
  const variables = { filter, first: PAGE, after };
  const { data, error } = await client.query(Page, variables, { requestPolicy: "network-only" }).toPromise();
  if (!data) return messageOf(error);
  const { edges, pageInfo } = data.auditLog;
  return {
    entries: edges.map(({ node }) => read(EntryFacts, node)),
    next: pageInfo.hasNextPage ? (pageInfo.endCursor ?? null) : null,
    position: data.instance.positions.audit,
  };
}
