// Set when the interface is built to be hosted apart from its server, whose VEDETTE_ALLOWED_ORIGINS then names it.
const origin = import.meta.env.VITE_VEDETTE_URL ?? window.location.origin;

function address(path: string): URL {
  return new URL(path, origin);
}

function socketAddress(): string {
  const url = address("/graphql");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** Where the API is, protocol by protocol. */
export const endpoint = {
  http: address("/graphql").href,
  events: address("/graphql/stream").href,
  socket: socketAddress(),
  graphiql: address("/graphql").href,
};
