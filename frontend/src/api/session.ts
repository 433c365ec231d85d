import { useSyncExternalStore } from "react";

import { endpoint } from "./endpoint";
import { REACHABLE } from "./reachable";

/** Why nobody is recognised any more, or not yet; `reason` is a word of the API, such as REVOKED. */
export interface Out {
  reason: string;
  message: string;
}

/** Whose the page is: `turn` grows by one whenever that may be somebody else; `out`: nobody's. */
export interface Session {
  turn: number;
  out: Out | null;
}

/** How one can sign in here. */
export interface Ways {
  authentication: "none" | "tokens" | "oidc";
  provider: { name: string; address: string } | null;
}

/** Whether the page is hosted apart from its server: no cookie of that one is for it, and it keeps the token itself. */
export const isApart = new URL(endpoint.http).origin !== window.location.origin;

const JSON_TYPE = { "content-type": "application/json" };

// In memory alone: gone with the tab.
let bearer: string | null = null;
let session: Session = { turn: 0, out: null };
// Whether somebody was recognised since the page was opened. A cookie that is over is not shown any more.
let wasIn = false;
const OVER: Out = { reason: "EXPIRED", message: "Your session is over; sign in again." };
const listeners = new Set<() => void>();

function become(next: Session) {
  session = next;
  for (const listener of [...listeners]) listener();
}

/** Call `listener` whenever the page may have become somebody else's. Returns how to stop it. */
export function onTurn(listener: () => void): () => void {
  let { turn } = session;
  const look = () => {
    if (session.turn === turn) return;
    turn = session.turn;
    listener();
  };
  listeners.add(look);
  return () => listeners.delete(look);
}

export function useSession(): Session {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
}

// Which client asks, for whoever looks who uses what.
const NAMED = { "graphql-client-name": "vedette-interface", "graphql-client-version": __VERSION__ };

/** What a request shows besides the cookie, which the browser shows by itself. */
export function shown(): Record<string, string> {
  return bearer === null ? NAMED : { ...NAMED, authorization: `Bearer ${bearer}` };
}

/** Send a request of the page; where the answer is that nobody is recognised, somebody has to sign in. */
export const ask: typeof fetch = async (input, init) => {
  const headers = new Headers(init?.headers);
  for (const [name, value] of Object.entries(shown())) headers.set(name, value);
  const { turn } = session;
  const answer = await fetch(input, { ...init, headers });
  if (answer.status === 401) {
    const out = await outOf(answer.clone());
    // What was asked before somebody signed in is answered too late to be news.
    if (session.turn === turn && session.out === null) {
      bearer = null;
      become({ turn: turn + 1, out: wasIn && out.reason === "MISSING" ? OVER : out });
    }
  } else if (answer.ok) {
    wasIn = true;
  }
  return answer;
};

/** Tell whether the server answers us; that it recognises us no more is told on the way, with the reason. */
export async function isServerThere(signal: AbortSignal | null = null): Promise<boolean> {
  try {
    return (await ask(endpoint.http, { method: "POST", headers: JSON_TYPE, body: REACHABLE, signal })).ok;
  } catch {
    return false;
  }
}

async function outOf(answer: Response): Promise<Out> {
  try {
    const { errors } = (await answer.json()) as {
      errors: { message: string; extensions?: { reason?: string } }[];
    };
    const [error] = errors;
    if (error) return { reason: error.extensions?.reason ?? "UNKNOWN", message: error.message };
  } catch {
    // Not the API's answer: something in between asks for a password.
  }
  return { reason: "UNKNOWN", message: "Something between this page and the server refused the request (401)." };
}

/** Sign in with a token: for a cookie where the page is the server's own. Throws an Error whose message is for people. */
export async function signIn(token: string): Promise<void> {
  const answer = isApart ? await tried(token) : await exchanged(token);
  if (answer.status === 401) throw new Error((await outOf(answer)).message);
  if (!answer.ok) throw new Error(`The server answered ${answer.status}; try again.`);
  if (isApart) bearer = token;
  become({ turn: session.turn + 1, out: null });
}

async function exchanged(token: string): Promise<Response> {
  return reached(endpoint.token, { headers: JSON_TYPE, body: JSON.stringify({ token }) });
}

async function tried(token: string): Promise<Response> {
  const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` };
  return reached(endpoint.http, { headers, body: REACHABLE });
}

async function reached(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, { ...init, method: "POST" });
  } catch {
    throw new Error(endpoint.unreachable);
  }
}

/** Sign out: the session ends at the server, and with it every stream of it. */
export async function signOut(): Promise<void> {
  if (bearer === null) {
    const answer = await reached(endpoint.logout, { headers: JSON_TYPE, body: "{}" });
    if (!answer.ok) throw new Error(`The server answered ${answer.status}; you are still signed in.`);
  }
  bearer = null;
  become({ turn: session.turn + 1, out: { reason: "SIGNED_OUT", message: "You have signed out." } });
}

/** Return how one can sign in. */
export async function ways(): Promise<Ways> {
  return (await (await fetch(endpoint.ways)).json()) as Ways;
}
