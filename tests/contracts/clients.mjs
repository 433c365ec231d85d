// Drives one client against a running server: `node clients.mjs CLIENT URL`. It prints one JSON line for each thing
// that it received, and reads from standard input the lines that it waits for.
import { createInterface } from "node:readline";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { Client as UrqlClient, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";

const [, , name, url] = process.argv;
const SENSORS = "query Sensors($first: Int) { sensors(first: $first) { edges { node { id name } } } }";
const START = `mutation Start($input: StartSensorInput!) {
  startSensor(input: $input) { sensor { id status } errors { message } } }`;
const TICKS = `subscription Ticks($after: StreamPosition) {
  ticks(after: $after) { __typename
    ... on TickChanged { position tick { id number } } ... on StreamGap { position message } } }`;

const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const heard = async () => (await lines.next()).value;

// Not retried by itself: it would subscribe again with the position that it first had, and tell everything twice.
const sockets = () => createWsClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, retryAttempts: 0 });

// Every subscription resumes by position: an attempt that is lost is followed by one after the last that came.
async function followed(subscribe) {
  let after = "0";
  for (;;) {
    try {
      for await (const item of subscribe({ after })) {
        after = item.ticks.position;
        say({ number: item.ticks.tick.number });
      }
    } catch (error) {
      say({ lost: String(error?.message ?? error?.reason ?? error?.code ?? error) });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function* iterated(subscribe) {
  const waiting = [];
  let wake = () => {};
  const push = (entry) => { waiting.push(entry); wake(); };
  subscribe((value) => push({ value }), (error) => push({ error }), () => push({ end: true }));
  for (;;) {
    while (waiting.length === 0) await new Promise((resolve) => { wake = resolve; });
    const entry = waiting.shift();
    if (entry.error) throw entry.error;
    if (entry.end) return;
    yield entry.value;
  }
}

function data(result) {
  if (result.errors || result.error) throw result.error ?? new Error(JSON.stringify(result.errors));
  return result.data;
}

async function* mapped(results) {
  for await (const result of results) yield data(result);
}

const clients = {
  "graphql-ws": () => {
    const client = sockets();
    const ask = (query) => async (variables) => {
      for await (const result of client.iterate({ query, variables })) return data(result);
    };
    return {
      query: ask(SENSORS), mutate: ask(START),
      subscribe: (variables) => mapped(client.iterate({ query: TICKS, variables })),
    };
  },
  "graphql-sse": () => {
    const client = createSseClient({ url: url + "/stream", retryAttempts: 0 });
    const ask = (query) => async (variables) => {
      for await (const result of client.iterate({ query, variables })) return data(result);
    };
    return {
      query: ask(SENSORS), mutate: ask(START),
      subscribe: (variables) => mapped(client.iterate({ query: TICKS, variables })),
    };
  },
  urql: () => {
    const socket = sockets();
    const client = new UrqlClient({
      url, preferGetMethod: false,
      exchanges: [cacheExchange, fetchExchange, subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink) }),
        }),
      })],
    });
    return {
      query: async (variables) => data(await client.query(SENSORS, variables).toPromise()),
      mutate: async (variables) => data(await client.mutation(START, variables).toPromise()),
      subscribe: (variables) => iterated((next, error, end) => {
        client.subscription(TICKS, variables).subscribe((result) => {
          if (result.error) error(result.error);
          else if (result.data) next(result.data);
          if (!result.hasNext && !result.data) end();
        });
      }),
    };
  },
  apollo: () => {
    const link = ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(sockets()), new HttpLink({ uri: url }),
    );
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    return {
      query: async (variables) => data(await client.query({ query: gql(SENSORS), variables })),
      mutate: async (variables) => data(await client.mutate({ mutation: gql(START), variables })),
      subscribe: (variables) => iterated((next, error, end) => {
        client.subscribe({ query: gql(TICKS), variables, fetchPolicy: "no-cache" }).subscribe({
          next: (result) => (result.error ? error(result.error) : next(result.data)), error, complete: end,
        });
      }),
    };
  },
};

const client = clients[name]();
const sensors = (await client.query({ first: 10 })).sensors.edges.map((edge) => edge.node);
say({ sensors: sensors.map((sensor) => sensor.name) });
say((await client.mutate({ input: { sensorId: sensors[0].id, idempotencyKey: "k" } })).startSensor);
followed(client.subscribe);
while ((await heard()) !== "end");
process.exit(0);
