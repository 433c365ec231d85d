import { useState } from "react";

import { bounded, MINUTE, type Span, spanOf, type View } from "./span";

/** What of time is in sight, and the ways to change it. */
export interface Sight {
  view: View;
  /** Whether it stands still for somebody who points at it. */
  isHeld: boolean;
  /** Whether it moves with time by itself. */
  isLive: boolean;
  span: () => Span;
  setLength: (length: number) => void;
  /** Make the span `factor` times as long; what is at the part `at` of it stays where it is. */
  zoom: (factor: number, at?: number) => void;
  /** Move by a part of the span; beyond the present it follows that again. */
  pan: (part: number) => void;
  endAt: (end: number) => void;
  show: (span: Span) => void;
  follow: () => void;
  hold: (isHeld: boolean) => void;
}

export function useSight(length = 5 * MINUTE): Sight {
  const [view, setView] = useState<View>({ length, end: null });
  const [heldAt, setHeldAt] = useState<number | null>(null);
  const present = () => heldAt ?? Date.now();
  const ending = (before: View, end: number): View => ({ ...before, end: end >= Date.now() ? null : end });
  return {
    view,
    isHeld: heldAt !== null && view.end === null,
    isLive: view.end === null,
    span: () => spanOf(view, present()),
    setLength: (next) => setView((before) => ({ ...before, length: next })),
    zoom: (factor, at = 0.5) =>
      setView((before) => {
        const next = bounded(before.length * factor);
        if (before.end === null) return { length: next, end: null };
        const { from, to } = spanOf(before, Date.now());
        return { length: next, end: from + (to - from) * at + next * (1 - at) };
      }),
    pan: (part) => setView((before) => ending(before, spanOf(before, present()).to + before.length * part)),
    endAt: (end) => setView((before) => ending(before, end)),
    show: ({ from, to }) => setView({ length: bounded(to - from), end: to }),
    follow: () => {
      setHeldAt(null);
      setView((before) => ({ ...before, end: null }));
    },
    hold: (isHeld) => setHeldAt((before) => (isHeld ? (before ?? Date.now()) : null)),
  };
}
