import { Client, cacheExchange, fetchExchange } from "urql";

import { endpoint } from "./endpoint";

/** The client of queries and mutations; what changes by itself comes by `follow`. */
export const client = new Client({
  url: endpoint.http,
  exchanges: [cacheExchange, fetchExchange],
  preferGetMethod: false,
  requestPolicy: "cache-and-network",
});
