import { type ReactNode, useEffect, useRef } from "react";

import { type Span, toX } from "./span";
import { type Draw, useFrames } from "./useFrames";
import type { Sight } from "./useSight";

import "./timeline.css";

/** Where somebody points: in pixels from the plot's corner. */
export interface Place {
  x: number;
  y: number;
  width: number;
  span: Span;
}

interface PlotProps {
  /** What it shows and how it is gone about with the keyboard. */
  label: string;
  sight: Sight;
  draw: Draw;
  isLoading: boolean;
  height?: number;
  /** What is told of what is chosen, and where (milliseconds since the epoch, pixels from the top). */
  told: { text: string; at: number; y?: number } | null;
  onPoint: (place: Place | null) => void;
  /** Somebody pressed where they point. */
  onPress: (place: Place) => void;
  /** Keys that are not about time: whether it was one. */
  onKey: (event: React.KeyboardEvent) => boolean;
  children?: ReactNode;
}

const DRAG_PIXELS = 3;
const HINT_PIXELS = 170;

/** Time from left to right, drawn into a canvas: the wheel and + − zoom, dragging pans, pointing holds it still. */
export function Plot(props: PlotProps) {
  const { label, sight, draw, isLoading, height, told, onPoint, onPress, onKey } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const plot = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; end: number; moved: boolean } | null>(null);
  useFrames(canvas, sight, draw);
  useWheel(plot, sight, height !== undefined);
  const width = () => plot.current?.clientWidth ?? 1;
  const placeOf = (event: { clientX: number; clientY: number }): Place => {
    const box = plot.current?.getBoundingClientRect() ?? { left: 0, top: 0 };
    return { x: event.clientX - box.left, y: event.clientY - box.top, width: width(), span: sight.span() };
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const keys: Record<string, () => void> = {
      "+": () => sight.zoom(0.5),
      "=": () => sight.zoom(0.5),
      "-": () => sight.zoom(2),
      End: sight.follow,
      ...(event.shiftKey && { ArrowLeft: () => sight.pan(-0.25), ArrowRight: () => sight.pan(0.25) }),
    };
    const act = keys[event.key];
    act?.();
    if (act || onKey(event)) event.preventDefault();
  };
  const onMove = (event: React.PointerEvent) => {
    const place = placeOf(event);
    const from = drag.current;
    if (!from) {
      if (event.pointerType === "mouse") sight.hold(true);
      onPoint(place);
    } else if (from.moved || Math.abs(place.x - from.x) > DRAG_PIXELS) {
      from.moved = true;
      sight.endAt(from.end - ((place.x - from.x) / width()) * sight.view.length);
    }
  };
  return (
    <div
      ref={plot}
      className="plot"
      style={height === undefined ? undefined : { height }}
      role="application"
      aria-roledescription="timeline"
      aria-busy={isLoading}
      aria-label={label}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { x: placeOf(event).x, end: sight.span().to, moved: false };
      }}
      onPointerMove={onMove}
      onPointerUp={(event) => {
        if (drag.current && !drag.current.moved) onPress(placeOf(event));
        drag.current = null;
      }}
      onPointerCancel={() => {
        drag.current = null;
      }}
      onPointerLeave={() => {
        sight.hold(false);
        if (!drag.current) onPoint(null);
      }}
    >
      <canvas ref={canvas} aria-hidden="true" />
      {told && <Hint text={told.text} x={toX(told.at, sight.span(), width())} y={told.y} width={width()} />}
      <span className="hidden" role="status">
        {told?.text}
      </span>
    </div>
  );
}

function Hint({ text, x, y, width }: { text: string; x: number; y: number | undefined; width: number }) {
  const left = width < 2 * HINT_PIXELS ? width / 2 : Math.min(Math.max(x, HINT_PIXELS), width - HINT_PIXELS);
  return (
    <div className="tooltip plot-hint" style={{ left, insetBlockStart: y ?? 4 }} aria-hidden="true">
      {text}
    </div>
  );
}

/** Zoom and pan with the wheel; where the page may have to be scrolled past the plot, it zooms with Ctrl alone. */
function useWheel(plot: React.RefObject<HTMLDivElement | null>, sight: Sight, isTall: boolean) {
  useEffect(() => {
    const element = plot.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (isTall && !isSideways && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, width } = element.getBoundingClientRect();
      if (isSideways) sight.pan(event.deltaX / width);
      else sight.zoom(Math.exp(event.deltaY / 300), (event.clientX - left) / width);
    };
    // React listens passively, which cannot keep the page from scrolling.
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  });
}
