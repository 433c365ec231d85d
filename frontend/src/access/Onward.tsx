import { useEffect } from "react";

import { Loading } from "../elements/Page";
import { useViewer } from "./viewer";

/** Where one is sent to sign in, and from there on to `next`: an address of this origin, whatever was asked for. */
export function Onward() {
  const isKnown = useViewer() !== null;
  useEffect(() => {
    if (!isKnown) return;
    const wanted = new URLSearchParams(window.location.search).get("next") ?? "/";
    window.location.replace(local(wanted));
  }, [isKnown]);
  return <Loading />;
}

function local(address: string): string {
  const { origin } = window.location;
  const url = URL.canParse(address, origin) ? new URL(address, origin) : null;
  return url?.origin === origin ? url.href : origin;
}
