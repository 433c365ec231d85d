import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";

import { client } from "../api/client";
import { messageOf } from "../api/mutate";
import { Choice } from "../elements/Choice";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Graph } from "../elements/Graph";
import { Head, Loading } from "../elements/Page";
import { useParameter } from "../elements/query";
import { Search } from "../elements/Search";
import { Tabs } from "../elements/Tabs";
import { Distance } from "../elements/Time";
import { graphql, read } from "../gql";
import type { AssetLineFragment } from "../gql/graphql";
import { RunTag } from "../runs/RunTag";
import { sensorAddress } from "../sensors/address";
import { assetAddress, assetName } from "./address";
import { useAssetEvents } from "./useAsset";

const AssetLine = graphql(`
  fragment AssetLine on Asset {
    id key description group
    dependsOn { id key }
    latestMaterialization { at run { id status } }
    watchedBy { id name codeLocation { id name } }
  }
`);
const Query = graphql(`
  query AssetsPage($first: Int!, $after: String) {
    instance { positions { assets } }
    assets(first: $first, after: $after) {
      edges { node { id ...AssetLine } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

const PAGE = 100;
const EXAMPLE = `from vedette import asset

@asset
def orders():
    ...`;

type Asset = AssetLineFragment;

type Taken = { assets: readonly Asset[]; position: string };

async function readAll(isWanted: () => boolean, take: (taken: Taken) => void) {
  const found: Asset[] = [];
  let position: string | null = null;
  let after: string | null = null as string | null;
  do {
    const variables = { first: PAGE, after };
    const page = await client.query(Query, variables, { requestPolicy: "network-only" }).toPromise();
    if (!isWanted()) return;
    if (!page.data) throw page.error;
    found.push(...page.data.assets.edges.map(({ node }) => read(AssetLine, node)));
    // What happens while they are read comes by the stream.
    position ??= page.data.instance.positions.assets;
    if (!page.data.assets.pageInfo.hasNextPage) take({ assets: found, position });
    const { hasNextPage, endCursor } = page.data.assets.pageInfo;
    after = hasNextPage ? (endCursor ?? null) : null;
  } while (after !== null);
}

function useAssets() {
  const [taken, setTaken] = useState<Taken | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [generation, setGeneration] = useState(0);
  const first = useRef<string>(undefined);
  first.current ??= taken?.position;
  useAssetEvents(taken && {}, first.current, () => setGeneration((before) => before + 1));
  // a generation reads anew
  useEffect(() => {
    let isWanted = true;
    readAll(() => isWanted, setTaken).catch((error: unknown) => isWanted && setTrouble(messageOf(error)));
    return () => {
      isWanted = false;
    };
  }, [generation]);
  return { assets: taken?.assets ?? null, trouble };
}

/** Every asset, as a list or as what is made of what. */
export default function AssetsPage() {
  const { assets, trouble } = useAssets();
  const [search, setSearch] = useParameter("q");
  const [group, setGroup] = useParameter("group");
  const [view] = useParameter("view");
  const groups = [...new Set((assets ?? []).flatMap((asset) => (asset.group ? [asset.group] : [])))].sort();
  const shown = (assets ?? []).filter(
    (asset) =>
      assetName(asset.key).toLowerCase().includes(search.trim().toLowerCase()) && (group === "" || asset.group === group),
  );
  return (
    <div className="page scrolls">
      <Head title="Assets" marks={assets && <span className="faint number">{assets.length}</span>} />
      <div className="row wrap">
        <Search label="Search assets" value={search} onChange={setSearch} />
        {groups.length > 0 && (
          <Choice label="Group" value={group} options={groups.map((name) => [name, name] as const)} onChange={setGroup} />
        )}
      </div>
      <Tabs
        label="Views"
        current={view || "list"}
        tabs={[
          ["list", "List", "/assets"],
          ["lineage", "Lineage", "/assets?view=lineage"],
        ]}
      />
      {trouble && <Trouble message={trouble} />}
      {!assets && !trouble && <Loading />}
      {assets?.length === 0 && (
        <Empty title="No assets yet" code={EXAMPLE}>
          An asset is a thing that runs produce, such as a table or a file. Decorate the function that makes it.
        </Empty>
      )}
      {assets && assets.length > 0 && shown.length === 0 && <Empty title="No asset matches">Clear the search.</Empty>}
      {shown.length > 0 &&
        (view === "lineage" ? (
          <div className="panel">
            <Graph
              label="Lineage"
              nodes={shown.map((asset) => ({
                id: asset.id,
                title: assetName(asset.key),
                href: assetAddress(asset.key),
                dependsOn: asset.dependsOn.map(({ id }) => id),
              }))}
            />
          </div>
        ) : (
          <Table assets={shown} />
        ))}
    </div>
  );
}

function Table({ assets }: { assets: readonly Asset[] }) {
  return (
    <div className="panel scroll-x" tabIndex={0} role="region" aria-label="Table of assets">
      <table className="table">
        <thead>
          <tr>
            <th>Asset</th>
            <th>Group</th>
            <th>Last produced</th>
            <th>Made of</th>
            <th>Watched by</th>
          </tr>
        </thead>
        <tbody>
          {assets.map((asset) => (
            <tr key={asset.id}>
              <td>
                <Link href={assetAddress(asset.key)}>
                  <strong>{assetName(asset.key)}</strong>
                </Link>
                {asset.description && <div className="soft clip">{asset.description}</div>}
              </td>
              <td className="soft">{asset.group}</td>
              <td>
                {asset.latestMaterialization ? (
                  <span className="row">
                    <Distance at={asset.latestMaterialization.at} />
                    {asset.latestMaterialization.run && (
                      <Link href={`/runs/${asset.latestMaterialization.run.id}`}>
                        <span className="hidden">Run that produced it: </span>
                        <RunTag status={asset.latestMaterialization.run.status} />
                      </Link>
                    )}
                  </span>
                ) : (
                  <span className="faint">never</span>
                )}
              </td>
              <td className="number">{asset.dependsOn.length || <span className="faint">–</span>}</td>
              <td>
                {asset.watchedBy.map((sensor) => (
                  <span key={sensor.id}>
                    <Link href={sensorAddress(sensor.codeLocation.name, sensor.name)}>{sensor.name}</Link>{" "}
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
