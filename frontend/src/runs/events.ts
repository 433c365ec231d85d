import { type Exception, traceback } from "../elements/ErrorBox";
import { LEVELS, type Level, type LogLine } from "../elements/LogView";
import type { RunEventKind } from "../gql/graphql";

interface Event {
  at: string;
  kind: RunEventKind;
  step: string | null;
  message: string | null;
  data: unknown;
}

interface Data {
  level?: string;
  logger?: string;
  error?: Exception | null;
  type?: string;
  stack?: string[];
}

const names: Record<RunEventKind, string> = {
  RUN_QUEUED: "queued",
  RUN_STARTING: "starting",
  RUN_STARTED: "started",
  RUN_SUCCESS: "success",
  RUN_FAILURE: "failure",
  RUN_CANCELING: "canceling",
  RUN_CANCELED: "canceled",
  STEP_STARTED: "step",
  STEP_SUCCESS: "step ok",
  STEP_FAILURE: "failed",
  STEP_RETRY: "retry",
  STEP_SKIPPED: "skipped",
  ASSET_MATERIALIZATION: "asset",
  ASSET_OBSERVATION: "observed",
  ASSET_CHECK: "check",
  LOG: "",
  ENGINE: "engine",
};

const sentences: Partial<Record<RunEventKind, string>> = {
  RUN_QUEUED: "The run waits for a launcher.",
  RUN_STARTING: "A launcher took the run.",
  RUN_STARTED: "The run began.",
  RUN_SUCCESS: "The run succeeded.",
  RUN_FAILURE: "The run failed.",
  RUN_CANCELING: "The run is being stopped.",
  RUN_CANCELED: "The run was stopped.",
  STEP_STARTED: "The step began.",
  STEP_SUCCESS: "The step succeeded.",
  STEP_FAILURE: "The step failed.",
  STEP_RETRY: "The step is tried again.",
  STEP_SKIPPED: "The step was not executed.",
};

function levelOf({ kind }: Event, data: Data): Level {
  if (kind === "LOG") return LEVELS.find((level) => level === data.level) ?? "INFO";
  if (kind === "RUN_FAILURE" || kind === "STEP_FAILURE") return "ERROR";
  if (kind === "STEP_RETRY" || kind === "RUN_CANCELED" || kind === "RUN_CANCELING") return "WARNING";
  return "INFO";
}

function errorOf(event: Event, data: Data): string | undefined {
  if (data.error) return traceback(data.error);
  if (data.type && data.stack) return traceback({ type: data.type, message: event.message ?? "", stack: data.stack });
  return undefined;
}

/** Return the line of a run's log that tells an event; `key` is its position. */
export function lineOf(key: string, event: Event): LogLine {
  const data = (typeof event.data === "object" && event.data !== null ? event.data : {}) as Data;
  return {
    key,
    at: event.at,
    level: levelOf(event, data),
    source: event.step ?? (event.kind === "LOG" ? (data.logger ?? "") : "run"),
    message: event.message ?? sentences[event.kind] ?? event.kind,
    details: errorOf(event, data),
    ...(names[event.kind] && { mark: names[event.kind] }),
  };
}
