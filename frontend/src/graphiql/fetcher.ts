import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

// Which client asks, for whoever looks who uses what.
const NAMED = { "graphql-client-name": "vedette-graphiql", "graphql-client-version": __VERSION__ };

/** Ask; whoever is not recognised is sent to sign in, and back here. */
const ask: typeof fetch = async (input, init) => {
  const answer = await fetch(input, init);
  if (answer.status === 401) window.location.assign(`/sign-in?next=${encodeURIComponent(window.location.pathname)}`);
  return answer;
};

/** A fetcher for the server that this page came from: HTTP for queries and mutations, a websocket for subscriptions. */
export function createFetcher(): Fetcher {
  const url = new URL("/graphql", window.location.href);
  const socketUrl = new URL(url);
  socketUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return createGraphiQLFetcher({
    url: url.href,
    fetch: ask,
    headers: NAMED,
    wsClient: createClient({ url: socketUrl.href, connectionParams: NAMED, lazy: true, retryAttempts: 10 }),
  });
}
