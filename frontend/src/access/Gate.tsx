import type { ReactNode } from "react";
import { Provider } from "urql";

import { client } from "../api/client";
import { useSession } from "../api/session";
import { SignIn } from "./SignIn";
import { useAskedViewer, ViewerContext } from "./viewer";

/** Lets in whom the server recognises; asks everybody else to sign in. Whoever comes in next begins anew. */
export function Gate({ children }: { children: ReactNode }) {
  const { turn, out } = useSession();
  if (out !== null) return <SignIn out={out} />;
  return (
    <Provider key={turn} value={client}>
      <Known>{children}</Known>
    </Provider>
  );
}

function Known({ children }: { children: ReactNode }) {
  return <ViewerContext value={useAskedViewer()}>{children}</ViewerContext>;
}
