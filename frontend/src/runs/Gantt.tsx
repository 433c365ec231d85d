import { useNow } from "../elements/clock";
import { shownSeconds } from "../elements/durations";
import { Tag, type Tone } from "../elements/Tag";
import type { StepStatus } from "../gql/graphql";
import type { RunDetails } from "./useRun";

const tones: Record<StepStatus, Tone> = {
  PENDING: "idle",
  STARTED: "busy",
  SUCCESS: "good",
  FAILURE: "bad",
  SKIPPED: "idle",
  CANCELED: "warn",
};

type Step = RunDetails["steps"][number];

/** The steps of a run over time, a bar each. */
export function Gantt({ run }: { run: RunDetails }) {
  const now = useNow();
  const from = Date.parse(run.startedAt ?? run.queuedAt);
  const ends = run.steps.map((step) => (step.finishedAt ? Date.parse(step.finishedAt) : now));
  const to = Math.max(
    from + 1,
    run.finishedAt ? Date.parse(run.finishedAt) : now,
    ...ends.filter(() => !run.finishedAt),
  );
  const part = (at: number) => Math.min(100, Math.max(0, ((at - from) / (to - from)) * 100));
  return (
    <ol className="gantt" aria-label="Steps">
      {run.steps.map((step) => (
        <li key={step.name}>
          <span className="clip" title={step.name}>
            {step.name}
          </span>
          <Tag tone={tones[step.status]}>{step.status.toLowerCase()}</Tag>
          <span className="gantt-track">{step.startedAt && <Bar step={step} part={part} now={now} />}</span>
          <span className="number soft gantt-took">
            {step.startedAt &&
              shownSeconds(
                Math.max(
                  0,
                  ((step.finishedAt ? Date.parse(step.finishedAt) : now) - Date.parse(step.startedAt)) / 1_000,
                ),
              )}
            {step.attempt > 1 && ` · try ${step.attempt}`}
          </span>
        </li>
      ))}
    </ol>
  );
}

function Bar({ step, part, now }: { step: Step; part: (at: number) => number; now: number }) {
  const left = part(Date.parse(step.startedAt ?? ""));
  const right = part(step.finishedAt ? Date.parse(step.finishedAt) : now);
  return (
    <span
      className={`gantt-bar ${tones[step.status]}`}
      style={{ left: `${left}%`, width: `max(3px, ${right - left}%)` }}
    />
  );
}
