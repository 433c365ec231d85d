// Filled in where the interface is hosted apart from its server, whose VEDETTE_ALLOWED_ORIGINS then names it.
const named = document.querySelector<HTMLMetaElement>('meta[name="vedette-api"]')?.content;
const origin = named || window.location.origin;

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
  ways: address("/auth/ways").href,
  token: address("/auth/token").href,
  logout: address("/auth/logout").href,
  /** What to say where no answer comes. */
  unreachable:
    address("/").origin === window.location.origin
      ? "The server cannot be reached. Is it running?"
      : `The API at ${origin} cannot be reached. Is it running, and does its allowed_origins name ${window.location.origin}?`,
};
