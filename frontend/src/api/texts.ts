import { formatDocument, stringifyDocument } from "@urql/core";
import type { DocumentNode } from "graphql";

/** Return what is sent for a document: the client asks for every object's type, which its cache needs; streams do not. */
export function textOf(document: DocumentNode): string {
  return stringifyDocument(isSubscription(document) ? document : formatDocument(document));
}

function isSubscription(document: DocumentNode): boolean {
  return document.definitions.some((one) => one.kind === "OperationDefinition" && one.operation === "subscription");
}
