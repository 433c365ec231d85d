import { Client, cacheExchange, fetchExchange } from "urql";

import { endpoint } from "./endpoint";
import { ask, onTurn } from "./session";

function made(): Client {
  return new Client({
    url: endpoint.http,
    exchanges: [cacheExchange, fetchExchange],
    fetch: ask,
    preferGetMethod: false,
    requestPolicy: "cache-and-network",
  });
}

/** The client of queries and mutations; what changes by itself comes by `follow`. */
export let client = made();

// What one was told, the next must not be shown.
onTurn(() => {
  client = made();
});
