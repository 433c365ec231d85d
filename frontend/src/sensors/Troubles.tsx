import { useState } from "react";
import { Link } from "wouter";

import { useFollow } from "../api/follow";
import { ErrorBox, Trouble } from "../elements/ErrorBox";
import { graphql } from "../gql";
import type { OverviewInstanceSubscription } from "../gql/graphql";

const Told = graphql(`
  subscription OverviewInstance {
    instance {
      workers { id role healthy }
      codeLocations { id name error { type message stack cause { type message stack } } }
    }
  }
`);

const idle = {
  EVALUATE: "No process evaluates sensors: none ticks until one does. Start one with vedette serve.",
  LAUNCH: "No process executes runs: they wait in the queue until one does. Start one with vedette serve.",
} as const;

/** Follow what keeps sensors as a whole from working; null until that is known. */
export function useTroubles() {
  const [told, setTold] = useState<OverviewInstanceSubscription["instance"] | null>(null);
  useFollow(Told, {}, { onItems: (items) => setTold(items.at(-1) ?? null) });
  if (told === null) return null;
  const works = (role: keyof typeof idle) => told.workers.some((worker) => worker.role === role && worker.healthy);
  return {
    idle: (["EVALUATE", "LAUNCH"] as const).filter((role) => !works(role)).map((role) => idle[role]),
    unloaded: told.codeLocations.filter(({ error }) => error !== null),
  };
}

/** What keeps sensors as a whole from working: code that does not load, a process that is not there. */
export function Troubles({ troubles }: { troubles: ReturnType<typeof useTroubles> }) {
  if (troubles === null) return null;
  return (
    <>
      {troubles.idle.map((message) => (
        <Trouble key={message} message={message} />
      ))}
      {troubles.unloaded.map(({ id, name, error }) => (
        <section key={id} className="stack tight" aria-label={`${name} is not loaded`}>
          <p>
            The code of <strong>{name}</strong> does not load; mend it, and it is loaded again by itself under vedette dev,
            or <Link href="/instance">reload it</Link>.
          </p>
          {error && <ErrorBox error={error} />}
        </section>
      ))}
    </>
  );
}
