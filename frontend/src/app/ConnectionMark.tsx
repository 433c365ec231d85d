import { retryNow, useConnection } from "../api/connection";
import { useNow } from "../elements/clock";
import { Tooltip } from "../elements/Tooltip";

const protocols = {
  websocket: ["Live", "Changes come over a websocket."],
  events: ["Live over SSE", "No websocket gets through; changes come as server-sent events."],
} as const;

/** How the page hears of changes; if it does not, since when, why, and when it tries again. */
export function ConnectionMark() {
  const connection = useConnection();
  const now = useNow();
  if (connection.state === "lost") {
    const seconds = Math.max(0, Math.ceil((connection.retryAt - now) / 1_000));
    return (
      <div className="connection lost" role="alert">
        <span className="light" />
        <span>
          <strong>Connection lost.</strong> {connection.reason} What you see may be old;{" "}
          {seconds > 0 ? `next try in ${seconds} s.` : "trying again …"}
        </span>
        <button type="button" className="button small" onClick={retryNow}>
          Try now
        </button>
      </div>
    );
  }
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
