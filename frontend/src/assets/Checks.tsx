import { Tag } from "../elements/Tag";
import { Distance } from "../elements/Time";
import type { Asset } from "./useAsset";

type Check = Asset["checks"][number];

/** The checks of an asset, each with its latest result. */
export function Checks({ checks }: { checks: readonly Check[] }) {
  return (
    <section className="panel" aria-label="Checks">
      <header>
        <h2>Checks</h2>
        <span className="faint number">{checks.length}</span>
      </header>
      <ul className="panel-list">
        {checks.map(({ name, description, isBlocking, latestEvaluation }) => (
          <li key={name} className="row wrap">
            <Verdict evaluation={latestEvaluation} />
            <strong>{name}</strong>
            {isBlocking && (
              <Tag tone="idle" plain>
                blocks what is downstream
              </Tag>
            )}
            <span className="soft">{latestEvaluation?.description ?? description}</span>
            {latestEvaluation && (
              <span className="push faint">
                <Distance at={latestEvaluation.at} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Verdict({ evaluation }: { evaluation: Check["latestEvaluation"] }) {
  if (!evaluation) return <Tag tone="idle">not made yet</Tag>;
  if (evaluation.passed) return <Tag tone="good">passed</Tag>;
  return <Tag tone={evaluation.severity === "WARN" ? "warn" : "bad"}>failed</Tag>;
}
