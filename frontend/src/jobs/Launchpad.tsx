import { lazy, Suspense, useState } from "react";
import { useLocation } from "wouter";

import { useMay } from "../access/viewer";
import { messageOf, mutate } from "../api/mutate";
import { Json } from "../elements/Block";
import { Button } from "../elements/Button";
import { Trouble } from "../elements/ErrorBox";
import { Loading } from "../elements/Page";
import { say } from "../elements/toasts";
import { graphql } from "../gql";
import { emptyConfig, filledFrom, parsedTags } from "./filled";
import { PartitionField } from "./PartitionField";

const ConfigEditor = lazy(() => import("./ConfigEditor"));

const Launch = graphql(`
  mutation LaunchRun($input: LaunchRunInput!) {
    launchRun(input: $input) { run { id } errors { __typename message path } }
  }
`);

/** Where a run is put together by hand: its config against the job's schema, its tags, its partition. */
export default function Launchpad({ jobId, schema }: { jobId: string; schema: unknown }) {
  const [filled] = useState(() => filledFrom(window.location.hash));
  const [config, setConfig] = useState(() => JSON.stringify(filled.runConfig ?? emptyConfig(schema), null, 2));
  const [tags, setTags] = useState(() => filled.tags.map(({ key, value }) => `${key}=${value}`).join("\n"));
  const [partition, setPartition] = useState(filled.partitionKey ?? "");
  const [runKey, setRunKey] = useState("");
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [, go] = useLocation();
  const mayNot = useMay("launchRun");
  const launch = async () => {
    setBusy(true);
    setTrouble(null);
    try {
      const { run } = await mutate(Launch, {
        jobId,
        runConfig: JSON.parse(config || "{}"),
        tags: parsedTags(tags),
        partitionKey: partition || null,
        runKey: runKey || null,
        assetSelection: filled.assetSelection ?? null,
      });
      say("Launched");
      if (run) go(`/runs/${run.id}`);
    } catch (error) {
      setTrouble(error instanceof SyntaxError ? `The config is no JSON: ${error.message}` : messageOf(error));
    }
    setBusy(false);
  };
  return (
    <form
      className="launchpad"
      onSubmit={(event) => {
        event.preventDefault();
        void launch();
      }}
    >
      <div className="stack tight">
        <span className="label">Config</span>
        <Suspense fallback={<Loading />}>
          <ConfigEditor value={config} schema={schema} onChange={setConfig} onProblems={setProblems} />
        </Suspense>
        {problems.length > 0 && (
          <ul className="error panel-body" aria-label="Problems of the config">
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        )}
      </div>
      <div className="stack">
        <div className="field">
          <label htmlFor="tags">Tags, one a line: key=value</label>
          <textarea
            id="tags"
            className="textarea"
            value={tags}
            spellCheck={false}
            onChange={(event) => setTags(event.target.value)}
          />
        </div>
        <PartitionField jobId={jobId} value={partition} onChange={setPartition} />
        <div className="field">
          <label htmlFor="run-key">Run key: makes the run the only one of its key</label>
          <input id="run-key" className="input" value={runKey} onChange={(event) => setRunKey(event.target.value)} />
        </div>
        {schema !== null && schema !== undefined && (
          <details>
            <summary>Schema of the config</summary>
            <Json value={schema} label="Schema" />
          </details>
        )}
        {trouble && <Trouble message={trouble} />}
        <span>
          <Button type="submit" look="primary" icon="play" disabled={isBusy} refused={mayNot}>
            Launch
          </Button>
        </span>
      </div>
    </form>
  );
}
