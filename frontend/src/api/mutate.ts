import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { CombinedError } from "urql";

import { client } from "./client";
import { endpoint } from "./endpoint";

/** Why something was not done, for people. */
export interface Problem {
  __typename?: string;
  message: string;
  path?: readonly string[] | null;
}

type Payload = { errors: readonly Problem[] };

const ATTEMPTS = 4;
const WAIT_MILLISECONDS = 400;

/** A mutation did not do what was asked. */
export class MutationFailed extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map((problem) => problem.message).join(" "));
  }
}

/** Return a random key; `crypto.randomUUID` is only there in secure contexts. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Carry out a mutation and return its payload. It is sent again, with the same key, while no answer comes: it takes
 * effect once. Throws MutationFailed with the problems.
 */
export async function mutate<Data, Input extends object>(
  document: TypedDocumentNode<Data, { input: Input }>,
  input: Omit<Input, "idempotencyKey">,
): Promise<Exclude<Data[keyof Data], string | undefined>> {
  const variables = { input: { ...input, idempotencyKey: randomKey() } as unknown as Input };
  for (let attempt = 1; ; attempt++) {
    const answer = await client.mutation(document, variables).toPromise();
    if (answer.data) {
      const [payload] = Object.values(answer.data).filter((value) => typeof value === "object");
      const { errors } = payload as Payload;
      if (errors.length > 0) throw new MutationFailed(errors);
      return payload as Exclude<Data[keyof Data], string | undefined>;
    }
    const { error } = answer;
    if (!error?.networkError || attempt === ATTEMPTS) throw new MutationFailed(told(error));
    await new Promise((resolve) => setTimeout(resolve, WAIT_MILLISECONDS * attempt));
  }
}

function told(error: CombinedError | undefined): Problem[] {
  if (error?.graphQLErrors.length) return error.graphQLErrors.map(({ message }) => ({ message }));
  return [{ message: `${messageOf(error)} Nothing is known to have changed.` }];
}

/** Return what to show of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof CombinedError) {
    if (error.graphQLErrors.length > 0) return error.graphQLErrors.map(({ message }) => message).join(" ");
    // What a browser throws where there was no answer, or none that the page may see.
    return error.networkError instanceof TypeError ? endpoint.unreachable : (error.networkError?.message ?? error.message);
  }
  return error instanceof Error ? error.message : String(error);
}
