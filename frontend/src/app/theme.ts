import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const KEY = "vedette.theme";
const preference = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

/** Return what was chosen here, else what the system prefers. */
export function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  if (stored === "light" || stored === "dark") return stored;
  return preference.matches ? "dark" : "light";
}

export function applyTheme(theme: Theme) {
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

export function chooseTheme(theme: Theme) {
  localStorage.setItem(KEY, theme);
  applyTheme(theme);
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => document.documentElement.dataset.theme as Theme,
  );
}

preference.addEventListener("change", () => applyTheme(storedTheme()));
