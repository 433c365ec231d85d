import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { useEffect, useEffectEvent } from "react";

import { join, leave, patience, tellLost } from "./connection";
import { textOf } from "./texts";
import { type Answer, subscribe } from "./transport";

/** What every stream of the API sends, under its one root field; without a position where it tells how things stand. */
export type StreamItem = { __typename?: string; position?: string; message?: string };

type ItemOf<Data> = Exclude<Data[keyof Data], string | undefined>;

export interface Follower<Data> {
  /** Where the stream is read from; from now on if it is left out. */
  after?: string | undefined;
  /** What came, in order, each once; called at most ten times a second. */
  onItems: (items: ItemOf<Data>[]) => void;
  /** History is gone: read the current state again. */
  onGap?: (() => void) | undefined;
  /** The stream came to its end. */
  onEnd?: (() => void) | undefined;
  /** The stream cannot be followed at all. */
  onRefused?: ((message: string) => void) | undefined;
}

const FLUSH_MILLISECONDS = 100;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 8_000;
// What may be otherwise the next time; any other error is about what we asked.
const PASSING = new Set(["UNAVAILABLE", "INTERNAL", "FELL_BEHIND", "OVERLOADED", "TIMEOUT"]);

/** Gathers what comes, so that a busy stream renders ten times a second and not a thousand. */
class Batch<Item> {
  private items: Item[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = 0;

  constructor(private readonly deliver: (items: Item[]) => void) {}

  add(item: Item) {
    this.items.push(item);
    const wait = Math.max(0, this.last + FLUSH_MILLISECONDS - performance.now());
    this.timer ??= setTimeout(() => this.flush(), wait);
  }

  flush() {
    this.drop();
    const items = this.items;
    this.items = [];
    this.last = performance.now();
    if (items.length > 0) this.deliver(items);
  }

  drop() {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

/**
 * Follow a stream until the returned function is called or it ends. When the connection breaks off it is resumed after
 * the last position received: nothing is missed and nothing comes twice.
 */
export function follow<Data extends Record<string, unknown>, Variables extends object>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, "after">,
  follower: Follower<Data>,
): () => void {
  const stopped = new AbortController();
  join(stopped.signal);
  void run(textOf(document), variables as Record<string, unknown>, follower, stopped.signal).finally(() => {
    leave(stopped.signal);
  });
  return () => stopped.abort();
}

async function run<Data>(
  query: string,
  variables: Record<string, unknown>,
  follower: Follower<Data>,
  signal: AbortSignal,
) {
  const batch = new Batch<ItemOf<Data>>((items) => {
    if (!signal.aborted) follower.onItems(items);
  });
  let after = follower.after;
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    let reason = "The server ended the stream.";
    try {
      for await (const answer of subscribe({ query, variables: { ...variables, after } }, signal)) {
        const item = itemOf<Data>(answer);
        wait = FIRST_WAIT;
        after = item.position ?? after;
        if (item.__typename === "StreamGap") follower.onGap?.();
        else batch.add(item as ItemOf<Data>);
      }
      if (follower.onEnd) {
        batch.flush();
        if (!signal.aborted) follower.onEnd();
        return;
      }
    } catch (error) {
      after = behind(error) ?? after;
      reason = reasonOf(error);
      if (isRefusal(error)) {
        batch.flush();
        if (!signal.aborted) follower.onRefused?.(reason);
        return;
      }
    }
    batch.flush();
    if (signal.aborted) return;
    tellLost(signal, reason, Date.now() + wait);
    await patience(wait, signal);
    wait = Math.min(LONGEST_WAIT, wait * 2);
  }
}

function itemOf<Data>(answer: Answer): StreamItem & Partial<ItemOf<Data>> {
  if (answer.errors?.length) throw answer.errors;
  const [item] = Object.entries(answer.data ?? {}).flatMap(([name, value]) => (name === "__typename" ? [] : [value]));
  return item as StreamItem & Partial<ItemOf<Data>>;
}

type Problem = { message: string; extensions?: Record<string, unknown> };

function problems(error: unknown): Problem[] {
  return Array.isArray(error) ? (error as Problem[]) : [];
}

/** Return where to go on after the server dropped a reader that was too slow. */
function behind(error: unknown): string | undefined {
  for (const problem of problems(error)) {
    const position = problem.extensions?.position;
    if (problem.extensions?.code === "FELL_BEHIND" && position !== undefined) return String(position);
  }
  return undefined;
}

function isRefusal(error: unknown): boolean {
  return problems(error).some(({ extensions }) => !PASSING.has(String(extensions?.code)));
}

function reasonOf(error: unknown): string {
  const [problem] = problems(error);
  if (problem) return problem.message;
  if (error instanceof CloseEvent) return error.code === 1012 ? "The server is restarting." : "The connection closed.";
  return "The server cannot be reached.";
}

/** Follow a stream while the component is shown; `variables` null: do not. It starts anew when `key` changes. */
export function useFollow<Data extends Record<string, unknown>, Variables extends object>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, "after"> | null,
  follower: Follower<Data>,
): void {
  const onItems = useEffectEvent(follower.onItems);
  const onGap = useEffectEvent(() => follower.onGap?.());
  const onEnd = useEffectEvent(() => follower.onEnd?.());
  const onRefused = useEffectEvent((message: string) => follower.onRefused?.(message));
  const ends = follower.onEnd !== undefined;
  const key = variables === null ? null : JSON.stringify(variables);
  const after = follower.after;
  useEffect(() => {
    if (variables === null) return;
    return follow(document, variables, {
      after,
      onItems: (items) => onItems(items),
      onGap: () => onGap(),
      onRefused: (message) => onRefused(message),
      ...(ends && { onEnd: () => onEnd() }),
    });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key stands for the variables
  }, [document, key, after, ends]);
}
