import { endpoint } from "./endpoint";
import { eventsOf } from "../streams/events";
import { ask } from "./session";
import type { Answer, Request } from "./transport";

// Streams that begin or end together are told by one request.
const GATHER_MILLISECONDS = 30;
// A tab that nobody looks at gives its connection back: it goes on from where it was.
const HIDDEN_MILLISECONDS = 10_000;

type Told = { id: string; payload?: Answer };

/** One stream of those that share a request. */
class Member {
  private readonly answers: Answer[] = [];
  private ending: { error: unknown } | null = null;
  private wake: () => void = () => undefined;

  constructor(
    readonly id: string,
    public request: Request,
    readonly onOpen: () => void,
  ) {}

  take(answer: Answer) {
    const position = positionOf(answer);
    // Should the request be made anew, it goes on from here.
    if (position !== undefined) {
      this.request = { ...this.request, variables: { ...this.request.variables, after: position } };
    }
    this.answers.push(answer);
    this.wake();
  }

  end(error: unknown = null) {
    this.ending ??= { error };
    this.wake();
  }

  async *items(): AsyncGenerator<Answer> {
    for (;;) {
      const answer = this.answers.shift();
      if (answer) yield answer;
      else if (this.ending) {
        if (this.ending.error) throw this.ending.error;
        return;
      } else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

function positionOf({ data }: Answer): string | undefined {
  const [item] = Object.values(data ?? {}) as { position?: string }[];
  return item?.position;
}

/** All streams of the page as server-sent events: browsers open six connections to a server over HTTP/1.1, in all tabs. */
class Merged {
  private readonly members = new Map<string, Member>();
  private count = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private isAway = false;
  private connection: AbortController | null = null;

  constructor() {
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.hiding);
      if (document.visibilityState === "visible") this.look(true);
      else this.hiding = setTimeout(() => this.look(false), HIDDEN_MILLISECONDS);
    });
  }

  /** Yield a stream's items until it ends or `signal` ends it; throws what ended it otherwise. */
  async *iterate(request: Request, signal: AbortSignal, onOpen: () => void): AsyncGenerator<Answer> {
    const member = new Member(String(this.count++), request, onOpen);
    const stop = () => member.end();
    signal.addEventListener("abort", stop);
    this.members.set(member.id, member);
    this.soon();
    try {
      yield* member.items();
    } finally {
      signal.removeEventListener("abort", stop);
      this.members.delete(member.id);
      this.soon();
    }
  }

  /** Break off every stream: whoever follows one asks for it anew. */
  drop() {
    this.connection?.abort();
    for (const member of this.members.values()) member.end(new Error("Somebody else has signed in."));
  }

  private look(isVisible: boolean) {
    if (this.isAway !== isVisible) return;
    this.isAway = !isVisible;
    this.soon();
  }

  private soon() {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.connect();
    }, GATHER_MILLISECONDS);
  }

  /** Ask anew for what is followed now, each stream from where it is. */
  private async connect() {
    this.connection?.abort();
    const members = [...this.members.values()];
    if (members.length === 0 || this.isAway) return;
    const connection = new AbortController();
    this.connection = connection;
    try {
      const events = await this.open(members, connection.signal);
      for (const member of members) member.onOpen();
      for await (const { event, data } of events) {
        const { id, payload } = JSON.parse(data) as Told;
        if (event === "complete") this.members.get(id)?.end();
        else if (payload) this.members.get(id)?.take(payload);
      }
      throw new Error("The server ended the streams.");
    } catch (error) {
      if (!connection.signal.aborted) for (const member of members) member.end(error);
    }
  }

  private async open(members: readonly Member[], signal: AbortSignal) {
    const operations = members.map(({ id, request }) => ({ id, ...request }));
    const headers = { "content-type": "application/json", accept: "text/event-stream" };
    const body = JSON.stringify({ operations });
    const response = await ask(endpoint.events, { method: "POST", headers, body, signal });
    if (!response.ok || !response.body) throw new Error(`The server answered ${response.status}.`);
    return eventsOf(response.body);
  }
}

export const merged = new Merged();
