import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { expect, it, vi } from "vitest";

import * as generated from "../gql/graphql";
import { textOf } from "./texts";

type Document = TypedDocumentNode<unknown, Record<string, unknown>>;

const sent: string[] = [];

vi.stubGlobal("window", { location: { origin: "http://vedette.example" } });
vi.stubGlobal("document", { querySelector: () => null });
vi.stubGlobal("fetch", (_: string, { body }: { body: string }) => {
  sent.push((JSON.parse(body) as { query: string }).query);
  return Promise.resolve(new Response('{ "data": {} }', { headers: { "content-type": "application/json" } }));
});

const asked = Object.values(generated as unknown as Record<string, Document>).flatMap((document) =>
  document.definitions.flatMap((one) =>
    one.kind === "OperationDefinition" && one.operation !== "subscription"
      ? [{ name: one.name?.value, operation: one.operation, document }]
      : [],
  ),
);

it("finds operations", () => expect(asked.length).toBeGreaterThan(10));

it.each(asked)("is what the client sends for $name", async ({ operation, document }) => {
  const { client } = await import("./client");
  await client[operation as "query" | "mutation"](document, {}).toPromise();
  expect(sent.at(-1)).toBe(textOf(document));
});
