import type { FetcherParams } from "@graphiql/toolkit";
import type { ExecutionResult } from "graphql";

import { eventsOf } from "../streams/events";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 8_000;
// The server is away, stops, or has enough to do at the moment.
const PASSING_STATUS = new Set([429, 502, 503, 504]);
// What may be otherwise the next time.
const PASSING = new Set(["UNAVAILABLE", "INTERNAL", "FELL_BEHIND"]);

/** Asks for an event stream; `last` is the id of the event to go on after. */
export type Open = (body: string, last: string | null, signal: AbortSignal) => Promise<Response>;

/**
 * Follow a subscription until it ends or is stopped. When the connection breaks off, or the server is another one by
 * now, it goes on after the last event: nothing is missed and nothing comes twice, whatever the document selects. Of
 * which nothing has come yet it begins anew.
 */
export function follow(asked: FetcherParams, open: Open): AsyncIterableIterator<ExecutionResult> {
  const stopped = new AbortController();
  const items = resumed(JSON.stringify(asked), open, stopped.signal);
  return {
    next: () => items.next(),
    // Whoever stops does not wait for the next item.
    return: () => {
      stopped.abort();
      return items.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* resumed(body: string, open: Open, signal: AbortSignal): AsyncGenerator<ExecutionResult> {
  let last: string | null = null;
  let wait = FIRST_WAIT;
  let isBegun = false;
  while (!signal.aborted) {
    try {
      const response = await open(body, last, signal);
      if (!response.ok && !(isBegun && PASSING_STATUS.has(response.status))) {
        yield (await response.json()) as ExecutionResult;
        return;
      }
      isBegun = true;
      for await (const { event, data, id } of response.ok && response.body ? eventsOf(response.body) : []) {
        if (event === "complete") return;
        const item = JSON.parse(data) as ExecutionResult;
        const passing: Record<string, unknown> | undefined = last === null ? undefined : passingOf(item);
        if (passing) {
          last = positionOf(passing) ?? last;
          break;
        }
        wait = FIRST_WAIT;
        last = id ?? last;
        yield item;
      }
    } catch (error) {
      if (!isBegun && !signal.aborted) throw error;
    }
    await pause(wait, signal);
    wait = Math.min(LONGEST_WAIT, wait * 2);
  }
}

/** Return what an item's error says besides, if the stream may go on nevertheless. */
function passingOf({ errors }: ExecutionResult): Record<string, unknown> | undefined {
  return errors?.find(({ extensions }) => PASSING.has(String(extensions?.code)))?.extensions;
}

/** Return where to go on after the server dropped a reader that was too slow. */
function positionOf({ position }: Record<string, unknown>): string | null {
  return typeof position === "string" ? position : null;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
