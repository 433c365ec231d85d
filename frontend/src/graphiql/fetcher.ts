import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

/** A fetcher for the server that this page came from: HTTP for queries and mutations, a websocket for subscriptions. */
export function createFetcher(): Fetcher {
  const url = new URL("/graphql", window.location.href);
  const socketUrl = new URL(url);
  socketUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return createGraphiQLFetcher({
    url: url.href,
    wsClient: createClient({ url: socketUrl.href, lazy: true, retryAttempts: 10 }),
  });
}
