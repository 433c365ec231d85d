import { Tag, type Tone } from "../elements/Tag";
import type { RunStatus } from "../gql/graphql";

const tones: Record<RunStatus, Tone> = {
  QUEUED: "idle",
  STARTING: "busy",
  STARTED: "busy",
  SUCCESS: "good",
  FAILURE: "bad",
  CANCELING: "warn",
  CANCELED: "warn",
};

export const runStatusNames: Record<RunStatus, string> = {
  QUEUED: "Queued",
  STARTING: "Starting",
  STARTED: "Running",
  SUCCESS: "Success",
  FAILURE: "Failure",
  CANCELING: "Canceling",
  CANCELED: "Canceled",
};

export function RunTag({ status }: { status: RunStatus }) {
  return <Tag tone={tones[status]}>{runStatusNames[status]}</Tag>;
}
