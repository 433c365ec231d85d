import { useSyncExternalStore } from "react";

export type Protocol = "websocket" | "events";

/** How the page hears of changes. `lost`: it tries again at `retryAt` (milliseconds since the epoch). */
export type Connection =
  | { state: "idle" }
  | { state: "live"; by: Protocol }
  | { state: "lost"; reason: string; since: number; retryAt: number };

/** What a stream is known by here. */
type Stream = object;

// From one screen to the next, nothing is followed for a moment.
const LINGER_MILLISECONDS = 1_500;

let current: Connection = { state: "idle" };
let protocol: Protocol | null = null;
const streams = new Set<Stream>();
const broken = new Map<Stream, { reason: string; retryAt: number }>();
const listeners = new Set<() => void>();
const hurried = new Set<() => void>();

/** The page is live when every stream is: one that waits for its next attempt may be behind. */
function judged(): Connection {
  const [next] = [...broken.values()].sort((a, b) => a.retryAt - b.retryAt);
  if (next) return { state: "lost", ...next, since: current.state === "lost" ? current.since : Date.now() };
  return streams.size > 0 && protocol !== null ? { state: "live", by: protocol } : { state: "idle" };
}

function judge() {
  const next = judged();
  if (JSON.stringify(next) === JSON.stringify(current)) return;
  current = next;
  for (const listener of listeners) listener();
}

/** A stream is followed from now on. */
export function join(stream: Stream) {
  streams.add(stream);
}

/** A stream is followed no more. */
export function leave(stream: Stream) {
  streams.delete(stream);
  broken.delete(stream);
  setTimeout(judge, LINGER_MILLISECONDS);
}

/** A stream is open. */
export function tellLive(stream: Stream, by: Protocol) {
  protocol = by;
  broken.delete(stream);
  judge();
}

/** A stream broke off; it is resumed at `retryAt`. */
export function tellLost(stream: Stream, reason: string, retryAt: number) {
  broken.set(stream, { reason, retryAt });
  judge();
}

/** Resume every stream that waits, now. */
export function retryNow() {
  for (const hurry of [...hurried]) hurry();
}

/** Wait for `milliseconds`, less if somebody hurries; `signal` ends it early too. */
export function patience(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      hurried.delete(done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    hurried.add(done);
    signal.addEventListener("abort", done);
  });
}

export function connection(): Connection {
  return current;
}

export function useConnection(): Connection {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, connection);
}

window.addEventListener("online", retryNow);
