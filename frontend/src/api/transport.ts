import { createClient as createSocketClient, type Client as SocketClient } from "graphql-ws";

import { type Protocol, retryNow, tellLive } from "./connection";
import { endpoint } from "./endpoint";
import { merged } from "./merged";
import { isServerThere, onTurn, shown } from "./session";

export interface Request {
  query: string;
  variables: Record<string, unknown>;
}

export interface Answer {
  data?: unknown;
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

const PING_MILLISECONDS = 10_000;
const PONG_MILLISECONDS = 5_000;
// With these the server closes a socket of whoever is not let in, or may not stay.
const UNAUTHENTICATED_CODES = [4401, 4403];

let protocol: Protocol = "websocket";
let isSocketOpen = false;

/** A client that notices a socket which is open but dead: a ping without a pong cuts it off. */
function socketClient(): SocketClient {
  let unanswered: ReturnType<typeof setTimeout> | undefined;
  const client = createSocketClient({
    url: endpoint.socket,
    connectionParams: shown,
    lazy: true,
    lazyCloseTimeout: 2_000,
    retryAttempts: 0,
    keepAlive: PING_MILLISECONDS,
    on: {
      ping: (received) => {
        if (!received) unanswered = setTimeout(() => client.terminate(), PONG_MILLISECONDS);
      },
      pong: (received) => {
        if (received) clearTimeout(unanswered);
      },
      connected: () => {
        isSocketOpen = true;
        // One socket is for all streams: those that still wait need not.
        retryNow();
      },
      closed: (event) => {
        isSocketOpen = false;
        clearTimeout(unanswered);
        if (UNAUTHENTICATED_CODES.includes((event as CloseEvent).code)) void isServerThere();
      },
    },
  });
  return client;
}

const sockets = socketClient();

// A connection is whose it was when it was opened.
onTurn(() => {
  sockets.terminate();
  merged.drop();
});

/** Yield a stream's items over the websocket until it ends. Throws what ended it otherwise. */
async function* iterate(request: Request, signal: AbortSignal): AsyncGenerator<Answer> {
  const items = sockets.iterate<Record<string, unknown>>(request);
  const stop = () => void items.return?.(undefined);
  signal.addEventListener("abort", stop);
  try {
    for await (const item of items) yield item;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Yield a stream's items over a websocket or, where something between here and the server lets none through, as
 * server-sent events. `signal` ends it, and is what the stream is known by.
 */
export async function* subscribe(request: Request, signal: AbortSignal): AsyncGenerator<Answer> {
  const by = protocol;
  let opened = false;
  const offs = by === "websocket" ? [sockets.on("connected", open)] : [];
  function open() {
    opened = true;
    tellLive(signal, by);
  }
  if (by === "websocket" && isSocketOpen) open();
  try {
    // How a stream ends is for `follow` to judge, which resumes by position.
    const items = by === "websocket" ? iterate(request, signal) : merged.iterate(request, signal, open);
    for await (const item of items) {
      if (item.errors?.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED")) void isServerThere();
      yield item;
    }
  } catch (error) {
    if (by === "websocket" && isUnopened(error, opened) && (await isServerThere(signal))) {
      protocol = "events";
      yield* subscribe(request, signal);
      return;
    }
    // Whatever stood in the way of websockets may be gone with the connection.
    protocol = "websocket";
    throw error;
  } finally {
    for (const off of offs) off();
  }
}

function isUnopened(error: unknown, opened: boolean): boolean {
  return !opened && !Array.isArray(error) && (error instanceof Event || error instanceof Error);
}
