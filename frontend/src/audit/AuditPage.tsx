import { useMemo } from "react";

import { DEEDS } from "../access/deeds";
import { useMayRead, useViewer } from "../access/viewer";
import { Button } from "../elements/Button";
import { Choice } from "../elements/Choice";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Head, Loading } from "../elements/Page";
import { useParameter } from "../elements/query";
import { Search } from "../elements/Search";
import { Time } from "../elements/Time";
import type { AuditFilter } from "../gql/graphql";
import { EntryDialog, Subject } from "./EntryDialog";
import { ResultTag } from "./ResultTag";
import { words } from "./subject";
import { type Entry, useEntries } from "./useEntries";

import "./audit.css";

const MUTATIONS = Object.keys(DEEDS).map((name) => [name, words(name)] as const);
const RESULTS = [
  ["DONE", "done"],
  ["REPEATED", "repeated"],
  ["FORBIDDEN", "forbidden"],
  ["NotFound", "not found"],
  ["InvalidInput", "invalid input"],
  ["CursorConflict", "cursor conflict"],
] as const;

/** Return a moment of the address as the API takes it; what is no moment restricts nothing. */
function moment(text: string): string | null {
  const at = new Date(text);
  return text === "" || Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** Who did what: every mutation that somebody tried, live, with what it changed. */
export default function AuditPage() {
  const viewer = useViewer();
  const mayRead = useMayRead("Query.auditLog");
  if (viewer === null) return <Loading />;
  if (!mayRead) {
    return (
      <Empty page title="The audit log is for admins">
        {viewer.isReadOnly
          ? "This server is read-only: nobody is an admin here. Ask another server of this deployment."
          : `You are ${viewer.name}, with the role ${viewer.role.toLowerCase()}; ask for the role admin.`}
      </Empty>
    );
  }
  return <Log />;
}

function Log() {
  const [actor, setActor] = useParameter("who");
  const [mutation, setMutation] = useParameter("what");
  const [result, setResult] = useParameter("result");
  const [target, setTarget] = useParameter("about");
  const [from, setFrom] = useParameter("from");
  const [until, setUntil] = useParameter("until");
  const [position, setPosition] = useParameter("entry");
  const filter = useMemo<AuditFilter>(
    () => ({
      actor: actor || null,
      mutation: mutation || null,
      result: result || null,
      subjectId: target || null,
      since: moment(from),
      until: moment(until),
    }),
    [actor, mutation, result, target, from, until],
  );
  const { entries, isLoading, hasOlder, isReading, trouble, older, again } = useEntries(filter);
  const isFiltered = Object.values(filter).some((value) => value !== null);
  return (
    <div className="page scrolls">
      <Head title="Audit log" />
      <div className="row wrap">
        <Search label="Who, by the whole name" value={actor} onChange={setActor} />
        <Choice label="What" value={mutation} options={MUTATIONS} onChange={setMutation} />
        <Choice label="Result" value={result} options={RESULTS} onChange={setResult} />
        <Moment label="From" value={from} onChange={setFrom} />
        <Moment label="Until" value={until} onChange={setUntil} />
        {target && (
          <Button small icon="close" onClick={() => setTarget(null)}>
            About one thing alone
          </Button>
        )}
      </div>
      {trouble && <Trouble message={trouble} onRetry={again} />}
      {isLoading && <Loading />}
      {!isLoading && !trouble && entries.length === 0 && (
        <Empty title={isFiltered ? "No entry matches" : "Nobody has changed anything yet"}>
          {isFiltered ? "Clear a filter to see more." : "Whatever somebody changes, or tries to, is told here."}
        </Empty>
      )}
      {entries.length > 0 && <Entries entries={entries} onOpen={setPosition} />}
      {hasOlder && (
        <div>
          <Button small disabled={isReading} onClick={older}>
            Older
          </Button>
        </div>
      )}
      {position && (
        <EntryDialog
          position={position}
          known={entries.find((entry) => entry.position === position)}
          onClose={() => setPosition(null)}
        />
      )}
    </div>
  );
}

function Moment({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <label className="row soft">
      {label}
      <input
        type="datetime-local"
        className="input"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function Entries({ entries, onOpen }: { entries: readonly Entry[]; onOpen: (position: string) => void }) {
  return (
    <div className="panel scroll-x" tabIndex={0} role="region" aria-label="Table of entries">
      <table className="table">
        <thead>
          <tr>
            <th>When</th>
            <th>Who</th>
            <th>What</th>
            <th>About</th>
            <th>Result</th>
            <th>From</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.position}>
              <td>
                <Time at={entry.at} />
              </td>
              <td>{entry.actor}</td>
              <td>
                <button type="button" className="link" onClick={() => onOpen(entry.position)}>
                  {words(entry.mutation)}
                </button>
              </td>
              <td>
                <Subject entry={entry} />
              </td>
              <td>
                <ResultTag result={entry.result} />
              </td>
              <td className="mono faint">{entry.address}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
