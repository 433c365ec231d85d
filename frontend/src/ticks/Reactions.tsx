import type { ReactNode } from "react";
import { Link } from "wouter";

import { CopyButton } from "../elements/CopyButton";
import { ErrorBox } from "../elements/ErrorBox";
import { Tag, type Tone } from "../elements/Tag";
import { type FragmentType, graphql, read } from "../gql";
import type { ReactionLineFragment, ReactionOutcome } from "../gql/graphql";
import { RunTag } from "../runs/RunTag";

export const ReactionLine = graphql(`
  fragment ReactionLine on Reaction {
    outcome attempt runStatus assetKey skipReason
    error { type message stack cause { type message stack } }
    run { id jobName }
  }
`);

const outcomes: Record<ReactionOutcome, readonly [Tone, string]> = {
  REACTED: ["good", "Reacted"],
  REQUESTED: ["good", "Asked for runs"],
  SKIPPED: ["idle", "Skipped"],
  FAILED: ["bad", "Failed, shown again"],
  GIVEN_UP: ["bad", "Given up"],
};

/** What a tick made of each event that its sensor watches. */
export function Reactions({ reactions }: { reactions: readonly FragmentType<typeof ReactionLine>[] }) {
  return (
    <div className="panel scroll-x" tabIndex={0} role="region" aria-label="Reactions">
      <table className="table">
        <thead>
          <tr>
            <th>Outcome</th>
            <th>Event</th>
            <th>Why</th>
          </tr>
        </thead>
        <tbody>
          {read(ReactionLine, reactions).map((reaction, index) => (
            // reactions are known by their place
            <ReactionRow key={index} reaction={reaction} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ReactionRow({ reaction }: { reaction: ReactionLineFragment }) {
  const [tone, name] = outcomes[reaction.outcome];
  return (
    <tr>
      <td>
        <Tag tone={tone}>{name}</Tag>
        {reaction.attempt > 1 && <span className="faint"> attempt {reaction.attempt}</span>}
      </td>
      <td>{eventOf(reaction)}</td>
      <td>
        {reaction.error ? (
          <ErrorBox error={reaction.error} />
        ) : (
          reaction.skipReason && (
            <span className="row">
              <span className="soft">{reaction.skipReason}</span>
              <CopyButton text={reaction.skipReason} />
            </span>
          )
        )}
      </td>
    </tr>
  );
}

function eventOf({ run, runStatus, assetKey }: ReactionLineFragment): ReactNode {
  if (assetKey) {
    return <Link href={`/assets/${assetKey.map(encodeURIComponent).join("/")}`}>{assetKey.join("/")} was produced</Link>;
  }
  return (
    <span className="row">
      {run ? <Link href={`/runs/${run.id}`}>Run of {run.jobName}</Link> : <span className="faint">A run that is gone</span>}
      {runStatus && <RunTag status={runStatus} />}
    </span>
  );
}
