import { useEffect, useRef } from "react";
import { useQuery } from "urql";

import { useFollow } from "../api/follow";
import { messageOf } from "../api/mutate";
import { graphql } from "../gql";
import type { AssetPageQuery } from "../gql/graphql";

const Query = graphql(`
  query AssetPage($key: [String!]!) {
    instance { positions { assets } }
    asset(key: $key) {
      id key description group isExecutable owners kinds codeVersion
      tags { key value }
      codeLocation { id name }
      dependsOn { id key dependsOn { id key } }
      dependents { id key dependents { id key } }
      jobs { id name codeLocation { id name } }
      sensors { id name codeLocation { id name } }
      watchedBy { id name codeLocation { id name } }
      checks { name description isBlocking latestEvaluation { at passed severity description metadata } }
      materializations(first: 100) {
        edges { node { position at partitionKey description metadata run { id status } tick { id number sensor { id name codeLocation { id name } } } } }
        pageInfo { hasNextPage }
      }
    }
  }
`);
const Events = graphql(`
  subscription AssetChanges($filter: AssetEventFilter, $after: StreamPosition) {
    assetEvents(filter: $filter, after: $after) {
      __typename
      ... on AssetEventAdded { position }
      ... on StreamGap { position message }
    }
  }
`);

export type Asset = NonNullable<AssetPageQuery["asset"]>;

// What happens to assets is read anew, at most this often.
const REST_MILLISECONDS = 1_000;

/** Call `again` when something happened to the assets of `filter`, not more than once a second. */
export function useAssetEvents(filter: { assetKeys?: string[][] } | null, after: string | undefined, again: () => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const soon = () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      again();
    }, REST_MILLISECONDS);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useFollow(Events, filter && { filter }, { after, onGap: soon, onItems: soon });
}

/** Read an asset and all that happened to it, and again as it happens. */
export function useAsset(key: string[]) {
  const [{ data, fetching, error }, again] = useQuery({
    query: Query,
    variables: { key },
    requestPolicy: "network-only",
  });
  // From where the first reading was: the position moves with each, which is no reason to begin anew.
  const first = useRef<string>(undefined);
  first.current ??= data?.instance.positions.assets;
  useAssetEvents(data?.asset ? { assetKeys: [key] } : null, first.current, again);
  return {
    asset: data?.asset ?? null,
    isLoading: fetching && !data,
    trouble: error && !data ? messageOf(error) : null,
  };
}
