import { useEffect, useRef, useState } from "react";

import { Button, IconButton } from "../elements/Button";
import { shownSeconds } from "../elements/durations";
import { shownMoment } from "../elements/Time";
import { draw, type Paint, type Span, tickAt, toX } from "./plot";
import { tickWords } from "./TickTag";
import type { Tick } from "./merging";
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
// The part of a live plot that is still to come.
const AHEAD = 0.06;

interface TimelineProps {
  sensorId: string;
  live: readonly Tick[];
  onOpen: (id: string) => void;
}

/** What is looked at: `end` null follows the present. */
interface View {
  length: number;
  end: number | null;
}

function spanOf({ length, end }: View, now: number): Span {
  const to = end ?? now + length * AHEAD;
  return { from: to - length, to };
}

function paintOf(element: Element): Paint {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    good: value("--good-fill"),
    bad: value("--bad-fill"),
    busy: value("--busy-fill"),
    idle: value("--idle-fill"),
    line: value("--line"),
    text: value("--text-soft"),
    now: value("--accent"),
    ground: value("--ground"),
  };
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
  const [chosen, setChosen] = useState<Tick | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const plot = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; end: number; moved: boolean } | null>(null);
  const { ticks, isCut, isLoading } = useWindow(sensorId, spanOf(view, Date.now()), view.end === null, live);
  const scene = useRef({ ticks, view, chosen });
  scene.current = { ticks, view, chosen };

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    let frame = 0;
    let drawn = "";
    const step = () => {
      frame = requestAnimationFrame(step);
      const { clientWidth: width, clientHeight: height } = element;
      const now = Date.now();
      const { ticks: shown, view: seen, chosen: marked } = scene.current;
      // A still picture is drawn once; a live one as often as it moves by half a pixel.
      const moment = seen.end === null ? Math.floor(now / Math.max(16, seen.length / Math.max(1, width) / 2)) : 0;
      const last = shown.at(-1);
      const theme = document.documentElement.dataset.theme;
      const state = [
        width,
        height,
        moment,
        seen.end,
        seen.length,
        shown.length,
        last?.id,
        last?.status,
        last?.repeats,
        marked?.id,
        theme,
        devicePixelRatio,
      ].join();
      if (state === drawn || width === 0) return;
      drawn = state;
      if (element.width !== width * devicePixelRatio || element.height !== height * devicePixelRatio) {
        element.width = width * devicePixelRatio;
        element.height = height * devicePixelRatio;
      }
      context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      const span = spanOf(seen, now);
      draw(context, { ticks: shown, span, now, chosen: marked, width, height, paint: paintOf(element) });
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, []);

  const width = () => plot.current?.clientWidth ?? 1;
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

  useEffect(() => {
    const element = plot.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const { left, width: wide } = element.getBoundingClientRect();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(event.deltaX / wide);
      else zoom(Math.exp(event.deltaY / 300), (event.clientX - left) / wide);
    };
    // React listens passively, which cannot keep the page from scrolling.
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  });

  const xOf = (event: { clientX: number }) => event.clientX - (plot.current?.getBoundingClientRect().left ?? 0);
  const walk = (steps: number) => {
    const index = chosen ? ticks.findIndex((tick) => tick.id === chosen.id) : ticks.length - (steps > 0 ? 1 : 0);
    const next = ticks[Math.min(ticks.length - 1, Math.max(0, index + steps))];
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
      Enter: () => chosen && onOpen(chosen.id),
      Escape: () => setChosen(null),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const hintX = chosen ? toX(Date.parse(chosen.startedAt), spanOf(view, Date.now()), width()) : 0;
  return (
    <section className="panel timeline" aria-label="Timeline">
      <header>
        <h2>Timeline</h2>
        <span className="faint" role="status">
          {isLoading ? "Loading …" : isCut ? "The latest 1,000 ticks; zoom in to see the others" : ""}
        </span>
        <span className="row push" style={{ gap: 2 }}>
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
          <IconButton small icon="refresh" label="Back to now" onClick={() => setView({ ...view, end: null })} />
        </span>
      </header>
      <div
        ref={plot}
        className="timeline-plot"
        role="application"
        aria-roledescription="timeline"
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
          if (from && Math.abs(x - from.x) > 3) {
            from.moved = true;
            const end = from.end - ((x - from.x) / width()) * view.length;
            setView({ ...view, end: end >= Date.now() ? null : end });
          } else if (!from) {
            setChosen(tickAt(ticks, x, spanOf(view, Date.now()), width()));
          }
        }}
        onPointerUp={(event) => {
          const tick = tickAt(ticks, xOf(event), spanOf(view, Date.now()), width());
          if (!drag.current?.moved && tick) onOpen(tick.id);
          drag.current = null;
        }}
        onPointerLeave={() => {
          if (!drag.current) setChosen(null);
        }}
      >
        <canvas ref={canvas} aria-hidden="true" />
        {chosen && (
          <div className="tooltip timeline-hint" style={{ left: Math.min(Math.max(hintX, 150), width() - 150) }}>
            {words(chosen)}
          </div>
        )}
        <span className="hidden" role="status">
          {chosen ? words(chosen) : ""}
        </span>
      </div>
    </section>
  );
}
