import { memo } from "react";
import { Link } from "wouter";

import { shownInterval, shownSeconds } from "../elements/durations";
import { Distance } from "../elements/Time";
import type { SparkTickFragment } from "../gql/graphql";
import { RunTag } from "../runs/RunTag";
import { TickTag } from "../ticks/TickTag";
import { sensorAddress } from "./address";
import type { LastRun, Row } from "./board";
import { ConditionTag } from "./ConditionTag";
import { kindNames, lagOf, reasonOf } from "./conditions";
import { SensorSwitch } from "./SensorSwitch";
import { Sparkline } from "./Sparkline";
import { Targets } from "./Targets";

interface SensorLineProps {
  row: Row;
  spark: readonly SparkTickFragment[] | undefined;
  lastRun: LastRun | null | undefined;
  selected: boolean;
  onSelect: (id: string, selected: boolean) => void;
}

/** One sensor in the overview. */
export const SensorLine = memo(function SensorLine({ row, spark, lastRun, selected, onSelect }: SensorLineProps) {
  const reason = reasonOf(row);
  const lag = lagOf(row, Date.now());
  return (
    <>
      <span role="cell" className="cell-check">
        <input
          type="checkbox"
          aria-label={`Select ${row.name}`}
          checked={selected}
          onChange={(event) => onSelect(row.id, event.target.checked)}
        />
      </span>
      <span role="cell" className="cell-name">
        <Link
          href={sensorAddress(row.codeLocation.name, row.name)}
          className="clip"
          title={row.description ? `${row.name}: ${row.description}` : row.name}
        >
          {row.name}
        </Link>
      </span>
      <span role="cell" className="cell-switch">
        <SensorSwitch id={row.id} name={row.name} status={row.status} />
      </span>
      <span role="cell" className="cell-condition row">
        <ConditionTag state={row} />
        <span className="reason soft" title={reason}>
          {reason}
        </span>
      </span>
      <span role="cell" className="cell-wide number soft">
        {lag >= 1 ? shownSeconds(lag) : "–"}
      </span>
      <span role="cell" className="cell-tick row">
        {row.lastTick ? (
          <>
            <TickTag tick={row.lastTick} />
            <span className="faint clip">
              <Distance at={row.lastTick.lastRepeatAt ?? row.lastTick.startedAt} />
            </span>
          </>
        ) : (
          <span className="faint">never</span>
        )}
      </span>
      <span role="cell" className="cell-wide">
        {spark && <Sparkline ticks={spark} />}
      </span>
      <span role="cell" className="cell-wide">
        {lastRun ? (
          <Link href={`/runs/${lastRun.id}`}>
            <span className="hidden">Last run of {row.name}: </span>
            <RunTag status={lastRun.status} />
          </Link>
        ) : (
          <span className="faint">–</span>
        )}
      </span>
      <span role="cell" className="cell-wide">
        <Targets targets={row.targets} location={row.codeLocation.name} />
      </span>
      <span role="cell" className="cell-wide cell-kind soft">
        <span className="clip">{kindNames[row.kind]}</span>
        <span className="clip">{shownInterval(row.minimumIntervalSeconds)}</span>
      </span>
    </>
  );
});
