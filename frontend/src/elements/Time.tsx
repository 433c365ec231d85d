import { useNow } from "./clock";
import { secondsBetween, shownDistance, shownSeconds } from "./durations";
import { Tooltip } from "./Tooltip";

const sameDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const anyDay = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** Return a moment in local time, with its day unless that is today. */
export function shownMoment(at: Date): string {
  return (at.toDateString() === new Date().toDateString() ? sameDay : anyDay).format(at);
}

/** A time as it is here; in UTC, to the millisecond, on hover. */
export function Time({ at }: { at: string }) {
  const moment = new Date(at);
  return (
    <Tooltip text={`${moment.toISOString().replace("T", " ").replace("Z", "")} UTC`}>
      <time dateTime={at} className="number">
        {shownMoment(moment)}
      </time>
    </Tooltip>
  );
}

/** How long ago something was, or how long it is until then; in local time and UTC on hover. */
export function Distance({ at }: { at: string }) {
  const seconds = (Date.parse(at) - useNow()) / 1_000;
  const moment = new Date(at);
  return (
    <Tooltip text={`${shownMoment(moment)} · ${moment.toISOString().replace("T", " ").slice(0, 19)} UTC`}>
      <time dateTime={at} className="number">
        {shownDistance(seconds)}
      </time>
    </Tooltip>
  );
}

/** How long something took, or has taken so far. */
export function Elapsed({ from, to }: { from: string | null; to: string | null }) {
  if (from === null) return <span className="faint">–</span>;
  return to === null ? (
    <Running from={from} />
  ) : (
    <span className="number">{shownSeconds(secondsBetween(from, to))}</span>
  );
}

function Running({ from }: { from: string }) {
  const seconds = Math.floor((useNow() - Date.parse(from)) / 1_000);
  return <span className="number">{shownSeconds(Math.max(1, seconds))}</span>;
}
