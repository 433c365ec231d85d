import { useSyncExternalStore } from "react";

export type Protocol = "websocket" | "events";

/** How the page hears of changes. `lost`: it tries again at `retryAt` (milliseconds since the epoch). */
export type Connection =
  | { state: "idle" }
  | { state: "live"; by: Protocol }
  | { state: "lost"; reason: string; since: number; retryAt: number };

let current: Connection = { state: "idle" };
const listeners = new Set<() => void>();
const hurried = new Set<() => void>();

function set(next: Connection) {
  current = next;
  for (const listener of listeners) listener();
}

/** A stream is open. */
export function tellLive(by: Protocol) {
  if (current.state !== "live" || current.by !== by) set({ state: "live", by });
}

/** A stream broke off; it is resumed at `retryAt`. */
export function tellLost(reason: string, retryAt: number) {
  set({ state: "lost", reason, since: current.state === "lost" ? current.since : Date.now(), retryAt });
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
