import { createContext, useContext, useEffect } from "react";
import { useQuery } from "urql";

import { graphql } from "../gql";
import type { ViewerQuery } from "../gql/graphql";
import { type Deed, refusal } from "./deeds";

const Query = graphql(`
  query Viewer {
    viewer {
      name role codeLocations isSignedIn expiresAt isReadOnly
      permissions { field role isGranted }
    }
  }
`);

export type Viewer = ViewerQuery["viewer"];

/** Who uses the page; null until that is known. */
export const ViewerContext = createContext<Viewer | null>(null);

// setTimeout counts milliseconds in 31 bits.
const LONGEST_WAIT = 2 ** 31 - 1;
// The server's clock and ours differ a little: asked too early, it would say that all is well.
const GRACE_MILLISECONDS = 1_500;

/** Ask who uses the page, and again when that may be over. */
export function useAskedViewer(): Viewer | null {
  const [{ data }, again] = useQuery({ query: Query, requestPolicy: "network-only" });
  const expiresAt = data?.viewer.expiresAt ?? null;
  useEffect(() => {
    if (expiresAt === null) return;
    const wait = Math.max(0, Date.parse(expiresAt) - Date.now()) + GRACE_MILLISECONDS;
    const timer = setTimeout(again, Math.min(wait, LONGEST_WAIT));
    return () => clearTimeout(timer);
  }, [expiresAt, again]);
  return data?.viewer ?? null;
}

/** Return who uses the page; null until that is known. */
export function useViewer(): Viewer | null {
  return useContext(ViewerContext);
}

/** Return why one may not do something, null where one may: `<Button refused={useMay("launchRun")}>`. */
export function useMay(deed: Deed): string | null {
  const viewer = useViewer();
  return viewer === null ? null : refusal(viewer, deed);
}

/** Tell whether one may ask for a field that not everybody may, as Query.auditLog. */
export function useMayRead(field: string): boolean {
  return useViewer()?.permissions.find((one) => one.field === field)?.isGranted ?? false;
}
