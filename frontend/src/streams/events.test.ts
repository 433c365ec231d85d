import { expect, it } from "vitest";

import { eventsOf, type ServerSent } from "./events";

async function read(...chunks: string[]): Promise<ServerSent[]> {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(chunks.join(""));
  const sizes = chunks.map((chunk) => encoder.encode(chunk).length);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      let at = 0;
      for (const size of sizes) controller.enqueue(bytes.slice(at, (at += size)));
      controller.close();
    },
  });
  const found: ServerSent[] = [];
  for await (const event of eventsOf(body)) found.push(event);
  return found;
}

const ONE = 'event: next\ndata: {"id":"1"}\n\n';

it("reads events wherever their bytes are parted", async () => {
  const text = `:\n\n${ONE}:\n\nevent: complete\ndata: {"id":"ü"}\n\n`;
  const wanted = [
    { event: "next", data: '{"id":"1"}' },
    { event: "complete", data: '{"id":"ü"}' },
  ];
  expect(await read(text)).toEqual(wanted);
  expect(await read(...text)).toEqual(wanted);
});

it("tells by which id a stream is resumed", async () => {
  expect(await read("event: next\nid: 7\ndata: {}\n\n")).toEqual([{ event: "next", data: "{}", id: "7" }]);
});

it("drops what was cut off", async () => {
  expect(await read(ONE, "event: next\ndata: {")).toHaveLength(1);
});
