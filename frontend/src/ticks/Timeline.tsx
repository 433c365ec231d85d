import { useEffect, useRef, useState } from "react";

import { Button } from "../elements/Button";
import { shownSeconds } from "../elements/durations";
import { Trouble } from "../elements/ErrorBox";
import { shownMoment } from "../elements/Time";
import { bucketAt, bucketWords } from "./buckets";
import type { Tick } from "./merging";
import { type Chosen, tickAt, toX } from "./plot";
import { tickWords } from "./TickTag";
import { spanOf, useDrawing, type View } from "./useDrawing";
import { useWindow } from "./useWindow";

const MINUTE = 60_000;
const DAY = 86_400_000;
const LENGTHS = [
  [5 * MINUTE, "5 min"],
  [60 * MINUTE, "1 h"],
  [6 * 60 * MINUTE, "6 h"],
  [DAY, "1 d"],
  [7 * DAY, "7 d"],
  [30 * DAY, "30 d"],
] as const;
const LEAST = MINUTE;
const MOST = 30 * DAY;
const DRAG_PIXELS = 3;
const HINT_PIXELS = 170;

interface TimelineProps {
  sensorId: string;
  live: readonly Tick[];
  onOpen: (id: string) => void;
}

function words(tick: Tick): string {
  const took = tick.finishedAt
    ? `, took ${shownSeconds((Date.parse(tick.finishedAt) - Date.parse(tick.startedAt)) / 1_000)}`
    : "";
  const why = tick.error ? `: ${tick.error.message}` : tick.skipReason ? `: ${tick.skipReason}` : "";
  const more = tick.repeats > 0 ? ` and ${tick.repeats} like it` : "";
  return `#${tick.number} · ${shownMoment(new Date(tick.startedAt))} · ${tickWords(tick)}${more}${took}${why}`;
}

/** A sensor's ticks over time, live: the wheel and + − zoom, dragging pans, arrows walk from tick to tick. */
export function Timeline({ sensorId, live, onOpen }: TimelineProps) {
  const [view, setView] = useState<View>({ length: 5 * MINUTE, end: null });
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const plot = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; end: number; moved: boolean } | null>(null);
  const loaded = useWindow(sensorId, spanOf(view, Date.now()), view.end === null, live);
  const { ticks, buckets, width: bucketWidth, isLoading, trouble } = loaded;
  useDrawing(canvas, loaded, view, chosen);

  const width = () => plot.current?.clientWidth ?? 1;
  const xOf = (event: { clientX: number }) => event.clientX - (plot.current?.getBoundingClientRect().left ?? 0);
  const zoom = (factor: number, at = 0.5) =>
    setView((before) => {
      const length = Math.min(MOST, Math.max(LEAST, before.length * factor));
      if (before.end === null) return { length, end: null };
      const span = spanOf(before, Date.now());
      return { length, end: span.from + (span.to - span.from) * at + length * (1 - at) };
    });
  const pan = (part: number) =>
    setView((before) => {
      const now = Date.now();
      const end = spanOf(before, now).to + before.length * part;
      return { ...before, end: end >= now ? null : end };
    });
  useWheel(plot, zoom, pan);

  const at = (x: number): Chosen | null => {
    const span = spanOf(view, Date.now());
    if (buckets) {
      const bucket = bucketAt(buckets, bucketWidth, x, span, width());
      return bucket && { bucket };
    }
    const tick = tickAt(ticks, x, span, width());
    return tick && { tick };
  };
  const open = (what: Chosen | null) => {
    if (what === null) return;
    if ("tick" in what) onOpen(what.tick.id);
    else {
      setView({ length: Math.max(LEAST, bucketWidth), end: what.bucket.at + Math.max(LEAST, bucketWidth) });
      setChosen(null);
    }
  };
  const walk = (steps: number) => {
    const all: readonly Chosen[] = buckets ? buckets.map((bucket) => ({ bucket })) : ticks.map((tick) => ({ tick }));
    const index = chosen ? all.findIndex((each) => keyOf(each) === keyOf(chosen)) : all.length - (steps > 0 ? 1 : 0);
    const next = all[Math.min(all.length - 1, Math.max(0, index + steps))];
    if (next) setChosen(next);
  };
  const onKey = (event: React.KeyboardEvent) => {
    const keys: Record<string, () => void> = {
      ArrowLeft: () => (event.shiftKey ? pan(-0.25) : walk(-1)),
      ArrowRight: () => (event.shiftKey ? pan(0.25) : walk(1)),
      "+": () => zoom(0.5),
      "=": () => zoom(0.5),
      "-": () => zoom(2),
      End: () => setView((before) => ({ ...before, end: null })),
      Enter: () => open(chosen),
      Escape: () => setChosen(null),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const told = chosen && ("tick" in chosen ? words(chosen.tick) : bucketWords(chosen.bucket, bucketWidth));
  return (
    <section className="panel timeline" aria-label="Timeline">
      <header>
        <h2>Timeline</h2>
        <span className="faint" role="status">
          {isLoading ? "Loading …" : buckets ? `Counted per ${shownSeconds(bucketWidth / 1_000)}; click a bar to zoom in` : ""}
        </span>
        <span className="row push" style={{ gap: 2 }}>
          {view.end !== null && (
            <Button small onClick={() => setView({ ...view, end: null })}>
              Back to now
            </Button>
          )}
          {LENGTHS.map(([length, name]) => (
            <Button
              key={name}
              small
              look="quiet"
              aria-pressed={view.length === length}
              onClick={() => setView({ ...view, length })}
            >
              {name}
            </Button>
          ))}
        </span>
      </header>
      {trouble && <Trouble message={trouble} />}
      <div
        ref={plot}
        className="timeline-plot"
        role="application"
        aria-roledescription="timeline"
        aria-busy={isLoading}
        aria-label="Ticks over time. Arrows walk from tick to tick, Enter opens one, plus and minus zoom, Shift and arrows move, End goes back to now."
        tabIndex={0}
        onKeyDown={onKey}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: xOf(event), end: spanOf(view, Date.now()).to, moved: false };
        }}
        onPointerMove={(event) => {
          const x = xOf(event);
          const from = drag.current;
          if (from && (from.moved || Math.abs(x - from.x) > DRAG_PIXELS)) {
            from.moved = true;
            const end = from.end - ((x - from.x) / width()) * view.length;
            setView({ ...view, end: end >= Date.now() ? null : end });
          } else if (!from) {
            setChosen(at(x));
          }
        }}
        onPointerUp={(event) => {
          if (drag.current && !drag.current.moved) open(at(xOf(event)));
          drag.current = null;
        }}
        onPointerLeave={() => {
          if (!drag.current) setChosen(null);
        }}
      >
        <canvas ref={canvas} aria-hidden="true" />
        {chosen && <Hint text={told ?? ""} x={toX(beginOf(chosen), spanOf(view, Date.now()), width())} width={width()} />}
        <span className="hidden" role="status">
          {told}
        </span>
      </div>
    </section>
  );
}

function keyOf(chosen: Chosen): string {
  return "tick" in chosen ? chosen.tick.id : String(chosen.bucket.at);
}

function beginOf(chosen: Chosen): number {
  return "tick" in chosen ? Date.parse(chosen.tick.startedAt) : chosen.bucket.at;
}

function Hint({ text, x, width }: { text: string; x: number; width: number }) {
  const left = width < 2 * HINT_PIXELS ? width / 2 : Math.min(Math.max(x, HINT_PIXELS), width - HINT_PIXELS);
  return (
    <div className="tooltip timeline-hint" style={{ left }} aria-hidden="true">
      {text}
    </div>
  );
}

/** Zoom and pan with the wheel. */
function useWheel(
  plot: React.RefObject<HTMLDivElement | null>,
  zoom: (factor: number, at: number) => void,
  pan: (part: number) => void,
) {
  useEffect(() => {
    const element = plot.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const { left, width } = element.getBoundingClientRect();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(event.deltaX / width);
      else zoom(Math.exp(event.deltaY / 300), (event.clientX - left) / width);
    };
    // React listens passively, which cannot keep the page from scrolling.
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  });
}
