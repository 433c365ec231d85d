import { assetAddress, assetName } from "./address";
import type { Asset } from "./useAsset";

type Node = { key: readonly string[]; dependsOn: Set<string> };

/** Return what an asset is made of and what is made of it, two steps each way, as the nodes of a graph. */
export function lineage(asset: Asset) {
  const nodes = new Map<string, Node>();
  const add = ({ id, key }: { id: string; key: readonly string[] }) => {
    const node = nodes.get(id) ?? { key, dependsOn: new Set<string>() };
    nodes.set(id, node);
    return node;
  };
  const link = (from: { id: string; key: readonly string[] }, to: { id: string; key: readonly string[] }) => {
    add(from);
    add(to).dependsOn.add(from.id);
  };
  add(asset);
  for (const before of asset.dependsOn) {
    link(before, asset);
    for (const first of before.dependsOn) link(first, before);
  }
  for (const after of asset.dependents) {
    link(asset, after);
    for (const last of after.dependents) link(after, last);
  }
  return [...nodes].map(([id, { key, dependsOn }]) => ({
    id,
    title: assetName(key),
    href: assetAddress(key),
    dependsOn: [...dependsOn],
    tone: id === asset.id ? "here" : "",
  }));
}
