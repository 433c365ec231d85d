import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** A part of the address: what one looks at can be linked to, and the back button undoes it. */
export function useParameter(name: string): [string, (value: string | null) => void] {
  const [parameters, setParameters] = useSearchParams();
  const set = useCallback(
    (value: string | null) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          if (value === null || value === "") after.delete(name);
          else after.set(name, value);
          return after;
        },
        { replace: true },
      ),
    [name, setParameters],
  );
  return [parameters.get(name) ?? "", set];
}
