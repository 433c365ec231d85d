import { type RefObject, useEffect, useRef } from "react";

import { type Chosen, draw, type Paint, type Span } from "./plot";
import type { Loaded } from "./useWindow";

/** What is looked at: `end` null follows the present. */
export interface View {
  length: number;
  end: number | null;
}

// The part of a live plot that is still to come.
const AHEAD = 0.06;

export function spanOf({ length, end }: View, now: number): Span {
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

function fit(element: HTMLCanvasElement, width: number, height: number) {
  if (element.width === width * devicePixelRatio && element.height === height * devicePixelRatio) return;
  element.width = width * devicePixelRatio;
  element.height = height * devicePixelRatio;
}

/** Draw what is looked at into the canvas, as often as it changes: a still picture once. */
export function useDrawing(canvas: RefObject<HTMLCanvasElement | null>, shown: Loaded, view: View, chosen: Chosen | null) {
  const scene = useRef({ shown, view, chosen });
  scene.current = { shown, view, chosen };
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    let frame = 0;
    let drawn = "";
    let drawnScene: typeof scene.current | null = null;
    const step = () => {
      frame = requestAnimationFrame(step);
      const { clientWidth: width, clientHeight: height } = element;
      const now = Date.now();
      const { shown: loaded, view: seen, chosen: marked } = scene.current;
      // A live picture is drawn as often as it moves by half a pixel.
      const moment = seen.end === null ? Math.floor(now / Math.max(16, seen.length / Math.max(1, width) / 2)) : 0;
      const state = [width, height, moment, document.documentElement.dataset.theme, devicePixelRatio].join();
      if ((state === drawn && scene.current === drawnScene) || width === 0) return;
      drawn = state;
      drawnScene = scene.current;
      fit(element, width, height);
      context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      const { ticks, buckets, width: bucketWidth } = loaded;
      const span = spanOf(seen, now);
      const paint = paintOf(element);
      draw(context, { ticks, buckets, bucketWidth, span, now, chosen: marked, width, height, paint });
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [canvas]);
}
