import { useQuery } from "urql";
import { Link } from "wouter";

import { messageOf } from "../api/mutate";
import { Json } from "../elements/Block";
import { CopyButton } from "../elements/CopyButton";
import { Dialog } from "../elements/Dialog";
import { Diff } from "../elements/Diff";
import { Trouble } from "../elements/ErrorBox";
import { Loading } from "../elements/Page";
import { Time } from "../elements/Time";
import { graphql, read } from "../gql";
import { ResultTag } from "./ResultTag";
import { subjectAddress, subjectName, words } from "./subject";
import { type Entry, EntryFacts } from "./useEntries";

const Query = graphql(`
  query AuditEntry($position: StreamPosition!) {
    auditLog(filter: { position: $position }, first: 1) { edges { node { ...EntryFacts } } }
  }
`);

interface EntryDialogProps {
  position: string;
  /** The entry, where it is known already. */
  known: Entry | undefined;
  onClose: () => void;
}

/** One entry: who did what, from where, with what input, and how its subject was before and after. */
export function EntryDialog({ position, known, onClose }: EntryDialogProps) {
  const [{ data, error, fetching }] = useQuery({ query: Query, variables: { position }, pause: known !== undefined });
  const [found] = data?.auditLog.edges ?? [];
  const entry = known ?? (found && read(EntryFacts, found.node));
  return (
    <Dialog open size="wide" onClose={onClose} title={entry ? `${entry.actor}: ${words(entry.mutation)}` : "Entry"}>
      {error && <Trouble message={messageOf(error)} />}
      {!entry && fetching && <Loading />}
      {!entry && !fetching && !error && <p>There is no such entry, or it is not about what you may see.</p>}
      {entry && <Contents entry={entry} />}
    </Dialog>
  );
}

function Contents({ entry }: { entry: Entry }) {
  const { subjectId, before, after } = entry;
  return (
    <div className="stack">
      <dl className="facts">
        <dt>When</dt>
        <dd>
          <Time at={entry.at} />
        </dd>
        <dt>Who</dt>
        <dd>
          {entry.actor} <span className="faint">from {entry.address || "nowhere that is known"}</span>
        </dd>
        <dt>Result</dt>
        <dd>
          <ResultTag result={entry.result} />
        </dd>
        <dt>About</dt>
        <dd className="row wrap">
          <Subject entry={entry} />
          {subjectId !== null && (
            <Link className="button small" href={`/audit?about=${encodeURIComponent(subjectId)}`}>
              All about it
            </Link>
          )}
        </dd>
        <dt>Link</dt>
        <dd>
          <CopyButton text={window.location.href} label="Copy link" />
        </dd>
      </dl>
      {(before !== null || after !== null) && (
        <section className="stack tight">
          <h3>Before and after</h3>
          <Diff before={shown(before)} after={shown(after ?? before)} label="What changed" />
        </section>
      )}
      <section className="stack tight">
        <h3>Input</h3>
        <Json value={entry.input} label="Input" />
      </section>
    </div>
  );
}

export function Subject({ entry }: { entry: Entry }) {
  const [name, address] = [subjectName(entry), subjectAddress(entry)];
  if (name === "") return <span className="faint">–</span>;
  return address === null ? <span>{name}</span> : <Link href={address}>{name}</Link>;
}

function shown(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value, null, 2);
}
