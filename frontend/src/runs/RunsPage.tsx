import { Choice } from "../elements/Choice";
import { Head } from "../elements/Page";
import { useParameter } from "../elements/query";
import { Search } from "../elements/Search";
import { Tabs } from "../elements/Tabs";
import type { RunFilter, RunStatus } from "../gql/graphql";
import { RunList } from "./RunList";
import { runStatusNames } from "./RunTag";
import { RunTimeline } from "./RunTimeline";

import "./runs.css";

/** Return the tags of "team=data kind". */
function tagsOf(text: string) {
  return text
    .split(/\s+/)
    .filter(Boolean)
    .map((pair) => {
      const [key = "", value] = pair.split("=", 2);
      return { key, value: value ?? null };
    });
}

/** Every run: as a list, the latest first, or over time. */
export default function RunsPage() {
  const [view] = useParameter("view");
  return (
    <div className="page scrolls">
      <Head title="Runs" />
      <Tabs
        label="Views"
        current={view || "list"}
        tabs={[
          ["list", "List", "/runs"],
          ["timeline", "Timeline", "/runs?view=timeline"],
        ]}
      />
      {view === "timeline" ? <OverTime /> : <Listed />}
    </div>
  );
}

function OverTime() {
  const [search, setSearch] = useParameter("q");
  return (
    <>
      <div className="row wrap">
        <Search label="Search jobs" value={search} onChange={setSearch} />
      </div>
      <RunTimeline search={search} />
    </>
  );
}

function Listed() {
  const [job, setJob] = useParameter("job");
  const [status, setStatus] = useParameter("status");
  const [key, setKey] = useParameter("key");
  const [tag, setTag] = useParameter("tag");
  const tags = tagsOf(tag);
  const filter: RunFilter = {
    ...(job && { jobName: job }),
    ...(status && { status: [status as RunStatus] }),
    ...(key && { runKey: key }),
    ...(tags.length > 0 && { tag: tags }),
  };
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <>
      <div className="row wrap">
        <Search label="Job, by its whole name" value={job} onChange={setJob} />
        <Choice label="Status" value={status} options={Object.entries(runStatusNames)} onChange={setStatus} />
        <input
          className="input"
          aria-label="Run key"
          placeholder="Run key"
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <input
          className="input"
          aria-label="Tags"
          placeholder="Tags: team=data"
          value={tag}
          onChange={(event) => setTag(event.target.value)}
        />
      </div>
      <RunList
        filter={filter}
        empty={
          isFiltered
            ? "Clear a filter to see more runs."
            : "Runs begin when a sensor asks for them, or from the launchpad of a job."
        }
      />
    </>
  );
}
