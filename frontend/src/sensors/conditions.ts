import type { Tone } from "../elements/Tag";
import type { SensorConditionKind, SensorKind, SensorStateFragment } from "../gql/graphql";

/** What a sensor is doing, for people; `PAUSED` is the one that the failure policy stopped. */
export type Condition = SensorConditionKind | "PAUSED";

type State = Pick<SensorStateFragment, "condition" | "statusReason" | "nextTickAt" | "status">;

/** Return the condition of a sensor, as it was told last. */
export function conditionOf(state: State): Condition {
  const { kind } = state.condition;
  if (kind === "STOPPED" && state.statusReason.source === "FAILURE_POLICY") return "PAUSED";
  return kind;
}

/** Return how many seconds ago a sensor was due, by what is known of it: it may have been evaluated unheard since. */
function sinceDue(state: State, now: number): number {
  if (state.status !== "RUNNING" || state.nextTickAt === null || state.condition.kind === "EVALUATING") return 0;
  if (state.condition.kind === "UNLOADED") return 0;
  return Math.max(0, (now - Date.parse(state.nextTickAt)) / 1_000);
}

/** Return how many seconds late a sensor is at `now` that the server calls late; 0 if it does not. */
export function lagOf(state: State, now: number): number {
  return state.condition.kind === "OVERDUE" ? sinceDue(state, now) : 0;
}

const ranks: Record<Condition, number> = {
  BACKING_OFF: 0,
  PAUSED: 1,
  OVERDUE: 2,
  UNLOADED: 3,
  EVALUATING: 9,
  WAITING: 9,
  STOPPED: 9,
};

/** Return how much a sensor needs attention: the least first, 9 for none. */
export function attention(state: State): number {
  return ranks[conditionOf(state)];
}

export const NO_ATTENTION = 9;

export const conditionNames: Record<Condition, string> = {
  WAITING: "Waiting",
  EVALUATING: "Evaluating",
  BACKING_OFF: "Failing",
  PAUSED: "Paused",
  OVERDUE: "Overdue",
  STOPPED: "Stopped",
  UNLOADED: "Unloaded",
};

export const conditionTones: Record<Condition, Tone> = {
  WAITING: "good",
  EVALUATING: "busy",
  BACKING_OFF: "bad",
  PAUSED: "bad",
  OVERDUE: "warn",
  STOPPED: "idle",
  UNLOADED: "warn",
};

export const kindNames: Record<SensorKind, string> = {
  STANDARD: "Standard",
  ASSET: "Asset",
  MULTI_ASSET: "Multi-asset",
  RUN_STATUS: "Run status",
  FRESHNESS: "Freshness",
  AUTOMATION: "Automation",
};

/** Return why a sensor is in its condition, in one line; empty where that needs no words. */
export function reasonOf(state: State & Pick<SensorStateFragment, "lastTick">): string {
  const { condition, statusReason } = state;
  if (condition.message) return condition.message;
  if (condition.kind === "STOPPED") {
    if (statusReason.source === "CODE") return "Stopped by its code";
    return `Stopped${statusReason.actor ? ` by ${statusReason.actor}` : ""}`;
  }
  return condition.kind === "WAITING" ? (state.lastTick?.skipReason ?? "") : "";
}
