import { useQuery } from "urql";
import { Link } from "wouter";

import { Json } from "../elements/Block";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Graph } from "../elements/Graph";
import { Head, Loading } from "../elements/Page";
import { Time } from "../elements/Time";
import { graphql } from "../gql";
import type { AssetPageQuery } from "../gql/graphql";
import { RunTag } from "../runs/RunTag";
import { sensorAddress } from "../sensors/address";
import { assetAddress, assetName } from "./address";
import { type Figure, figures, path } from "./figures";

import "./assets.css";

const Query = graphql(`
  query AssetPage($key: [String!]!) {
    asset(key: $key) {
      id key description group
      dependsOn { id key dependsOn { id key } }
      sensors { id name codeLocation { id name } }
      materializations(first: 100) {
        edges { node { position at partitionKey metadata run { id status } } }
        pageInfo { hasNextPage }
      }
    }
  }
`);

type Asset = NonNullable<AssetPageQuery["asset"]>;

/** One asset: what it is made of, when it was produced, and what was noted about it over time. */
export default function AssetPage({ path: key }: { path: string[] }) {
  const [{ data, fetching, error }] = useQuery({ query: Query, variables: { key } });
  if (error && !data) {
    return (
      <div className="page">
        <Trouble message={error.message} />
      </div>
    );
  }
  if (fetching && !data) return <Loading />;
  const asset = data?.asset;
  if (!asset) return <Empty title={`There is no asset ${assetName(key)}`}>It may have been renamed or removed.</Empty>;
  const produced = asset.materializations.edges.map(({ node }) => node);
  const noted = figures(produced);
  return (
    <div className="page scrolls">
      <Head
        title={assetName(asset.key)}
        within={[["Assets", "/assets"]]}
        marks={asset.group && <span className="faint">{asset.group}</span>}
      />
      {asset.description && <p>{asset.description}</p>}
      <dl className="facts">
        <dt>Watched by</dt>
        <dd className="row wrap">
          {asset.sensors.length === 0 && <span className="faint">no sensor</span>}
          {asset.sensors.map((sensor) => (
            <Link key={sensor.id} href={sensorAddress(sensor.codeLocation.name, sensor.name)}>
              {sensor.name}
            </Link>
          ))}
        </dd>
      </dl>
      {asset.dependsOn.length > 0 && (
        <section className="panel" aria-label="Lineage">
          <header>
            <h2>Made of</h2>
          </header>
          <Graph label={`Lineage of ${assetName(asset.key)}`} nodes={lineage(asset)} />
        </section>
      )}
      {noted.length > 0 && (
        <div className="plots">
          {noted.map((figure) => (
            <Plot key={figure.name} figure={figure} />
          ))}
        </div>
      )}
      <Materializations produced={produced} isCut={asset.materializations.pageInfo.hasNextPage} />
    </div>
  );
}

function lineage(asset: Asset) {
  const nodes = new Map<string, { key: readonly string[]; dependsOn: string[] }>();
  nodes.set(asset.id, { key: asset.key, dependsOn: asset.dependsOn.map(({ id }) => id) });
  for (const before of asset.dependsOn) {
    nodes.set(before.id, { key: before.key, dependsOn: before.dependsOn.map(({ id }) => id) });
    for (const first of before.dependsOn) {
      if (!nodes.has(first.id)) nodes.set(first.id, { key: first.key, dependsOn: [] });
    }
  }
  return [...nodes].map(([id, { key, dependsOn }]) => ({
    id,
    title: assetName(key),
    href: assetAddress(key),
    dependsOn,
    tone: id === asset.id ? "here" : "",
  }));
}

const WIDTH = 260;
const HEIGHT = 56;

function Plot({ figure }: { figure: Figure }) {
  const values = figure.points.map(({ value }) => value);
  const last = values.at(-1) ?? 0;
  const range = `from ${Math.min(...values).toLocaleString()} to ${Math.max(...values).toLocaleString()}`;
  return (
    <figure className="panel plot">
      <figcaption className="row">
        <span className="soft clip">{figure.name}</span>
        <strong className="push number">{last.toLocaleString()}</strong>
      </figcaption>
      <svg viewBox={`-3 -3 ${WIDTH + 6} ${HEIGHT + 6}`} role="img" aria-label={`${figure.name}: ${values.length} values, ${range}`}>
        <path d={path(figure.points, WIDTH, HEIGHT)} />
      </svg>
      <span className="faint number">{range}</span>
    </figure>
  );
}

type Produced = Asset["materializations"]["edges"][number]["node"];

function Materializations({ produced, isCut }: { produced: readonly Produced[]; isCut: boolean }) {
  return (
    <section className="panel" aria-label="Materializations">
      <header>
        <h2>Produced</h2>
        <span className="faint number">{isCut ? "the latest 100" : produced.length}</span>
      </header>
      {produced.length === 0 ? (
        <Empty title="Never produced">Launch a run of it, or let a sensor ask for one.</Empty>
      ) : (
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Table of materializations">
          <table className="table">
            <thead>
              <tr>
                <th>When</th>
                <th>Run</th>
                <th>Partition</th>
                <th>Metadata</th>
              </tr>
            </thead>
            <tbody>
              {produced.map((each) => (
                <tr key={each.position}>
                  <td>
                    <Time at={each.at} />
                  </td>
                  <td>
                    {each.run ? (
                      <Link href={`/runs/${each.run.id}`}>
                        <span className="hidden">Run: </span>
                        <RunTag status={each.run.status} />
                      </Link>
                    ) : (
                      <span className="faint">–</span>
                    )}
                  </td>
                  <td className="mono">{each.partitionKey}</td>
                  <td>
                    {each.metadata !== null && (
                      <details>
                        <summary>Show</summary>
                        <Json value={each.metadata} label="Metadata" />
                      </details>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
