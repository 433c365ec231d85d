import { describe, expect, it } from "vitest";

import { follow, type Open } from "./following";

const asked = { query: "subscription { ticks { __typename } }" };

function item(id: number): string {
  return `event: next\nid: ${id}\ndata: {"data":{"ticks":${id}}}\n\n`;
}

function failed(code: string, more = ""): string {
  return `event: next\ndata: {"errors":[{"message":"","extensions":{"code":"${code}"${more}}}]}\n\n`;
}

/** Answer one request after the other; `asked` says after which event each wanted to go on. */
function server(...answers: (string | Error | Response)[]): { open: Open; after: (string | null)[] } {
  const after: (string | null)[] = [];
  const open: Open = (_, last) => {
    after.push(last);
    const answer = answers.shift();
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve(answer instanceof Response ? answer : new Response(answer));
  };
  return { open, after };
}

async function told(open: Open): Promise<unknown[]> {
  const found = [];
  for await (const { data, errors } of follow(asked, open)) found.push(data?.ticks ?? errors?.[0]?.extensions?.code);
  return found;
}

const END = "event: complete\ndata:\n\n";

describe("a subscription in GraphiQL", () => {
  it("goes on after the last event when its connection breaks off", async () => {
    const { open, after } = server(item(1) + item(2), new TypeError("refused"), item(3) + END);
    expect(await told(open)).toEqual([1, 2, 3]);
    expect(after).toEqual([null, "2", "2"]);
  });
  it("goes on when the server is away for a moment, or dropped a reader that was too slow", async () => {
    const { open, after } = server(
      item(1),
      new Response("{}", { status: 503 }),
      item(2) + failed("FELL_BEHIND", ',"position":"4"') + END,
      item(5) + END,
    );
    expect(await told(open)).toEqual([1, 2, 5]);
    expect(after).toEqual([null, "1", "1", "4"]);
  });
  it("shows what is wrong with it, and ends", async () => {
    expect(await told(server(failed("VALIDATION") + END).open)).toEqual(["VALIDATION"]);
    const refused = new Response('{"errors":[{"message":"","extensions":{"code":"FORBIDDEN"}}]}', { status: 403 });
    expect(await told(server(refused).open)).toEqual(["FORBIDDEN"]);
  });
  it("is not tried again where nothing ever answered", async () => {
    await expect(told(server(new TypeError("refused")).open)).rejects.toThrow("refused");
  });
  it("ends at once when it is stopped", async () => {
    const silent: Open = (_, __, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
    const items = follow(asked, silent);
    const next = items.next();
    await items.return?.();
    expect(await next).toEqual({ value: undefined, done: true });
  });
});
