import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { getOperationAST, OperationTypeNode } from "graphql";

import { follow, type Open } from "./following";

// Which client asks, for whoever looks who uses what.
const NAMED = { "graphql-client-name": "vedette-graphiql", "graphql-client-version": __VERSION__ };

/** Ask; whoever is not recognised is sent to sign in, and back here. */
const ask: typeof fetch = async (input, init) => {
  const answer = await fetch(input, init);
  if (answer.status === 401) window.location.assign(`/sign-in?next=${encodeURIComponent(window.location.pathname)}`);
  return answer;
};

const open: Open = (body, last, signal) => {
  const headers = new Headers({ ...NAMED, accept: "text/event-stream", "content-type": "application/json" });
  if (last !== null) headers.set("last-event-id", last);
  return ask("/graphql/stream", { method: "POST", headers, body, signal });
};

/** A fetcher for the server that this page came from: HTTP for queries and mutations, event streams for subscriptions. */
export function createFetcher(): Fetcher {
  const answer = createGraphiQLFetcher({ url: "/graphql", fetch: ask, headers: NAMED });
  return (asked, options) => {
    const operation = options?.documentAST && getOperationAST(options.documentAST, asked.operationName);
    return operation?.operation === OperationTypeNode.SUBSCRIPTION ? follow(asked, open) : answer(asked, options);
  };
}
