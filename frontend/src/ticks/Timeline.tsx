import { useState } from "react";

import { shownSeconds } from "../elements/durations";
import { Trouble } from "../elements/ErrorBox";
import { shownMoment } from "../elements/Time";
import { type Place, Plot } from "../timeline/Plot";
import { SightBar } from "../timeline/SightBar";
import { LEAST } from "../timeline/span";
import type { Sight } from "../timeline/useSight";
import { bucketAt, bucketWords } from "./buckets";
import type { Tick } from "./merging";
import { type Chosen, draw, tickAt } from "./plot";
import { tickWords } from "./TickTag";
import { useWindow } from "./useWindow";

interface TimelineProps {
  sensorId: string;
  sight: Sight;
  live: readonly Tick[];
  /** The tick that is pointed at, here or in a table. */
  pointed: string | null;
  onPoint: (id: string | null) => void;
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

/** A sensor's ticks over time, live: arrows walk from tick to tick; what is pointed at is marked in the tables. */
export function Timeline({ sensorId, sight, live, pointed, onPoint, onOpen }: TimelineProps) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const loaded = useWindow(sensorId, sight.span(), sight.isLive, live);
  const { ticks, buckets, width: bucketWidth, isLoading, trouble } = loaded;
  const choose = (next: Chosen | null) => {
    if (keyOf(next) === keyOf(chosen)) return;
    setChosen(next);
    onPoint(next && "tick" in next ? next.tick.id : null);
  };
  const at = ({ x, span, width }: Place): Chosen | null => {
    if (buckets) {
      const bucket = bucketAt(buckets, bucketWidth, x, span, width);
      return bucket && { bucket };
    }
    const tick = tickAt(ticks, x, span, width);
    return tick && { tick };
  };
  const open = (what: Chosen | null) => {
    if (what === null) return;
    if ("tick" in what) onOpen(what.tick.id);
    else {
      sight.show({ from: what.bucket.at, to: what.bucket.at + Math.max(LEAST, bucketWidth) });
      choose(null);
    }
  };
  const walk = (steps: number) => {
    const all: readonly Chosen[] = buckets ? buckets.map((bucket) => ({ bucket })) : ticks.map((tick) => ({ tick }));
    const index = chosen ? all.findIndex((each) => keyOf(each) === keyOf(chosen)) : all.length - (steps > 0 ? 1 : 0);
    const next = all[Math.min(all.length - 1, Math.max(0, index + steps))];
    if (next) choose(next);
  };
  const onKey = (event: React.KeyboardEvent): boolean => {
    const keys: Record<string, () => void> = {
      ArrowLeft: () => walk(-1),
      ArrowRight: () => walk(1),
      Enter: () => open(chosen),
      Escape: () => choose(null),
    };
    keys[event.key]?.();
    return event.key in keys;
  };
  const told = chosen && {
    text: "tick" in chosen ? words(chosen.tick) : bucketWords(chosen.bucket, bucketWidth),
    at: "tick" in chosen ? Date.parse(chosen.tick.startedAt) : chosen.bucket.at,
  };
  const counted = buckets ? `Counted per ${shownSeconds(bucketWidth / 1_000)}; click a bar to zoom in` : "";
  return (
    <section className="panel timeline" aria-label="Timeline">
      <SightBar title="Timeline" sight={sight} status={isLoading ? "Loading …" : counted} />
      {trouble && <Trouble message={trouble} />}
      <Plot
        label="Ticks over time. Arrows walk from tick to tick, Enter opens one, plus and minus zoom, Shift and arrows move, End goes back to now."
        sight={sight}
        draw={(context, frame) => draw(context, { ...frame, ticks, buckets, bucketWidth, chosen, pointed })}
        isLoading={isLoading}
        told={told}
        onPoint={(place) => choose(place && at(place))}
        onPress={(place) => open(at(place))}
        onKey={onKey}
      />
    </section>
  );
}

function keyOf(chosen: Chosen | null): string {
  if (chosen === null) return "";
  return "tick" in chosen ? chosen.tick.id : String(chosen.bucket.at);
}
