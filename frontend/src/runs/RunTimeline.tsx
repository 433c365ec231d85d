import { useMemo, useState } from "react";
import { Link, useLocation } from "wouter";

import { shownSeconds } from "../elements/durations";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Loading } from "../elements/Page";
import { type Place, Plot } from "../timeline/Plot";
import { SightBar } from "../timeline/SightBar";
import { HOUR, LEAST } from "../timeline/span";
import { useSight } from "../timeline/useSight";
import { AXIS_TOP, drawRuns } from "./plotRuns";
import { type Chosen, chosenAt, idOf, keyOf, laidOut, momentOf, type Row, walked, wordsOf } from "./runTimeline";
import { useRunTimeline } from "./useRunTimeline";

const HINT_PIXELS = 34;

/** The runs of every job over time, live: what waits, what goes on, what became of each. */
export function RunTimeline({ search }: { search: string }) {
  const sight = useSight(HOUR);
  const { jobs, others, part, isLoading, trouble } = useRunTimeline(sight.span(), sight.isLive);
  const [, go] = useLocation();
  const [chosenId, setChosen] = useState<Chosen | null>(null);
  const rows = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    return laidOut(
      jobs.filter(({ name }) => name.toLowerCase().includes(wanted)),
      AXIS_TOP,
    );
  }, [jobs, search]);
  const chosen = chosenId && asItIs(rows, chosenId);
  const choose = (next: Chosen | null) => {
    if (idOf(next) !== idOf(chosen)) setChosen(next);
  };
  const at = (place: Place) => chosenAt(rows, { ...place, part, now: Date.now() });
  const open = (what: Chosen | null) => {
    if (what === null) return;
    if ("run" in what) go(`/runs/${what.run.id}`);
    else {
      sight.show({ from: what.part.at, to: what.part.at + Math.max(LEAST, part) });
      choose(null);
    }
  };
  const onKey = (event: React.KeyboardEvent): boolean => {
    const keys: Record<string, () => void> = {
      ArrowLeft: () => choose(walked(rows, chosen, -1, 0)),
      ArrowRight: () => choose(walked(rows, chosen, 1, 0)),
      ArrowUp: () => choose(walked(rows, chosen, 0, -1)),
      ArrowDown: () => choose(walked(rows, chosen, 0, 1)),
      Enter: () => open(chosen),
      Escape: () => choose(null),
    };
    keys[event.key]?.();
    return event.key in keys;
  };
  const told = chosen && {
    text: wordsOf(chosen, part, Date.now()),
    at: momentOf(chosen),
    y: hintY(rows, chosen.row),
  };
  const isCounted = rows.some((row) => row.parts);
  const counted = isCounted ? `Many runs are counted per ${shownSeconds(part / 1_000)}; click a bar to zoom in` : "";
  return (
    <section className="panel timeline" aria-label="Runs over time">
      <SightBar title="Runs over time" sight={sight} status={isLoading ? "Loading …" : counted} />
      {trouble && <Trouble message={trouble} />}
      {rows.length === 0 && isLoading && <Loading />}
      {rows.length === 0 && !isLoading && !trouble && (
        <Empty title={jobs.length > 0 ? "No job matches" : "No runs in this time"}>
          {jobs.length > 0
            ? "Clear the search to see the runs of the other jobs."
            : "Choose a longer time above, turn a sensor on, or launch a job from its launchpad."}
        </Empty>
      )}
      {rows.length > 0 && (
        <div className="run-timeline">
          <ul aria-label="Jobs">
            {rows.map((row) => (
              <JobName key={keyOf(row)} row={row} isChosen={chosen !== null && keyOf(chosen.row) === keyOf(row)} />
            ))}
          </ul>
          <Plot
            label="Runs over time by job. Arrows walk from run to run and from job to job, Enter opens one, plus and minus zoom, Shift and arrows move, End goes back to now."
            sight={sight}
            draw={(context, frame) => drawRuns(context, { ...frame, rows, part, chosen })}
            isLoading={isLoading}
            height={heightOf(rows)}
            told={told}
            onPoint={(place) => choose(place && at(place))}
            onPress={(place) => open(at(place))}
            onKey={onKey}
          />
        </div>
      )}
      {others > 0 && (
        <p className="panel-body faint">
          {others} more {others === 1 ? "job" : "jobs"} had runs earlier in this time; choose a shorter one to see them.
        </p>
      )}
      <Legend />
    </section>
  );
}

function heightOf(rows: readonly Row[]): number {
  const last = rows.at(-1);
  return last ? last.top + last.height : 0;
}

/** Return where the hint does not hide its row: below it, or above the last. */
function hintY(rows: readonly Row[], { top, height }: Row): number {
  const isLast = top + height + HINT_PIXELS > heightOf(rows);
  return isLast && rows.length > 1 ? top - HINT_PIXELS : top + height + 2;
}

/** Return what is chosen as it is now; null if it is no longer there. */
function asItIs(rows: readonly Row[], chosen: Chosen): Chosen | null {
  const row = rows.find((each) => keyOf(each) === keyOf(chosen.row));
  if (!row) return null;
  if ("run" in chosen) {
    const run = row.runs.find(({ id }) => id === chosen.run.id);
    return run ? { row, run } : null;
  }
  const part = row.parts?.find((each) => each.at === chosen.part.at);
  return part ? { row, part } : null;
}

function JobName({ row, isChosen }: { row: Row; isChosen: boolean }) {
  const address = `/jobs/${encodeURIComponent(row.location)}/${encodeURIComponent(row.name)}?tab=runs`;
  return (
    <li style={{ height: row.height }} className={isChosen ? "pointed" : undefined}>
      <Link href={address} className="clip" title={`${row.name} in ${row.location}`}>
        {row.name}
      </Link>
      <span className="faint number">
        {row.count.toLocaleString()}
        <span className="hidden">{row.count === 1 ? " run" : " runs"}</span>
      </span>
    </li>
  );
}

const KINDS = [
  ["queued", "waits"],
  ["busy", "runs"],
  ["good", "succeeded"],
  ["bad", "failed"],
  ["warn", "canceled"],
] as const;

function Legend() {
  return (
    <ul className="run-legend" aria-label="Legend">
      {KINDS.map(([kind, name]) => (
        <li key={kind}>
          <span className={`run-sample ${kind}`} aria-hidden="true" />
          {name}
        </li>
      ))}
    </ul>
  );
}
