import { type RefObject, useEffect, useRef } from "react";

import { type Frame, paintOf } from "./paint";
import type { Sight } from "./useSight";

export type Draw = (context: CanvasRenderingContext2D, frame: Frame) => void;

function fit(element: HTMLCanvasElement, width: number, height: number) {
  if (element.width === width * devicePixelRatio && element.height === height * devicePixelRatio) return;
  element.width = width * devicePixelRatio;
  element.height = height * devicePixelRatio;
}

const darkness = window.matchMedia("(prefers-color-scheme: dark)");

/** Draw into the canvas as often as what is in sight changes: a still picture once. */
export function useFrames(canvas: RefObject<HTMLCanvasElement | null>, sight: Sight, draw: Draw) {
  const scene = useRef({ sight, draw });
  scene.current = { sight, draw };
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    let frame = 0;
    let drawn = "";
    let drawnScene: typeof scene.current | null = null;
    let look = "";
    let paint = paintOf(element);
    const step = () => {
      frame = requestAnimationFrame(step);
      const { clientWidth: width, clientHeight: height } = element;
      const now = Date.now();
      const { sight: seen, draw: drawScene } = scene.current;
      // A live picture is drawn as often as it moves by half a pixel.
      const pixel = seen.view.length / Math.max(1, width);
      const moment = seen.isLive ? Math.floor(now / Math.max(16, pixel / 2)) : 0;
      const theme = `${document.documentElement.dataset.theme} ${darkness.matches}`;
      const state = [width, height, moment, theme, devicePixelRatio].join();
      if ((state === drawn && scene.current === drawnScene) || width === 0) return;
      drawn = state;
      drawnScene = scene.current;
      fit(element, width, height);
      context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      context.clearRect(0, 0, width, height);
      // To ask for its colours has the browser look at the styles of the page.
      if (look !== theme) paint = paintOf(element);
      look = theme;
      drawScene(context, { span: seen.span(), now, width, height, paint });
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [canvas]);
}
