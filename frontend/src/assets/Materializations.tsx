import { Link } from "wouter";

import { Json } from "../elements/Block";
import { Empty } from "../elements/Empty";
import { Time } from "../elements/Time";
import { RunTag } from "../runs/RunTag";
import { sensorAddress } from "../sensors/address";
import type { Asset } from "./useAsset";

type Produced = Asset["materializations"]["edges"][number]["node"];

interface MaterializationsProps {
  produced: readonly Produced[];
  /** Whether there are more than these. */
  isCut: boolean;
  /** That of the asset, which need not be said again. */
  description: string | null;
}

/** Each time that an asset was produced, the latest first. */
export function Materializations({ produced, isCut, description }: MaterializationsProps) {
  return (
    <section className="panel" aria-label="Materializations">
      <header>
        <h2>Produced</h2>
        <span className="faint number">{isCut ? "the latest 100" : produced.length}</span>
      </header>
      {produced.length === 0 ? (
        <Empty title="Never produced">Launch a run of it, or let a sensor ask for one.</Empty>
      ) : (
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Table of materializations">
          <table className="table">
            <thead>
              <tr>
                <th>When</th>
                <th>By</th>
                <th>Partition</th>
                <th>Metadata</th>
              </tr>
            </thead>
            <tbody>
              {produced.map((each) => (
                <tr key={each.position}>
                  <td>
                    <Time at={each.at} />
                  </td>
                  <td>
                    <Author of={each} />
                  </td>
                  <td className="mono">{each.partitionKey ?? <span className="faint">–</span>}</td>
                  <td>
                    {each.description && each.description !== description && <p>{each.description}</p>}
                    {each.metadata !== null && (
                      <details>
                        <summary>{summary(each.metadata)}</summary>
                        <Json value={each.metadata} label="Metadata" />
                      </details>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** Return metadata in a line, if it is short. */
function summary(metadata: unknown): string {
  const text = Object.entries(metadata as object)
    .map(([name, value]) => `${name} ${typeof value === "object" ? "…" : String(value)}`)
    .join(" · ");
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function Author({ of: { run, tick } }: { of: Produced }) {
  if (run) {
    return (
      <Link href={`/runs/${run.id}`}>
        <span className="hidden">Run: </span>
        <RunTag status={run.status} />
      </Link>
    );
  }
  if (tick) {
    const { sensor } = tick;
    return (
      <Link href={`${sensorAddress(sensor.codeLocation.name, sensor.name)}?tick=${tick.id}`}>
        {sensor.name}, tick #{tick.number}
      </Link>
    );
  }
  return <span className="faint">a report</span>;
}
