import { useSyncExternalStore } from "react";

// One timer for the whole page: what counts down or up is drawn again once a second.
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function listen(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Return the time in milliseconds since the epoch, and draw the component again every second. */
export function useNow(): number {
  return useSyncExternalStore(listen, () => (timer === undefined ? Date.now() - (Date.now() % 1_000) : now));
}
