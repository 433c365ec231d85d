import { useState } from "react";
import { useQuery } from "urql";

import { useFollow } from "../api/follow";
import { messageOf } from "../api/mutate";
import { Block } from "../elements/Block";
import { CopyButton } from "../elements/CopyButton";
import { Dialog } from "../elements/Dialog";
import { Diff } from "../elements/Diff";
import { ErrorBox, type Exception, Trouble, traceback } from "../elements/ErrorBox";
import { type LogLine, LogView, logHeight } from "../elements/LogView";
import { Loading } from "../elements/Page";
import { Elapsed, Time } from "../elements/Time";
import { graphql, read } from "../gql";
import type { TickDetailsFragment } from "../gql/graphql";
import { Reactions } from "./Reactions";
import { RequestTable } from "./RequestTable";
import { TickTag } from "./TickTag";

import "./ticks.css";

const Details = graphql(`
  fragment TickDetails on Tick {
    id number status cause startedAt finishedAt cursorBefore cursorAfter skipReason requestedCount launchedCount
    repeats lastRepeatAt
    sensor { id name codeLocation { id name } }
    error { type message stack cause { type message stack cause { type message stack } } }
    runRequests(first: 100) { edges { node { ...RequestLine } } pageInfo { hasNextPage } }
    reactions(first: 100) { edges { node { ...ReactionLine } } pageInfo { hasNextPage } }
    partitionChanges { partitionsDefinition kind keys skippedKeys }
  }
`);
const Query = graphql(`
  query TickPageDetails($id: ID!) { tick(id: $id) { id status ...TickDetails } }
`);
const Logs = graphql(`
  subscription TickLogs($tickId: ID!, $after: StreamPosition) {
    tickLogs(tickId: $tickId, after: $after) {
      __typename
      ... on TickLogAdded {
        position
        record { at level logger message error { type message stack cause { type message stack } } }
      }
      ... on StreamGap { position message }
    }
  }
`);

interface TickDialogProps {
  id: string;
  /** Changes when the tick did. */
  version: string;
  onClose: () => void;
}

/** One tick: what it asked for and what became of it, why it skipped or failed, its cursor and its log. */
export function TickDialog({ id, version, onClose }: TickDialogProps) {
  return <Shown key={`${id} ${version}`} id={id} onClose={onClose} />;
}

function Shown({ id, onClose }: { id: string; onClose: () => void }) {
  const [{ data, error, fetching }] = useQuery({ query: Query, variables: { id }, requestPolicy: "network-only" });
  const tick = data?.tick ? read(Details, data.tick) : null;
  return (
    <Dialog open size="wide" onClose={onClose} title={tick ? `Tick #${tick.number} of ${tick.sensor.name}` : "Tick"}>
      {error && <Trouble message={messageOf(error)} />}
      {!tick && fetching && <Loading />}
      {!tick && !fetching && !error && <p>This tick is no longer kept.</p>}
      {tick && <Contents tick={tick} />}
    </Dialog>
  );
}

const causes = {
  INTERVAL: "its interval had passed",
  MANUAL: "somebody asked for it",
  EVENT: "something happened",
} as const;

function Contents({ tick }: { tick: TickDetailsFragment }) {
  const requests = tick.runRequests.edges.map(({ node }) => node);
  const reactions = tick.reactions.edges.map(({ node }) => node);
  return (
    <div className="stack">
      <dl className="facts">
        <dt>Result</dt>
        <dd>
          <TickTag tick={tick} />
        </dd>
        <dt>Started</dt>
        <dd>
          <Time at={tick.startedAt} /> <span className="soft">as {causes[tick.cause]}</span>
        </dd>
        <dt>Took</dt>
        <dd>
          <Elapsed from={tick.startedAt} to={tick.finishedAt} />
        </dd>
        {tick.repeats > 0 && tick.lastRepeatAt && (
          <>
            <dt>Repeats</dt>
            <dd>
              {tick.repeats} ticks just like it followed, the last at <Time at={tick.lastRepeatAt} />
            </dd>
          </>
        )}
        {tick.skipReason && (
          <>
            <dt>Skip reason</dt>
            <dd className="row">
              {tick.skipReason} <CopyButton text={tick.skipReason} />
            </dd>
          </>
        )}
      </dl>
      {tick.error && <ErrorBox error={tick.error} />}
      {requests.length > 0 && (
        <section className="stack tight">
          <h2>
            {tick.requestedCount} {tick.requestedCount === 1 ? "run" : "runs"} requested, {tick.launchedCount} launched
          </h2>
          <RequestTable requests={requests} location={tick.sensor.codeLocation.name} />
          {tick.runRequests.pageInfo.hasNextPage && <p className="faint">These are the first 100.</p>}
        </section>
      )}
      {reactions.length > 0 && (
        <section className="stack tight">
          <h2>What it made of each event</h2>
          <Reactions reactions={reactions} />
          {tick.reactions.pageInfo.hasNextPage && <p className="faint">These are the first 100.</p>}
        </section>
      )}
      {tick.partitionChanges.map((change) => (
        <section key={`${change.partitionsDefinition} ${change.kind}`} className="stack tight">
          <h2>
            Partitions {change.kind === "ADD" ? "added to" : "deleted from"} {change.partitionsDefinition}
          </h2>
          <p className="mono">{change.keys.join(", ") || "none"}</p>
          {change.skippedKeys.length > 0 && <p className="soft">In vain: {change.skippedKeys.join(", ")}</p>}
        </section>
      ))}
      <section className="stack tight">
        <h2>Cursor</h2>
        {tick.cursorBefore === tick.cursorAfter ? (
          tick.cursorBefore === null ? (
            <p className="soft">None, before and after.</p>
          ) : (
            <>
              <p className="soft">Unchanged.</p>
              <Block text={tick.cursorBefore} label="Cursor" />
            </>
          )
        ) : (
          <Diff before={tick.cursorBefore} after={tick.cursorAfter} />
        )}
      </section>
      <TickLog id={tick.id} isLive={tick.status === "STARTED"} />
    </div>
  );
}

function TickLog({ id, isLive }: { id: string; isLive: boolean }) {
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [ended, setEnded] = useState(!isLive);
  useFollow(
    Logs,
    { tickId: id },
    {
      onEnd: () => setEnded(true),
      onItems: (items) =>
        setLines((before) => [
          ...before,
          ...items.flatMap((item): LogLine[] =>
            item.__typename === "TickLogAdded" ? [logLine(item.position, item.record)] : [],
          ),
        ]),
    },
  );
  return (
    <section className="panel inner-log" style={{ height: logHeight(lines) }}>
      <LogView
        label="Log of the tick"
        lines={lines}
        isLive={!ended}
        empty="It logged and printed nothing. Use context.log, logging or print in the sensor's function."
      />
    </section>
  );
}

type LogRecord = { at: string; level: LogLine["level"]; logger: string; message: string; error?: Exception | null };

export function logLine(key: string, { at, level, logger, message, error }: LogRecord): LogLine {
  return { key, at, level, source: logger, message, details: error ? traceback(error) : undefined };
}
