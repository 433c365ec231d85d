import { useNow } from "../elements/clock";
import { shownSeconds } from "../elements/durations";
import { Tag } from "../elements/Tag";
import type { State } from "./board";

/** When a sensor is evaluated next, counting down. */
export function NextTick({ state }: { state: State }) {
  const now = useNow();
  if (state.nextTickAt === null) return null;
  if (state.condition.kind === "EVALUATING") return null;
  const seconds = (Date.parse(state.nextTickAt) - now) / 1_000;
  return (
    <Tag tone="idle" plain>
      <span className="number">
        {seconds > 0.5 ? `Next tick in ${shownSeconds(Math.max(1, Math.round(seconds)))}` : "Due now"}
      </span>
    </Tag>
  );
}
