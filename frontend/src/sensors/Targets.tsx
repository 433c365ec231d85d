import { Link } from "wouter";

import { Tooltip } from "../elements/Tooltip";
import type { SensorRowFragment } from "../gql/graphql";

type Target = SensorRowFragment["targets"][number];

function name(target: Target): string {
  return target.__typename === "Job" ? target.name : target.keys.map((key) => key.join("/")).join(", ");
}

/** What a sensor may ask for runs of: the first by name, the others counted. */
export function Targets({ targets, location }: { targets: readonly Target[]; location: string }) {
  const [first, ...others] = targets;
  if (first === undefined) return <span className="faint">–</span>;
  const link =
    first.__typename === "Job" ? (
      <Link href={`/jobs/${encodeURIComponent(location)}/${encodeURIComponent(first.name)}`} className="clip">
        {first.name}
      </Link>
    ) : (
      <Link href={`/assets/${(first.keys[0] ?? []).map(encodeURIComponent).join("/")}`} className="clip">
        {name(first)}
      </Link>
    );
  return (
    <span className="row" style={{ gap: 4 }}>
      {link}
      {others.length > 0 && (
        <Tooltip text={others.map(name).join(", ")}>
          <span className="faint">+{others.length}</span>
        </Tooltip>
      )}
    </span>
  );
}
