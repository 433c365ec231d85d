import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";

import { messageOf } from "../api/mutate";
import { Button } from "../elements/Button";
import { CopyButton } from "../elements/CopyButton";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Loading } from "../elements/Page";
import { useParameter } from "../elements/query";
import { Elapsed, Time } from "../elements/Time";
import type { TickStatus } from "../gql/graphql";
import { LEAST, type Span } from "../timeline/span";
import { TickTag } from "./TickTag";
import { merged, type Tick } from "./merging";
import { tickPage } from "./ticks";

const PAGE = 25;
const STATUSES: readonly (readonly [TickStatus, string])[] = [
  ["STARTED", "Evaluating"],
  ["SUCCESS", "With runs"],
  ["SKIPPED", "Skipped"],
  ["FAILURE", "Failed"],
];

interface TickTableProps {
  sensorId: string;
  /** Ticks that changed since the page was opened, the latest first. */
  live: readonly Tick[];
  /** The tick that is pointed at, here or on the timeline. */
  pointed: string | null;
  onPoint: (id: string | null) => void;
  /** Somebody turned to a page of history, from its oldest tick to its latest; null: to the present. */
  onTurn: (span: Span | null) => void;
  onOpen: (id: string) => void;
}

/** A sensor's ticks, page by page; the first page is live. */
export function TickTable({ sensorId, live, pointed, onPoint, onTurn, onOpen }: TickTableProps) {
  const [filter, setFilter] = useParameter("status");
  // When the last tick of each page before began: the next page is of those that began before it.
  const [path, setPath] = useState<readonly (string | null)[]>([null]);
  const [generation, setGeneration] = useState(0);
  const [page, setPage] = useState<{ ticks: Tick[]; next: string | null } | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const hasTurned = useRef(false);
  const statuses = filter.split(",").filter(Boolean) as TickStatus[];
  const until = path.at(-1) ?? null;
  useEffect(() => {
    let isWanted = true;
    const wanted = { ...(statuses.length > 0 && { status: statuses }), ...(until !== null && { until }) };
    tickPage(sensorId, wanted, PAGE, null).then(
      (read) => {
        if (!isWanted) return;
        setPage(read);
        setTrouble(null);
        if (hasTurned.current) onTurn(until === null ? null : spanned(read.ticks));
        hasTurned.current = false;
      },
      (error: unknown) => isWanted && setTrouble(messageOf(error)),
    );
    return () => {
      isWanted = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the filter stands for the statuses, a generation reads anew
  }, [sensorId, filter, until, generation]);
  const turn = (next: readonly (string | null)[]) => {
    hasTurned.current = true;
    setPath(next);
  };
  const toggle = (status: TickStatus) => {
    const now = statuses.includes(status) ? statuses.filter((each) => each !== status) : [...statuses, status];
    turn([null]);
    setFilter(now.join(","));
  };
  if (trouble) return <Trouble message={trouble} onRetry={() => setGeneration(generation + 1)} />;
  if (page === null) return <Loading />;
  const fits = (tick: Tick) => statuses.length === 0 || statuses.includes(tick.status);
  const all = until === null ? merged(page.ticks, live, fits, Number.POSITIVE_INFINITY) : page.ticks;
  const ticks = all.slice(0, PAGE);
  const oldest = page.next !== null || all.length > PAGE ? (ticks.at(-1)?.startedAt ?? null) : null;
  return (
    <section aria-label="Ticks" className="stack">
      <fieldset className="row wrap checks">
        <legend className="hidden">Which ticks</legend>
        {STATUSES.map(([status, name]) => (
          <label key={status} className="row">
            <input type="checkbox" checked={statuses.includes(status)} onChange={() => toggle(status)} />
            {name}
          </label>
        ))}
        <span className="row push">
          <Button small disabled={path.length === 1} onClick={() => turn(path.slice(0, -1))}>
            Newer
          </Button>
          <Button small disabled={oldest === null} onClick={() => turn([...path, oldest])}>
            Older
          </Button>
        </span>
      </fieldset>
      {ticks.length === 0 ? (
        <Empty title={statuses.length > 0 ? "No tick like that" : "Never evaluated"}>
          {statuses.length > 0
            ? "Choose other statuses to see more ticks."
            : "Start the sensor with its switch, or press Evaluate now."}
        </Empty>
      ) : (
        <div className="panel scroll-x" tabIndex={0} role="region" aria-label="Table of ticks">
          <table className="table">
            <thead>
              <tr>
                <th>Tick</th>
                <th>Started</th>
                <th>Result</th>
                <th>Took</th>
                <th>Why</th>
                <th>Cursor after</th>
              </tr>
            </thead>
            <tbody>
              {ticks.map((tick) => (
                <TickLine key={tick.id} tick={tick} isPointed={tick.id === pointed} onPoint={onPoint} onOpen={onOpen} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const causes = { INTERVAL: "", MANUAL: "by hand", EVENT: "by an event" } as const;

/** Return the time that a page of ticks takes up, with a little around it; null where there is none. */
function spanned(ticks: readonly Tick[]): Span | null {
  const [last, first] = [ticks[0], ticks.at(-1)];
  if (!last || !first) return null;
  const [from, to] = [Date.parse(first.startedAt), Date.parse(last.lastRepeatAt ?? last.finishedAt ?? last.startedAt)];
  const around = Math.max(LEAST - (to - from), (to - from) * 0.08) / 2;
  return { from: from - around, to: to + around };
}

interface TickLineProps {
  tick: Tick;
  isPointed: boolean;
  onPoint: (id: string | null) => void;
  onOpen: (id: string) => void;
}

function TickLine({ tick, isPointed, onPoint, onOpen }: TickLineProps) {
  const why = tick.error ? `${tick.error.type}: ${tick.error.message}` : tick.skipReason;
  return (
    <tr
      className={isPointed ? "pointed" : undefined}
      onPointerEnter={() => onPoint(tick.id)}
      onPointerLeave={() => onPoint(null)}
    >
      <td className="number">
        <Link
          href={`?tick=${tick.id}`}
          onClick={(event) => {
            event.preventDefault();
            onOpen(tick.id);
          }}
        >
          #{tick.number}
        </Link>
      </td>
      <td>
        <Time at={tick.startedAt} /> <span className="faint">{causes[tick.cause]}</span>
      </td>
      <td>
        <TickTag tick={tick} />
      </td>
      <td>
        <Elapsed from={tick.startedAt} to={tick.finishedAt} />
      </td>
      <td className="why">
        <span className="clip soft" title={why ?? undefined}>
          {tick.status === "SUCCESS" && tick.requestedCount > tick.launchedCount
            ? `${tick.requestedCount - tick.launchedCount} of ${tick.requestedCount} not launched`
            : why}
        </span>
        {tick.repeats > 0 && <span className="faint number"> +{tick.repeats} like it</span>}
      </td>
      <td>
        {tick.cursorAfter === null ? (
          <span className="faint">none</span>
        ) : (
          <span className="row" style={{ gap: 2 }}>
            <code className="clip cursor-cell">{tick.cursorAfter === "" ? '""' : tick.cursorAfter}</code>
            <CopyButton text={tick.cursorAfter} label={`Copy cursor of tick ${tick.number}`} />
          </span>
        )}
      </td>
    </tr>
  );
}
