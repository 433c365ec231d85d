// Drives every client against running servers: `node clients.mjs URL`. It prints one JSON line for each thing that one
// received, and reads what it is told from standard input: `follow {documents}`, `url URL`, `end`.
import { createInterface } from "node:readline";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { Client as UrqlClient, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";

let url = process.argv[2];
const SENSORS = "query Sensors($first: Int) { sensors(first: $first) { edges { node { id name } } } }";
const START = `mutation Start($input: StartSensorInput!) {
  startSensor(input: $input) { sensor { id status } errors { message } } }`;

const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const socketUrl = () => url.replace("http", "ws");

// Not retried by itself: it would subscribe again with the position that it first had, and tell everything twice.
const sockets = () => createWsClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });

// Every subscription resumes by position: an attempt that is lost is followed by one after the last that came.
async function followed(name, client, field, { document, variables, after }) {
  for (;;) {
    try {
      for await (const data of client.subscribe(document, { ...variables, after })) {
        const item = data[field];
        if (item.position !== undefined) after = item.position;
        say({ client: name, field, item });
      }
      say({ client: name, field, ended: true });
      return;
    } catch (error) {
      say({ client: name, field, lost: String(error?.message ?? error?.reason ?? error?.code ?? error) });
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

// One that executes everything the same way.
function whole(client) {
  const ask = async (query, variables) => {
    for await (const result of client.iterate({ query, variables })) return data(result);
  };
  return { query: ask, mutate: ask, subscribe: (query, variables) => mapped(client.iterate({ query, variables })) };
}

const clients = {
  "graphql-ws": () => whole(sockets()),
  "graphql-sse": () => whole(createSseClient({ url: () => url + "/stream", retryAttempts: 0 })),
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
      query: async (query, variables) => data(await client.query(query, variables).toPromise()),
      mutate: async (query, variables) => data(await client.mutation(query, variables).toPromise()),
      subscribe: (query, variables) => iterated((next, error, end) => {
        client.subscription(query, variables).subscribe((result) => {
          if (result.error) error(result.error);
          // When it ends, the last item comes once more.
          else if (result.hasNext) next(result.data);
          else end();
        });
      }),
    };
  },
  apollo: () => {
    const link = ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(sockets()), new HttpLink({ uri: () => url }),
    );
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    return {
      query: async (query, variables) => data(await client.query({ query: gql(query), variables })),
      mutate: async (mutation, variables) => data(await client.mutate({ mutation: gql(mutation), variables })),
      subscribe: (query, variables) => iterated((next, error, end) => {
        client.subscribe({ query: gql(query), variables, fetchPolicy: "no-cache" }).subscribe({
          next: (result) => (result.error ? error(result.error) : next(result.data)), error, complete: end,
        });
      }),
    };
  },
};

const made = Object.entries(clients).map(([name, make]) => [name, make()]);
for (const [name, client] of made) {
  const sensors = (await client.query(SENSORS, { first: 10 })).sensors.edges.map((edge) => edge.node);
  const { startSensor } = await client.mutate(START, { input: { sensorId: sensors[0].id, idempotencyKey: name } });
  say({ client: name, sensors: sensors.map((sensor) => sensor.name), startSensor });
}
for await (const line of createInterface({ input: process.stdin })) {
  const [word, rest] = line.split(/ (.*)/s);
  if (word === "url") url = rest;
  if (word === "end") process.exit(0);
  if (word !== "follow") continue;
  for (const [field, followedOne] of Object.entries(JSON.parse(rest))) {
    for (const [name, client] of made) void followed(name, client, field, followedOne);
  }
}
