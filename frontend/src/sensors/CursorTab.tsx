import { useState } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";

import { useMay } from "../access/viewer";
import { MutationFailed, messageOf, mutate } from "../api/mutate";
import { Block } from "../elements/Block";
import { Button } from "../elements/Button";
import { Diff } from "../elements/Diff";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Time } from "../elements/Time";
import { say } from "../elements/toasts";
import { graphql } from "../gql";
import type { Cursor } from "./useSensor";

export const SetCursor = graphql(`
  mutation SetCursor($input: SetSensorCursorInput!) {
    setSensorCursor(input: $input) {
      sensor { id cursor { value version } }
      errors { __typename message path ... on CursorConflict { current { value version } } }
    }
  }
`);
const History = graphql(`
  query CursorHistory($id: ID!, $after: String) {
    node(id: $id) {
      __typename
      ... on Sensor {
        id
        cursorHistory(first: 50, after: $after) {
          edges { node { id version value at by { __typename ... on Tick { id number } ... on Actor { name } } } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);

interface CursorTabProps {
  sensorId: string;
  cursor: Cursor;
  address: string;
}

/** The cursor, what it was before, and a way to change it that never overwrites what one has not seen. */
export function CursorTab({ sensorId, cursor, address }: CursorTabProps) {
  return (
    <div className="cursor-tab">
      <CursorEditor sensorId={sensorId} cursor={cursor} />
      <CursorHistory key={cursor.version} sensorId={sensorId} address={address} />
    </div>
  );
}

interface Draft {
  text: string;
  isNull: boolean;
  /** The version that the draft began from: only that one is replaced. */
  version: number;
}

function draftOf(cursor: { value: string | null; version: number }): Draft {
  return { text: cursor.value ?? "", isNull: cursor.value === null, version: cursor.version };
}

function CursorEditor({ sensorId, cursor }: { sensorId: string; cursor: Cursor }) {
  const [draft, setDraft] = useState<Draft | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const mayNot = useMay("setSensorCursor");
  const hasMoved = draft !== null && draft.version !== cursor.version;
  const save = async () => {
    if (draft === null) return;
    setBusy(true);
    setTrouble(null);
    try {
      const value = draft.isNull ? null : draft.text;
      await mutate(SetCursor, { sensorId, cursor: value, expectedVersion: draft.version });
      setDraft(null);
      say("Cursor changed");
    } catch (error) {
      const isConflict = error instanceof MutationFailed && error.problems[0]?.__typename === "CursorConflict";
      setTrouble(
        isConflict
          ? "The cursor moved while you edited it; nothing was overwritten. Look at what it is now."
          : messageOf(error),
      );
    }
    setBusy(false);
  };
  return (
    <section className="panel" aria-label="Cursor">
      <header>
        <h2>Cursor</h2>
        <span className="faint number">version {cursor.version}</span>
        {cursor.updatedAt && (
          <span className="faint">
            set <Time at={cursor.updatedAt} />
          </span>
        )}
        {draft === null && (
          <Button small className="push" refused={mayNot} onClick={() => setDraft(draftOf(cursor))}>
            Edit
          </Button>
        )}
      </header>
      <div className="panel-body stack">
        {trouble && <Trouble message={trouble} />}
        {draft === null ? (
          cursor.value === null ? (
            <p className="soft">It was never set, or was cleared.</p>
          ) : (
            <Block text={cursor.value} label="Value of the cursor" />
          )
        ) : (
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              void save();
            }}
          >
            {hasMoved && (
              <div className="stack tight" role="alert">
                <p>
                  <strong>The cursor has moved to version {cursor.version}</strong> since you began; you edit version{" "}
                  {draft.version}. Its change:
                </p>
                <Diff before={draft.isNull ? null : draft.text} after={cursor.value} />
                <span className="row wrap">
                  <Button small onClick={() => setDraft(draftOf(cursor))}>
                    Take the new one
                  </Button>
                  <Button small onClick={() => setDraft({ ...draft, version: cursor.version })}>
                    Keep mine, over version {cursor.version}
                  </Button>
                </span>
              </div>
            )}
            <textarea
              className="textarea"
              aria-label="New cursor"
              value={draft.text}
              disabled={draft.isNull}
              spellCheck={false}
              onChange={(event) => setDraft({ ...draft, text: event.target.value })}
            />
            <label className="row">
              <input
                type="checkbox"
                checked={draft.isNull}
                onChange={(event) => setDraft({ ...draft, isNull: event.target.checked })}
              />
              No cursor at all (not even an empty one)
            </label>
            <span className="row">
              <Button type="submit" look="primary" disabled={isBusy}>
                Save
              </Button>
              <Button
                onClick={() => {
                  setDraft(null);
                  setTrouble(null);
                }}
              >
                Cancel
              </Button>
            </span>
          </form>
        )}
      </div>
    </section>
  );
}

function CursorHistory({ sensorId, address }: { sensorId: string; address: string }) {
  const [{ data }] = useQuery({
    query: History,
    variables: { id: sensorId, after: null },
    requestPolicy: "network-only",
  });
  const changes = data?.node?.__typename === "Sensor" ? data.node.cursorHistory.edges.map(({ node }) => node) : [];
  return (
    <section className="panel" aria-label="Cursor history">
      <header>
        <h2>History</h2>
      </header>
      {changes.length === 0 ? (
        <Empty title="No change yet">
          A sensor moves its cursor with context.update_cursor or SensorResult(cursor=…).
        </Empty>
      ) : (
        <ol className="cursor-history">
          {changes.map((change, index) => (
            <li key={change.id}>
              <details open={index === 0}>
                <summary className="row">
                  <span className="number">v{change.version}</span>
                  <code className="clip">{change.value ?? "none"}</code>
                  <span className="push faint">
                    <Time at={change.at} />
                  </span>
                </summary>
                <p className="soft">
                  By {change.by.__typename === "Tick" ? "" : change.by.name}
                  {change.by.__typename === "Tick" && (
                    <Link className="plain-link" href={`${address}?tick=${change.by.id}`}>
                      tick #{change.by.number}
                    </Link>
                  )}
                </p>
                <Diff before={changes[index + 1]?.value ?? null} after={change.value} />
              </details>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
