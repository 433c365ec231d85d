import { useMemo, useState } from "react";

import { useMay } from "../access/viewer";
import { Button } from "../elements/Button";
import { Choice } from "../elements/Choice";
import { useNow } from "../elements/clock";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Head, Loading } from "../elements/Page";
import { useParameter } from "../elements/query";
import { Search } from "../elements/Search";
import { BulkDialog } from "./BulkDialog";
import { conditionNames, kindNames } from "./conditions";
import { chosen, type Filters, grouped, SORTS } from "./filters";
import type { Change } from "./mutations";
import { SensorList } from "./SensorList";
import { Troubles, useTroubles } from "./Troubles";
import { useBoard } from "./useBoard";

import "./overview.css";

function useFilters() {
  const [search, setSearch] = useParameter("q");
  const [location, setLocation] = useParameter("location");
  const [status, setStatus] = useParameter("status");
  const [kind, setKind] = useParameter("kind");
  const [condition, setCondition] = useParameter("condition");
  const [tag, setTag] = useParameter("tag");
  const [sort, setSort] = useParameter("sort");
  const values: Filters = { search, location, status, kind, condition, tag, sort };
  return { values, setSearch, setLocation, setStatus, setKind, setCondition, setTag, setSort };
}

const EXAMPLE = `from vedette import RunRequest, job, op, sensor

@op
def hello(context):
    context.log.info("hello")

@job
def greets():
    hello()

@sensor(job=greets, minimum_interval_seconds=30)
def arrivals():
    yield RunRequest(run_key="first")`;

const asPairs = <Key extends string>(names: Record<Key, string>) => Object.entries(names) as [Key, string][];

/** Every sensor: what needs attention first. */
export function OverviewPage() {
  const { board, isLoading, trouble, reload } = useBoard();
  const troubles = useTroubles();
  const filters = useFilters();
  const { values } = filters;
  const now = useNow();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [bulk, setBulk] = useState<Change | null>(null);

  const second = values.sort === "lag" ? now : 0;
  const rows = useMemo(
    () => chosen(board.rows.values(), values, second || now),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the board's version stands for its rows
    [board.version, second, ...Object.values(values)],
  );
  const lines = useMemo(() => grouped(rows, folded), [rows, folded]);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- their number stands for the rows
  const { locations, tags } = useMemo(() => choices(board.rows.values()), [board.rows.size]);
  const refused = { start: useMay("startSensors"), stop: useMay("stopSensors"), reset: useMay("resetSensors") };
  const picked = rows.filter((row) => selected.has(row.id));

  const toggled = (set: ReadonlySet<string>, key: string, isIn: boolean) => {
    const after = new Set(set);
    if (isIn) after.add(key);
    else after.delete(key);
    return after;
  };
  const total = board.rows.size;
  return (
    <div className="page">
      <Head
        title="Sensors"
        marks={
          <span className="faint number" role="status">
            {rows.length === total ? total : `${rows.length} of ${total}`}
            {isLoading && " …"}
          </span>
        }
      >
        {picked.length > 0 && (
          <span className="row bulk-bar" role="toolbar" aria-label="Selected sensors">
            <span className="number">{picked.length.toLocaleString()} selected</span>
            <Button small refused={refused.start} onClick={() => setBulk("start")}>
              Start
            </Button>
            <Button small refused={refused.stop} onClick={() => setBulk("stop")}>
              Stop
            </Button>
            <Button small refused={refused.reset} onClick={() => setBulk("reset")}>
              Reset
            </Button>
            <Button small look="quiet" onClick={() => setSelected(new Set())}>
              Clear
            </Button>
          </span>
        )}
      </Head>
      <div className="row wrap">
        <Search label="Search sensors" value={values.search} onChange={filters.setSearch} />
        <Choice
          label="Condition"
          value={values.condition}
          options={asPairs(conditionNames)}
          onChange={filters.setCondition}
        />
        <Choice
          label="Status"
          value={values.status}
          options={[
            ["RUNNING", "On"],
            ["STOPPED", "Off"],
          ]}
          onChange={filters.setStatus}
        />
        <Choice label="Kind" value={values.kind} options={asPairs(kindNames)} onChange={filters.setKind} />
        {(locations.length > 1 || values.location) && (
          <Choice label="Location" value={values.location} options={locations} onChange={filters.setLocation} />
        )}
        {(tags.length > 0 || values.tag) && (
          <Choice label="Tag" value={values.tag} options={tags} onChange={filters.setTag} />
        )}
        <label className="row soft">
          Sort
          <select
            className="select"
            value={values.sort || "name"}
            onChange={(event) => filters.setSort(event.target.value === "name" ? null : event.target.value)}
          >
            {SORTS.map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {trouble && <Trouble message={trouble} onRetry={reload} />}
      <Troubles troubles={troubles} />
      {total === 0 && isLoading && <Loading />}
      {total === 0 && !isLoading && !trouble && troubles?.unloaded.length === 0 && (
        <Empty title="No sensors yet" code={EXAMPLE}>
          A sensor is a Python function that watches something and asks for runs of a job. Write one, and serve its file
          with vedette dev.
        </Empty>
      )}
      {total > 0 && rows.length === 0 && (
        <Empty title="No sensor matches">Clear the search or a filter to see more of the {total} sensors.</Empty>
      )}
      {rows.length > 0 && (
        <SensorList
          board={board}
          lines={lines}
          selected={selected}
          onSelect={(id, isIn) => setSelected((before) => toggled(before, id, isIn))}
          onSelectAll={(isIn) => setSelected(isIn ? new Set(rows.map(({ id }) => id)) : new Set())}
          onFold={(group) => setFolded((before) => toggled(before, group, !before.has(group)))}
        />
      )}
      {bulk && (
        <BulkDialog
          what={bulk}
          sensors={picked}
          onClose={() => {
            setBulk(null);
            setSelected(new Set());
          }}
        />
      )}
    </div>
  );
}

type Rows = Iterable<{ codeLocation: { name: string }; tags: readonly { key: string; value: string }[] }>;

/** Return what there is to choose from. */
function choices(rows: Rows): { locations: [string, string][]; tags: [string, string][] } {
  const locations = new Set<string>();
  const tags = new Set<string>();
  for (const row of rows) {
    locations.add(row.codeLocation.name);
    for (const { key, value } of row.tags) tags.add(`${key}=${value}`);
  }
  const pairs = (names: Set<string>) => [...names].sort().map((name): [string, string] => [name, name]);
  return { locations: pairs(locations), tags: pairs(tags) };
}
