import { useEffect, useState } from "react";

import { type Connection, retryNow, useConnection } from "../api/connection";
import { useNow } from "../elements/clock";
import { Tooltip } from "../elements/Tooltip";

const protocols = {
  websocket: ["Live", "Changes come over a websocket."],
  events: ["Live over SSE", "No websocket gets through; changes come as server-sent events."],
} as const;

// For so long a message that is over stays where it was, and as long as somebody points at it: what one is about to
// press does not vanish.
const LINGER_MILLISECONDS = 5_000;

/** How the page hears of changes; if it does not, since when, why, and when it tries again. */
export function ConnectionMark() {
  const connection = useConnection();
  const isLost = connection.state === "lost";
  const [isOpen, setOpen] = useState(false);
  const [isHeld, setHeld] = useState(false);
  if (isLost && !isOpen) setOpen(true);
  useEffect(() => {
    if (isLost || isHeld || !isOpen) return;
    const timer = setTimeout(() => setOpen(false), LINGER_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [isLost, isHeld, isOpen]);
  if (!isOpen) return <Light connection={connection} />;
  const close = () => {
    setHeld(false);
    setOpen(false);
  };
  return (
    <div
      className={`connection ${isLost ? "lost" : "back"}`}
      role={isLost ? "alert" : "status"}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {isLost ? <Lost connection={connection} /> : <Back connection={connection} />}
      <button type="button" className="button small" onClick={isLost ? retryNow : close}>
        {isLost ? "Try now" : "Close"}
      </button>
    </div>
  );
}

function Lost({ connection }: { connection: Extract<Connection, { state: "lost" }> }) {
  const seconds = Math.max(0, Math.ceil((connection.retryAt - useNow()) / 1_000));
  return (
    <span>
      <strong>Connection lost.</strong> {connection.reason} What you see may be old;{" "}
      {seconds > 0 ? `next try in ${seconds} s.` : "trying again …"}
    </span>
  );
}

function Back({ connection }: { connection: Connection }) {
  return (
    <span>
      <strong>{connection.state === "live" ? protocols[connection.by][0] : "Connected"} again.</strong> What happened
      meanwhile has been made up for.
    </span>
  );
}

function Light({ connection }: { connection: Connection }) {
  const [name, more] = connection.state === "live" ? protocols[connection.by] : ["Idle", "Nothing is followed here."];
  return (
    <Tooltip text={more}>
      <div className={`connection ${connection.state}`} role="status">
        <span className="light" />
        <span>{name}</span>
      </div>
    </Tooltip>
  );
}
