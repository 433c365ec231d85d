export interface ServerSent {
  event: string;
  data: string;
  /** By which the stream can be resumed after it. */
  id?: string;
}

/** Yield the events of a body of the type text/event-stream, as this API writes them: one line of data each. */
export async function* eventsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerSent> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const found = parsed(block);
        if (found) yield found;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Return the event of a block of lines; null for one without data, as a sign of life is. */
function parsed(block: string): ServerSent | null {
  let event = "message";
  let data: string | null = null;
  let id: string | undefined;
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) event = line.slice(6).trim();
    else if (line.startsWith("data:")) data = line.slice(5).trim();
    else if (line.startsWith("id:")) id = line.slice(3).trim();
  }
  return data === null ? null : { event, data, ...(id !== undefined && { id }) };
}
