import { useState } from "react";
import { Link, useLocation } from "wouter";

import { useMay } from "../access/viewer";
import { messageOf, mutate } from "../api/mutate";
import { Button } from "../elements/Button";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Graph } from "../elements/Graph";
import { Head, Loading } from "../elements/Page";
import { KeyValues, Tag } from "../elements/Tag";
import { complain, say } from "../elements/toasts";
import { graphql } from "../gql";
import { jobAddress, jobTitle } from "../jobs/address";
import { sensorAddress } from "../sensors/address";
import { assetName } from "./address";
import { Checks } from "./Checks";
import { figures } from "./figures";
import { lineage } from "./lineage";
import { Materializations } from "./Materializations";
import { Plot } from "./Plot";
import { type Asset, useAsset } from "./useAsset";

import "./assets.css";

const Launch = graphql(`
  mutation MaterializeAsset($input: LaunchRunInput!) {
    launchRun(input: $input) { run { id } errors { __typename message path } }
  }
`);

/** One asset: what it is made of and what of it, when it was produced, and what was noted about it over time. */
export default function AssetPage({ path: key }: { path: string[] }) {
  const { asset, isLoading, trouble } = useAsset(key);
  if (trouble) {
    return (
      <div className="page">
        <Trouble message={trouble} />
      </div>
    );
  }
  if (isLoading) return <Loading />;
  if (!asset) {
    return (
      <Empty page title={`There is no asset ${assetName(key)}`}>
        It may have been renamed or removed.
      </Empty>
    );
  }
  const produced = asset.materializations.edges.map(({ node }) => node);
  const noted = figures(produced);
  const around = lineage(asset);
  return (
    <div className="page scrolls">
      <Head
        title={assetName(asset.key)}
        within={[["Assets", "/assets"]]}
        marks={
          <>
            {asset.group && (
              <Tag tone="idle" plain>
                {asset.group}
              </Tag>
            )}
            {!asset.isExecutable && (
              <Tag tone="idle" plain>
                made elsewhere
              </Tag>
            )}
          </>
        }
      >
        {asset.isExecutable && <Produce asset={asset} />}
      </Head>
      {asset.description && <p>{asset.description}</p>}
      <Facts asset={asset} />
      {around.length > 1 && (
        <section className="panel" aria-label="Lineage">
          <header>
            <h2>Lineage</h2>
            <span className="faint">two steps each way</span>
          </header>
          <Graph label={`Lineage of ${assetName(asset.key)}`} nodes={around} />
        </section>
      )}
      {asset.checks.length > 0 && <Checks checks={asset.checks} />}
      {noted.length > 0 && (
        <div className="plots">
          {noted.map((figure) => (
            <Plot key={figure.name} figure={figure} />
          ))}
        </div>
      )}
      <Materializations
        produced={produced}
        isCut={asset.materializations.pageInfo.hasNextPage}
        description={asset.description}
      />
    </div>
  );
}

function Produce({ asset }: { asset: Asset }) {
  const [isBusy, setBusy] = useState(false);
  const [, go] = useLocation();
  const mayNot = useMay("launchRun");
  const launch = async () => {
    setBusy(true);
    try {
      const { run } = await mutate(Launch, { assetSelection: [[...asset.key]] });
      say("Launched");
      if (run) go(`/runs/${run.id}`);
    } catch (error) {
      complain(`${assetName(asset.key)} is not produced`, messageOf(error));
    }
    setBusy(false);
  };
  return (
    <Button icon="play" disabled={isBusy} refused={mayNot} onClick={launch}>
      Produce now
    </Button>
  );
}

type Sensor = Asset["sensors"][number];

function Sensors({ sensors }: { sensors: readonly Sensor[] }) {
  return (
    <dd className="row wrap">
      {sensors.length === 0 && <span className="faint">no sensor</span>}
      {sensors.map((sensor) => (
        <Link key={sensor.id} href={sensorAddress(sensor.codeLocation.name, sensor.name)}>
          {sensor.name}
        </Link>
      ))}
    </dd>
  );
}

function Facts({ asset }: { asset: Asset }) {
  return (
    <dl className="facts">
      <dt>Watched by</dt>
      <Sensors sensors={asset.watchedBy} />
      <dt>Asked for by</dt>
      <Sensors sensors={asset.sensors} />
      <dt>Jobs</dt>
      <dd className="row wrap">
        {asset.jobs.map((job) => (
          <Link key={job.id} href={jobAddress(job.codeLocation.name, job.name)}>
            {jobTitle(job.name)}
          </Link>
        ))}
        {asset.jobs.length === 0 && <span className="faint">none produces it</span>}
      </dd>
      {asset.owners.length > 0 && (
        <>
          <dt>Owners</dt>
          <dd>{asset.owners.join(", ")}</dd>
        </>
      )}
      {asset.kinds.length + asset.tags.length > 0 && (
        <>
          <dt>Tags</dt>
          <dd>
            <KeyValues tags={[...asset.kinds.map((kind) => ({ key: "kind", value: kind })), ...asset.tags]} />
          </dd>
        </>
      )}
      {asset.codeVersion && (
        <>
          <dt>Code version</dt>
          <dd className="mono">{asset.codeVersion}</dd>
        </>
      )}
    </dl>
  );
}
