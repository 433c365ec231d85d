import { useState } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";

import { messageOf, mutate } from "../api/mutate";
import { Button } from "../elements/Button";
import { Dialog } from "../elements/Dialog";
import { Diff } from "../elements/Diff";
import { shownSeconds } from "../elements/durations";
import { ErrorBox, Trouble } from "../elements/ErrorBox";
import { LogView, logHeight } from "../elements/LogView";
import { Tag } from "../elements/Tag";
import { shownMoment } from "../elements/Time";
import { graphql, read } from "../gql";
import type { EvaluationResultFragment } from "../gql/graphql";
import { shortId } from "../runs/RunList";
import { runStatusNames } from "../runs/RunTag";
import { RequestLine, RequestTable } from "../ticks/RequestTable";
import { logLine } from "../ticks/TickDialog";
import { SetCursor } from "./CursorTab";
import type { Cursor } from "./useSensor";

const Result = graphql(`
  fragment EvaluationResult on Evaluation {
    cursorBefore cursorAfter cursorVersion skipReason durationSeconds
    runRequests { ...RequestLine }
    error { type message stack cause { type message stack } }
    partitionChanges { partitionsDefinition kind keys }
    logs { at level logger message error { type message stack } }
  }
`);
const Evaluate = graphql(`
  mutation EvaluateSensor($input: EvaluateSensorInput!) {
    evaluateSensor(input: $input) {
      evaluation { ...EvaluationResult }
      errors { __typename message path }
    }
  }
`);
const Launch = graphql(`
  mutation LaunchRequest($input: LaunchRunInput!) {
    launchRun(input: $input) { run { id } errors { __typename message path } }
  }
`);

interface TestDialogProps {
  sensorId: string;
  name: string;
  location: string;
  cursor: Cursor;
  /** Whether it reacts to runs: then it is tried with one. */
  watchesRuns: boolean;
  onClose: () => void;
}

/** Tries a sensor from a cursor of one's choice: its code runs, and nothing is recorded or launched unless one says so. */
export function TestDialog({ sensorId, name, location, cursor, watchesRuns, onClose }: TestDialogProps) {
  const [text, setText] = useState(cursor.value ?? "");
  const [isNull, setNull] = useState(cursor.value === null);
  const [runId, setRunId] = useState("");
  const [result, setResult] = useState<EvaluationResultFragment | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const evaluate = async () => {
    setBusy(true);
    setTrouble(null);
    setResult(null);
    try {
      const ownCursor = isNull ? { useCurrentCursor: false } : { cursor: text };
      const from = watchesRuns ? { runId: runId.trim() || null } : ownCursor;
      const { evaluation } = await mutate(Evaluate, { sensorId, ...from });
      if (evaluation) setResult(read(Result, evaluation));
    } catch (error) {
      setTrouble(messageOf(error));
    }
    setBusy(false);
  };
  return (
    <Dialog
      open
      size="wide"
      onClose={onClose}
      title={`Test ${name}`}
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button look="primary" disabled={isBusy} onClick={evaluate}>
            {isBusy ? "Evaluating …" : result ? "Test again" : "Evaluate"}
          </Button>
        </>
      }
    >
      <div className="stack">
        {watchesRuns ? (
          <RunField value={runId} onChange={setRunId} />
        ) : (
          <CursorField text={text} isNull={isNull} onText={setText} onNull={setNull} />
        )}
        <p className="soft" role="status">
          {isBusy
            ? "The sensor's function runs …"
            : result
              ? `It took ${shownSeconds(result.durationSeconds)}.`
              : "The sensor's function runs; no tick is recorded and nothing is launched."}
        </p>
        {trouble && <Trouble message={trouble} />}
        {result && (
          <Outcome
            key={result.durationSeconds}
            result={result}
            sensorId={sensorId}
            location={location}
            watchesRuns={watchesRuns}
          />
        )}
      </div>
    </Dialog>
  );
}

const Ended = graphql(`
  query RunsToTry { runs(filter: { status: [FAILURE, SUCCESS, CANCELED] }, first: 25) {
    edges { node { id jobName status finishedAt } }
  } }
`);
const ANOTHER = "another";

function RunField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [{ data }] = useQuery({ query: Ended, requestPolicy: "network-only" });
  const [isAnother, setAnother] = useState(false);
  const runs = data?.runs.edges.map(({ node }) => node) ?? [];
  const choose = (next: string) => {
    setAnother(next === ANOTHER);
    onChange(next === ANOTHER ? "" : next);
  };
  return (
    <div className="field">
      <label htmlFor="test-run">Run to try it with</label>
      <select
        id="test-run"
        className="select"
        value={isAnother ? ANOTHER : value}
        onChange={(event) => choose(event.target.value)}
      >
        <option value="">Those that wait for it</option>
        {runs.map(({ id, jobName, status, finishedAt }) => (
          <option key={id} value={id}>
            {[jobName, runStatusNames[status], finishedAt && shownMoment(new Date(finishedAt)), shortId(id)]
              .filter(Boolean)
              .join(" · ")}
          </option>
        ))}
        <option value={ANOTHER}>Another run, by its id</option>
      </select>
      {isAnother && (
        <>
          <label htmlFor="test-run-id">Id of the run</label>
          <input
            id="test-run-id"
            className="input mono"
            value={value}
            spellCheck={false}
            onChange={(event) => onChange(event.target.value)}
          />
        </>
      )}
    </div>
  );
}

interface CursorFieldProps {
  text: string;
  isNull: boolean;
  onText: (text: string) => void;
  onNull: (isNull: boolean) => void;
}

function CursorField({ text, isNull, onText, onNull }: CursorFieldProps) {
  return (
    <div className="field">
      <label htmlFor="test-cursor">Cursor to evaluate from</label>
      <textarea
        id="test-cursor"
        className="textarea"
        value={text}
        disabled={isNull}
        spellCheck={false}
        onChange={(event) => onText(event.target.value)}
      />
      <label className="row">
        <input type="checkbox" checked={isNull} onChange={(event) => onNull(event.target.checked)} />
        No cursor, as on the first tick
      </label>
    </div>
  );
}

interface OutcomeProps {
  result: EvaluationResultFragment;
  sensorId: string;
  location: string;
  watchesRuns: boolean;
}

function Outcome({ result, sensorId, location, watchesRuns }: OutcomeProps) {
  const requests = read(RequestLine, result.runRequests);
  const count = requests.length;
  const lines = result.logs.map((record, index) => logLine(String(index), record));
  return (
    <>
      <div className="row">
        {result.error ? (
          <Tag tone="bad">Failed</Tag>
        ) : count > 0 ? (
          <Tag tone="good">
            {count} run {count === 1 ? "request" : "requests"}
          </Tag>
        ) : watchesRuns && result.skipReason === null ? (
          <Tag tone="good">Reacted</Tag>
        ) : (
          <Tag tone="idle">Skipped</Tag>
        )}
        {result.skipReason && <span>{result.skipReason}</span>}
      </div>
      {result.error && <ErrorBox error={result.error} />}
      {count > 0 && (
        <section className="stack tight">
          <RequestTable requests={result.runRequests} location={location} />
          <LaunchAll result={result} />
        </section>
      )}
      {result.partitionChanges.map((change) => (
        <p key={`${change.partitionsDefinition} ${change.kind}`}>
          Would {change.kind === "ADD" ? "add to" : "delete from"} {change.partitionsDefinition}:{" "}
          {change.keys.join(", ")}
        </p>
      ))}
      <section className="stack tight">
        <h3>Cursor</h3>
        {result.cursorAfter === result.cursorBefore ? (
          <p className="soft">It would stay as it is.</p>
        ) : (
          <>
            <Diff before={result.cursorBefore} after={result.cursorAfter} />
            {!result.error && <PersistCursor result={result} sensorId={sensorId} />}
          </>
        )}
      </section>
      <section className="panel inner-log" style={{ height: logHeight(lines) }}>
        <LogView
          label="Log of the test"
          lines={lines}
          isLive={false}
          empty="It logged and printed nothing."
        />
      </section>
    </>
  );
}

function PersistCursor({ result, sensorId }: { result: EvaluationResultFragment; sensorId: string }) {
  const [state, setState] = useState<"open" | "busy" | "done">("open");
  const [trouble, setTrouble] = useState<string | null>(null);
  const persist = async () => {
    setState("busy");
    try {
      await mutate(SetCursor, { sensorId, cursor: result.cursorAfter, expectedVersion: result.cursorVersion });
      setState("done");
    } catch (error) {
      setTrouble(messageOf(error));
      setState("open");
    }
  };
  return (
    <div className="stack tight">
      <span className="row">
        <Button small disabled={state !== "open"} onClick={persist}>
          {state === "done" ? "Cursor persisted" : state === "busy" ? "Persisting …" : "Persist this cursor"}
        </Button>
        <span className="faint">The next tick goes on from it.</span>
      </span>
      {trouble && <Trouble message={trouble} />}
    </div>
  );
}

function LaunchAll({ result }: { result: EvaluationResultFragment }) {
  const requests = read(RequestLine, result.runRequests).filter(({ outcome }) => outcome === "PREVIEWED");
  const [launched, setLaunched] = useState<readonly string[]>([]);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [isBusy, setBusy] = useState(false);
  const launch = async () => {
    setBusy(true);
    for (const request of requests) {
      const { jobName, runConfig, partitionKey, assetSelection, runKey } = request;
      const tags = request.tags
        .map(({ key, value }) => ({ key, value }))
        .filter(({ key }) => !key.startsWith("vedette/"));
      try {
        const { run } = await mutate(Launch, { jobName, runConfig, partitionKey, assetSelection, runKey, tags });
        if (run) setLaunched((before) => [...before, run.id]);
      } catch (error) {
        setProblems((before) => [...before, messageOf(error)]);
      }
    }
  };
  if (requests.length === 0) return <p className="soft">Nothing new to launch: every key is spent.</p>;
  return (
    <div className="stack tight">
      <span className="row wrap">
        <Button small disabled={isBusy} onClick={launch}>
          {requests.length === 1 ? "Launch it" : `Launch all ${requests.length}`}
        </Button>
        {launched.length > 0 && (
          <span role="status">
            {launched.length} launched:{" "}
            {launched.slice(0, 5).map((id, index) => (
              <Link key={id} href={`/runs/${id}`}>
                run {index + 1}{" "}
              </Link>
            ))}
          </span>
        )}
      </span>
      {problems.map((problem, index) => (
        // problems are only added
        <Trouble key={index} message={problem} />
      ))}
    </div>
  );
}
