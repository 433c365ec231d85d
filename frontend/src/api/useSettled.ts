import { useEffect, useEffectEvent, useState } from "react";

import { messageOf } from "./mutate";

const SETTLE_MILLISECONDS = 150;

export interface Settled<Found> {
  /** What was read last; null before the first time. */
  found: Found | null;
  isLoading: boolean;
  /** Why it could not be read the last time. */
  trouble: string | null;
}

/** Read something once its key rests, and again for each other key; an answer that another key has overtaken is let go. */
export function useSettled<Found>(key: string, read: () => Promise<Found>): Settled<Found> {
  const [found, setFound] = useState<Found | null>(null);
  const [isLoading, setLoading] = useState(true);
  const [trouble, setTrouble] = useState<string | null>(null);
  const begin = useEffectEvent(read);
  useEffect(() => {
    let isWanted = true;
    const timer = setTimeout(() => {
      setLoading(true);
      begin()
        .then(
          (answer) => {
            if (!isWanted) return;
            setFound(answer);
            setTrouble(null);
          },
          (error: unknown) => isWanted && setTrouble(messageOf(error)),
        )
        .finally(() => isWanted && setLoading(false));
    }, SETTLE_MILLISECONDS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [key]);
  return { found, isLoading, trouble };
}
