import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { OperationResult } from "urql";

import { client } from "../api/client";
import { useFollow } from "../api/follow";
import { messageOf } from "../api/mutate";
import { graphql, read } from "../gql";
import type { OverviewPageQuery } from "../gql/graphql";
import { Board } from "./board";
import { SensorRow, SensorState, SparkTick } from "./SensorRow";

const PAGE = 100;

const Positions = graphql(`
  query OverviewPositions {
    instance { positions { ticks sensors runs } }
  }
`);
const Page = graphql(`
  query OverviewPage($first: Int!, $after: String) {
    sensors(first: $first, after: $after) {
      edges { node { id ...SensorRow ...SensorState } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
const Some = graphql(`
  query OverviewSome($ids: [ID!]!) {
    nodes(ids: $ids) { __typename ... on Sensor { id ...SensorRow ...SensorState } }
  }
`);
const Ticks = graphql(`
  subscription OverviewTicks($after: StreamPosition) {
    ticks(after: $after) {
      __typename
      ... on TickChanged { position tick { id ...SparkTick sensor { id ...SensorState } } }
      ... on StreamGap { position message }
    }
  }
`);
const Sensors = graphql(`
  subscription OverviewSensors($after: StreamPosition) {
    sensors(after: $after) {
      __typename
      ... on SensorChanged { position sensor { id ...SensorState } }
      ... on StreamGap { position message }
    }
  }
`);
const Runs = graphql(`
  subscription OverviewRuns($after: StreamPosition) {
    runs(after: $after) {
      __typename
      ... on RunChanged { position run { id status queuedAt sensor { id } } }
      ... on StreamGap { position message }
    }
  }
`);
interface Positions {
  ticks: string;
  sensors: string;
  runs: string;
}

export interface Loaded {
  board: Board;
  isLoading: boolean;
  trouble: string | null;
  reload: () => void;
}

/** Read some sensors again, those that are new included. */
async function refresh(board: Board, ids: readonly string[]) {
  if (ids.length === 0) return;
  const { data } = await client.query(Some, { ids: ids.slice(0, PAGE) }, { requestPolicy: "network-only" }).toPromise();
  board.refresh(
    (data?.nodes ?? []).flatMap((node) =>
      node?.__typename === "Sensor" ? [{ ...read(SensorRow, node), ...read(SensorState, node) }] : [],
    ),
  );
}

async function load(board: Board, isWanted: () => boolean, onPositions: (positions: Positions) => void) {
  const policy = { requestPolicy: "network-only" } as const;
  // First how far the streams go, then the list: what changes meanwhile comes by the streams.
  const positions = await client.query(Positions, {}, policy).toPromise();
  if (!positions.data) throw positions.error;
  let after: string | null = null as string | null;
  for (;;) {
    const page: OperationResult<OverviewPageQuery> = await client
      .query(Page, { first: PAGE, after }, policy)
      .toPromise();
    if (!isWanted()) return;
    if (!page.data) throw page.error;
    const { edges, pageInfo } = page.data.sensors;
    board.put(edges.map(({ node }) => ({ ...read(SensorRow, node), ...read(SensorState, node) })));
    if (after === null) onPositions(positions.data.instance.positions);
    if (!pageInfo.hasNextPage) return;
    after = pageInfo.endCursor;
  }
}

/** Load every sensor, page by page, and keep the board up to date with what happens. */
export function useBoard(): Loaded {
  const [generation, setGeneration] = useState(0);
  const boardRef = useRef<Board>(null);
  boardRef.current ??= new Board();
  const board = boardRef.current;
  const [positions, setPositions] = useState<Positions | null>(null);
  const [isLoading, setLoading] = useState(true);
  const [trouble, setTrouble] = useState<string | null>(null);
  useSyncExternalStore(board.subscribe, board.snapshot);
  const reload = () => setGeneration((before) => before + 1);

  // a new generation loads anew
  useEffect(() => {
    let isWanted = true;
    setLoading(true);
    setTrouble(null);
    load(board, () => isWanted, setPositions)
      .catch((error: unknown) => isWanted && setTrouble(messageOf(error)))
      .finally(() => isWanted && setLoading(false));
    return () => {
      isWanted = false;
    };
  }, [board, generation]);

  const onGap = () => {
    board.forgetSparks();
    reload();
  };
  useFollow(Ticks, positions && {}, {
    after: positions?.ticks,
    onGap,
    onItems: (items) => {
      const ticks = items.flatMap((item) => (item.__typename === "TickChanged" ? [item.tick] : []));
      board.putTicks(ticks.map((tick) => ({ sensorId: tick.sensor.id, tick: read(SparkTick, tick) })));
      void refresh(board, board.update(ticks.map((tick) => read(SensorState, tick.sensor))));
    },
  });
  useFollow(Sensors, positions && {}, {
    after: positions?.sensors,
    onGap,
    onItems: (items) => {
      const states = items.flatMap((item) =>
        item.__typename === "SensorChanged" ? [read(SensorState, item.sensor)] : [],
      );
      void refresh(board, board.update(states));
    },
  });
  useFollow(Runs, positions && {}, {
    after: positions?.runs,
    onGap,
    onItems: (items) =>
      board.putRuns(
        items.flatMap((item) =>
          item.__typename === "RunChanged" && item.run.sensor ? [{ sensorId: item.run.sensor.id, run: item.run }] : [],
        ),
      ),
  });
  return { board, isLoading, trouble, reload };
}
