import { Tag, type Tone } from "../elements/Tag";
import { Tooltip } from "../elements/Tooltip";
import type { TickStatus } from "../gql/graphql";

interface TickSummary {
  status: TickStatus;
  launchedCount: number;
  skipReason?: string | null;
  error?: { type: string; message: string } | null;
}

const tones: Record<TickStatus, Tone> = { STARTED: "busy", SKIPPED: "idle", SUCCESS: "good", FAILURE: "bad" };

/** Return what came of a tick, in two or three words. */
export function tickWords({ status, launchedCount }: TickSummary): string {
  if (status === "STARTED") return "Evaluating";
  if (status === "SKIPPED") return "Skipped";
  if (status === "FAILURE") return "Failed";
  // A success that launched nothing reacted to something.
  if (launchedCount === 0) return "Reacted";
  return `${launchedCount} ${launchedCount === 1 ? "run" : "runs"}`;
}

/** What came of a tick; why, on hover. */
export function TickTag({ tick }: { tick: TickSummary }) {
  const tag = <Tag tone={tones[tick.status]}>{tickWords(tick)}</Tag>;
  const why = tick.error ? `${tick.error.type}: ${tick.error.message}` : tick.skipReason;
  if (!why) return tag;
  return (
    <Tooltip text={why}>
      <span>{tag}</span>
    </Tooltip>
  );
}
