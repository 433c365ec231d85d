import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";

import { CopyButton } from "./CopyButton";
import { Search } from "./Search";

import "./log.css";

export const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;
export type Level = (typeof LEVELS)[number];

/** One line of a log. `source`: the step or logger that it is from. */
export interface LogLine {
  key: string;
  at: string;
  level: Level;
  source: string;
  message: string;
  mark?: string;
  details?: string | undefined;
}

const ROW_PIXELS = 22;
const HEAD_PIXELS = 54;
const LEAST_LINES = 3;
const MOST_LINES = 12;

/** Return how high a log is to be that stands among other things: as high as it needs, up to a dozen lines. */
export function logHeight(lines: readonly LogLine[]): number {
  const needed = lines.reduce((sum, { details }) => sum + 1 + (details?.split("\n").length ?? 0), 0);
  return HEAD_PIXELS + ROW_PIXELS * Math.min(MOST_LINES, Math.max(LEAST_LINES, needed));
}

interface LogViewProps {
  label: string;
  lines: readonly LogLine[];
  isLive: boolean;
  empty: ReactNode;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});
const NEAR_END_PIXELS = 40;

function passing(lines: readonly LogLine[], least: Level, search: string): readonly LogLine[] {
  const rank = LEVELS.indexOf(least);
  const wanted = search.trim().toLowerCase();
  if (rank === 0 && wanted === "") return lines;
  return lines.filter(
    (line) =>
      LEVELS.indexOf(line.level) >= rank &&
      (wanted === "" || line.message.toLowerCase().includes(wanted) || line.source.toLowerCase().includes(wanted)),
  );
}

function asText(lines: readonly LogLine[]): string {
  return lines
    .map((line) => [line.at, line.level, line.source, line.message, line.details].filter(Boolean).join(" "))
    .join("\n");
}

/** A log of any length, of which the lines in sight are drawn; it stays at its end while it grows, unless one scrolls. */
export function LogView({ label, lines, isLive, empty }: LogViewProps) {
  const [least, setLeast] = useState<Level>("DEBUG");
  const [search, setSearch] = useState("");
  const [isFollowing, setFollowing] = useState(isLive);
  const scroller = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => passing(lines, least, search), [lines, least, search]);
  // A new function would have every line measured anew.
  const keyOf = useCallback((index: number) => shown[index]?.key ?? index, [shown]);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    getItemKey: keyOf,
    overscan: 20,
  });
  useEffect(() => {
    if (isLive) setFollowing(true);
  }, [isLive]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (isFollowing && element && shown.length > 0) element.scrollTop = element.scrollHeight;
  }, [isFollowing, shown.length]);
  const onScroll = () => {
    const element = scroller.current;
    if (element) setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PIXELS);
  };
  return (
    <section className="log" aria-label={label}>
      <header className="row wrap">
        <Search label="Search the log" value={search} onChange={setSearch} />
        <select
          className="select"
          aria-label="Least level"
          value={least}
          onChange={(event) => setLeast(event.target.value as Level)}
        >
          {LEVELS.map((level) => (
            <option key={level} value={level}>
              {level === "DEBUG" ? "All levels" : `${level} and above`}
            </option>
          ))}
        </select>
        <span className="faint number" role="status">
          {shown.length === lines.length ? "" : `${shown.length} of `}
          {lines.length} {lines.length === 1 ? "line" : "lines"}
          {isLive && " · live"}
        </span>
        <span className="push row">
          <button
            type="button"
            className="button small quiet"
            aria-pressed={isFollowing}
            onClick={() => setFollowing(!isFollowing)}
          >
            {isFollowing ? "Following the end" : "Go to the end"}
          </button>
          <CopyButton text={() => asText(shown)} label="Copy the log" />
        </span>
      </header>
      {shown.length === 0 ? (
        <div className="empty">{lines.length === 0 ? empty : "No line matches."}</div>
      ) : (
        <div
          ref={scroller}
          className="log-lines"
          onScroll={onScroll}
          role="log"
          aria-label={label}
          aria-live="off"
          tabIndex={0}
        >
          <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
            {virtual.getVirtualItems().map((item) => {
              const line = shown[item.index];
              return (
                line && (
                  <div
                    key={item.key}
                    data-index={item.index}
                    ref={virtual.measureElement}
                    className={`log-line ${line.level.toLowerCase()}`}
                    style={{ transform: `translateY(${item.start}px)` }}
                  >
                    <time dateTime={line.at} title={`${new Date(line.at).toISOString()}`}>
                      {clock.format(new Date(line.at))}
                    </time>
                    <span className="log-level">{line.mark ?? line.level}</span>
                    <span className="log-source clip" title={line.source}>
                      {line.source}
                    </span>
                    <span className="log-message">
                      {line.message}
                      {line.details && <span className="log-details">{line.details}</span>}
                    </span>
                  </div>
                )
              );
            })}
          </div>
        </div>
      )}
    </section>
  );
}
