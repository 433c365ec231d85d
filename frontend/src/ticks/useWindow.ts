import { useEffect, useState } from "react";

import type { Span } from "./plot";
import type { Tick } from "./merging";
import { tickPage } from "./ticks";

// 1,000 ticks: more bars than that are no longer told apart.
const PAGES = 10;
const PAGE = 100;
const SETTLE_MILLISECONDS = 150;

export interface Loaded {
  ticks: readonly Tick[];
  /** Whether older ticks of the span are left out, as there are too many to draw. */
  isCut: boolean;
  isLoading: boolean;
}

/** Read the ticks of a span once it rests; those that came live are in `live`. */
export function useWindow(sensorId: string, span: Span, isLive: boolean, live: readonly Tick[]): Loaded {
  const [loaded, setLoaded] = useState<Loaded>({ ticks: [], isCut: false, isLoading: true });
  const length = span.to - span.from;
  // While live, the span moves with time: what comes by itself need not be read again.
  const key = isLive ? `live ${length}` : `${span.from} ${span.to}`;
  useEffect(() => {
    let isWanted = true;
    const read = async () => {
      setLoaded((before) => ({ ...before, isLoading: true }));
      const filter = {
        since: new Date(span.from).toISOString(),
        ...(!isLive && { until: new Date(span.to).toISOString() }),
      };
      const ticks: Tick[] = [];
      let after: string | null = null;
      for (let page = 0; page < PAGES && isWanted; page++) {
        const { ticks: more, next } = await tickPage(sensorId, filter, PAGE, after);
        ticks.push(...more);
        after = next;
        if (isWanted) setLoaded({ ticks: [...ticks], isCut: false, isLoading: after !== null });
        if (after === null) break;
      }
      if (isWanted) setLoaded({ ticks, isCut: after !== null, isLoading: false });
    };
    const timer = setTimeout(() => void read().catch(() => undefined), SETTLE_MILLISECONDS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key stands for the span
  }, [sensorId, key]);
  const byNumber = new Map(loaded.ticks.map((tick) => [tick.number, tick]));
  for (const tick of live) {
    if (byNumber.get(tick.number)?.status !== tick.status || tick.repeats > 0) byNumber.set(tick.number, tick);
  }
  return { ...loaded, ticks: [...byNumber.values()].sort((a, b) => a.number - b.number) };
}
