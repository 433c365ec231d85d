import { useState } from "react";

import { messageOf } from "../api/mutate";
import { isApart, signOut } from "../api/session";
import { IconButton } from "../elements/Button";
import { useNow } from "../elements/clock";
import { Distance } from "../elements/Time";
import { Tooltip } from "../elements/Tooltip";
import { complain } from "../elements/toasts";
import { useViewer, type Viewer } from "./viewer";

import "./access.css";

const SOON_MILLISECONDS = 10 * 60 * 1_000;
const ROLES = { VIEWER: "viewer", OPERATOR: "operator", ADMIN: "admin" } as const;

/** Who one is here, what one may, until when, and the way out. Where nobody is asked and all is open, nothing. */
export function Who() {
  const viewer = useViewer();
  if (viewer === null) return null;
  const canLeave = viewer.isSignedIn || isApart;
  if (!viewer.isReadOnly && viewer.expiresAt === null && !canLeave && viewer.role === "ADMIN") return null;
  return (
    <section className="who" aria-label="Who you are">
      <div className="row">
        <Tooltip text={explained(viewer)}>
          <span className="stack who-name" tabIndex={0}>
            <strong className="clip">{viewer.name}</strong>
            <span className="faint clip">
              {viewer.isReadOnly ? "read-only" : ROLES[viewer.role]}
              {viewer.codeLocations && ` in ${viewer.codeLocations.join(", ")}`}
            </span>
          </span>
        </Tooltip>
        {canLeave && <Leave />}
      </div>
      {viewer.expiresAt && <Expiry at={viewer.expiresAt} />}
    </section>
  );
}

function explained({ name, role, codeLocations, isReadOnly }: Viewer): string {
  const reach = codeLocations ? `, in ${codeLocations.join(", ")} alone` : "";
  const limit = isReadOnly ? " This server is read-only: nobody may change anything here." : "";
  return `You are ${name}, with the role ${ROLES[role]}${reach}.${limit}`;
}

function Expiry({ at }: { at: string }) {
  const isSoon = Date.parse(at) - useNow() < SOON_MILLISECONDS;
  return (
    <p className={isSoon ? "who-expiry soon" : "who-expiry faint"} role={isSoon ? "status" : undefined}>
      Ends <Distance at={at} />
    </p>
  );
}

function Leave() {
  const [isBusy, setBusy] = useState(false);
  const leave = async () => {
    setBusy(true);
    try {
      await signOut();
    } catch (error) {
      complain("You are not signed out", messageOf(error));
      setBusy(false);
    }
  };
  return <IconButton icon="leave" label="Sign out" disabled={isBusy} onClick={leave} />;
}
