import { useState } from "react";
import { useQuery } from "urql";

import { useFollow } from "../api/follow";
import { messageOf } from "../api/mutate";
import { graphql, read } from "../gql";
import type { CursorStateFragment, SensorDetailsFragment } from "../gql/graphql";
import { TickSummary } from "../ticks/Tick";
import { merged, type Tick } from "../ticks/merging";
import { isOlder, type State } from "./board";
import { SensorState } from "./SensorRow";

export const SensorDetails = graphql(`
  fragment SensorDetails on Sensor {
    id name kind description owners metadata minimumIntervalSeconds watches timeoutSeconds defaultStatus
    codeLocation { id name }
    tags { key value }
    targets {
      __typename
      ... on Job { id name }
      ... on AssetSelectionTarget { keys }
    }
  }
`);
export const CursorState = graphql(`
  fragment CursorState on Sensor {
    id
    cursor { value version updatedAt updatedBy { __typename ... on Tick { id number } ... on Actor { name } } }
  }
`);
const Query = graphql(`
  query SensorPage($by: SensorBy!) {
    instance { positions { ticks sensors } }
    sensor(by: $by) { id ...SensorDetails ...SensorState ...CursorState }
  }
`);
const Ticks = graphql(`
  subscription SensorTicks($sensorId: ID!, $after: StreamPosition) {
    ticks(filter: { sensorId: $sensorId }, after: $after) {
      __typename
      ... on TickChanged { position tick { id ...TickSummary sensor { id ...SensorState ...CursorState } } }
      ... on StreamGap { position message }
    }
  }
`);
const Changes = graphql(`
  subscription SensorChanges($location: String!, $name: String!, $after: StreamPosition) {
    sensors(filter: { codeLocation: $location, nameContains: $name }, after: $after) {
      __typename
      ... on SensorChanged { position sensor { id ...SensorState ...CursorState } }
      ... on StreamGap { position message }
    }
  }
`);
const Pulse = graphql(`
  subscription SensorPulse($ids: [ID!]!) {
    pulses(sensorIds: $ids) { sensor { id ...SensorState ...CursorState lastTick { id ...TickSummary } } }
  }
`);

// As many as the timeline draws.
const LIVE_TICKS = 1_000;

export type Cursor = CursorStateFragment["cursor"];

export interface SensorSeen {
  facts: SensorDetailsFragment | null;
  state: State | null;
  cursor: Cursor | null;
  /** Ticks that came or changed since the page was opened, the latest first. */
  live: readonly Tick[];
  isLoading: boolean;
  trouble: string | null;
}

/** Read a sensor and keep it up to date. */
export function useSensor(location: string, name: string): SensorSeen {
  const by = { name: { codeLocation: location, name } };
  const [{ data, fetching, error }, again] = useQuery({
    query: Query,
    variables: { by },
    requestPolicy: "network-only",
  });
  const [changed, setChanged] = useState<{ state: State; cursor: Cursor } | null>(null);
  const [live, setLive] = useState<readonly Tick[]>([]);
  const found = data?.sensor ?? null;
  const id = found?.id ?? null;
  const take = (seen: { state: State; cursor: Cursor }) =>
    setChanged((changes) => {
      const before = changes ?? (found && { state: read(SensorState, found), cursor: read(CursorState, found).cursor });
      return {
        state: before && isOlder(seen.state, before.state) ? before.state : seen.state,
        cursor: before && before.cursor.version > seen.cursor.version ? before.cursor : seen.cursor,
      };
    });
  const onGap = () => {
    setChanged(null);
    again();
  };
  useFollow(Ticks, id === null ? null : { sensorId: id }, {
    after: data?.instance.positions.ticks,
    onGap,
    onItems: (items) => {
      const ticks = items.flatMap((item) => (item.__typename === "TickChanged" ? [item.tick] : []));
      setLive((before) =>
        merged(
          before,
          ticks.map((tick) => read(TickSummary, tick)),
          () => true,
          LIVE_TICKS,
        ),
      );
      const last = ticks.at(-1);
      if (last) take({ state: read(SensorState, last.sensor), cursor: read(CursorState, last.sensor).cursor });
    },
  });
  useFollow(Changes, id === null ? null : { location, name }, {
    after: data?.instance.positions.sensors,
    onGap,
    onItems: (items) => {
      for (const item of items) {
        if (item.__typename !== "SensorChanged" || item.sensor.id !== id) continue;
        take({ state: read(SensorState, item.sensor), cursor: read(CursorState, item.sensor).cursor });
      }
    },
  });
  const state = changed?.state ?? (found && read(SensorState, found));
  // Repeats of a quiet skip are folded into its tick: its pulse tells of them alone.
  useFollow(Pulse, id === null ? null : { ids: [id] }, {
    onItems: (items) => {
      const seen = items.at(-1)?.sensor;
      if (!seen) return;
      take({ state: read(SensorState, seen), cursor: read(CursorState, seen).cursor });
      const last = seen.lastTick && read(TickSummary, seen.lastTick);
      if (last && last.repeats > 0) setLive((before) => merged(before, [last], () => true, LIVE_TICKS));
    },
  });
  return {
    facts: found && read(SensorDetails, found),
    state,
    cursor: changed?.cursor ?? (found && read(CursorState, found).cursor),
    live,
    isLoading: fetching && !found,
    trouble: error ? messageOf(error) : null,
  };
}
