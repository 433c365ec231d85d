import { Json } from "../elements/Block";
import { CopyButton } from "../elements/CopyButton";
import { shownInterval, shownSeconds } from "../elements/durations";
import { Trouble } from "../elements/ErrorBox";
import { KeyValues } from "../elements/Tag";
import { Distance } from "../elements/Time";
import type { SensorDetailsFragment } from "../gql/graphql";
import { TickTag } from "../ticks/TickTag";
import type { State } from "./board";
import { attention, kindNames, NO_ATTENTION, reasonOf } from "./conditions";
import { Targets } from "./Targets";
import type { Cursor } from "./useSensor";

interface SensorFactsProps {
  facts: SensorDetailsFragment;
  state: State;
  cursor: Cursor;
}

/** What a sensor is and how it stands, in a few lines; what is wrong with it comes first. */
export function SensorFacts({ facts, state, cursor }: SensorFactsProps) {
  const reason = reasonOf(state);
  const isWrong = attention(state) < NO_ATTENTION;
  const isEmpty = typeof facts.metadata !== "object" || facts.metadata === null;
  return (
    <>
      {isWrong && reason && <Trouble message={reason} />}
      {facts.description && <p>{facts.description}</p>}
      <dl className="facts sensor-facts">
        <dt>Condition</dt>
        <dd>{isWrong ? "Needs attention" : reason || "On time"}</dd>
        <dt>Latest tick</dt>
        <dd className="row">
          {state.lastTick ? (
            <>
              <TickTag tick={state.lastTick} />
              <span className="soft">
                <Distance at={state.lastTick.lastRepeatAt ?? state.lastTick.startedAt} />
              </span>
            </>
          ) : (
            "never"
          )}
        </dd>
        <dt>Targets</dt>
        <dd>
          <Targets targets={facts.targets} location={facts.codeLocation.name} />
        </dd>
        <dt>Interval</dt>
        <dd>
          {shownInterval(facts.minimumIntervalSeconds)}, at most {shownSeconds(facts.timeoutSeconds)} each
          {facts.watches.length > 0 && `, and when ${facts.watches.join(", ")} changes`}
        </dd>
        <dt>Cursor</dt>
        <dd className="row">
          <code className="clip">{cursor.value === null ? "none" : cursor.value === "" ? '""' : cursor.value}</code>
          {cursor.value !== null && <CopyButton text={cursor.value} label="Copy cursor" />}
        </dd>
        <dt>Kind</dt>
        <dd>{kindNames[facts.kind]}</dd>
        {facts.owners.length > 0 && (
          <>
            <dt>Owners</dt>
            <dd>{facts.owners.join(", ")}</dd>
          </>
        )}
        {facts.tags.length > 0 && (
          <>
            <dt>Tags</dt>
            <dd>
              <KeyValues tags={facts.tags} />
            </dd>
          </>
        )}
        {!isEmpty && (
          <>
            <dt>Metadata</dt>
            <dd>
              <details>
                <summary>Show</summary>
                <Json value={facts.metadata} label="Metadata" />
              </details>
            </dd>
          </>
        )}
      </dl>
    </>
  );
}
