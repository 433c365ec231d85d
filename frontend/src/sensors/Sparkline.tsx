import { memo } from "react";

import type { SparkTickFragment } from "../gql/graphql";

export const SPARK_TICKS = 24;
const WIDTH = 5;
const HEIGHT = 18;

// Told apart by height as well as by colour.
const heights = { SKIPPED: 5, SUCCESS: 13, FAILURE: 18, STARTED: 10 } as const;
const fills = {
  SKIPPED: "var(--idle-fill)",
  SUCCESS: "var(--good-fill)",
  FAILURE: "var(--bad-fill)",
  STARTED: "var(--busy-fill)",
} as const;

function summary(ticks: readonly SparkTickFragment[]): string {
  const count = (status: string) => ticks.filter((tick) => tick.status === status).length;
  return `Last ${ticks.length} ticks: ${count("SUCCESS")} with runs, ${count("SKIPPED")} skipped, ${count("FAILURE")} failed`;
}

/** The latest ticks of a sensor, the newest at the right. */
export const Sparkline = memo(function Sparkline({ ticks }: { ticks: readonly SparkTickFragment[] }) {
  if (ticks.length === 0) return <span className="faint">–</span>;
  return (
    <svg width={SPARK_TICKS * WIDTH} height={HEIGHT} role="img" aria-label={summary(ticks)}>
      {ticks.map((tick, index) => (
        <rect
          key={tick.id}
          x={(SPARK_TICKS - ticks.length + index) * WIDTH}
          y={HEIGHT - heights[tick.status]}
          width={WIDTH - 1}
          height={heights[tick.status]}
          fill={fills[tick.status]}
          rx={1}
        />
      ))}
    </svg>
  );
});
