import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useRef } from "react";

import { Icon } from "../elements/Icon";
import type { Board } from "./board";
import type { Line } from "./filters";
import { SensorLine } from "./SensorLine";
import { useSparks } from "./useSparks";

interface SensorListProps {
  board: Board;
  lines: readonly Line[];
  selected: ReadonlySet<string>;
  onSelect: (id: string, selected: boolean) => void;
  onSelectAll: (selected: boolean) => void;
  onFold: (group: string) => void;
}

const ROW_PIXELS = 36;
const HEADS = [
  "Name",
  "On",
  "Condition",
  "Lag",
  "Last tick",
  "Recent ticks",
  "Last run",
  "Targets",
  "Kind",
];

/** Thousands of sensors, of which those in sight are drawn. */
export function SensorList({ board, lines, selected, onSelect, onSelectAll, onFold }: SensorListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  // A new function would have every row measured anew.
  const keyOf = useCallback(
    (index: number) => {
      const line = lines[index];
      return line === undefined ? index : "row" in line ? line.row.id : `group ${line.group}`;
    },
    [lines],
  );
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    getItemKey: keyOf,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const inSight = items.flatMap(({ index }) => {
    const line = lines[index];
    return line && "row" in line ? [line.row.id] : [];
  });
  useSparks(board, inSight);
  const rows = lines.filter((line) => "row" in line).length;
  return (
    <div
      ref={scroller}
      className="panel sensor-list"
      role="table"
      aria-label="Sensors"
      aria-rowcount={rows}
      tabIndex={0}
    >
      <div role="row" className="sensor-line grid-head">
        <span role="columnheader" className="cell-check">
          <input
            type="checkbox"
            aria-label="Select all that are listed"
            checked={rows > 0 && selected.size >= rows}
            onChange={(event) => onSelectAll(event.target.checked)}
          />
        </span>
        {HEADS.map((head, index) => (
          <span key={head} role="columnheader" className={heads[index] ?? "cell-wide"}>
            {head}
          </span>
        ))}
      </div>
      <div role="rowgroup" className="sensor-body" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const line = lines[item.index];
          if (line === undefined) return null;
          const style = { transform: `translateY(${item.start}px)` };
          if (!("row" in line)) {
            return (
              <div key={item.key} role="row" className="sensor-group" style={style}>
                <span role="cell">
                  <button type="button" aria-expanded={!line.folded} onClick={() => onFold(line.group)}>
                    <Icon name="chevron" size={12} />
                    {line.group}
                    <span className="faint number">{line.count}</span>
                  </button>
                </span>
              </div>
            );
          }
          return (
            <div key={item.key} role="row" className="sensor-line" style={style}>
              <SensorLine
                row={line.row}
                spark={board.sparks.get(line.row.id)}
                lastRun={board.lastRuns.get(line.row.id)}
                selected={selected.has(line.row.id)}
                onSelect={onSelect}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

const heads = ["cell-name", "cell-switch", "cell-condition", "cell-wide", "cell-tick"];
