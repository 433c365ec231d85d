import type { Entry } from "./useEntries";

/** Return what an entry is about, for people: its name where the log has one, else its type. */
export function subjectName({ subjectKind, subjectId, before, after, input }: Entry): string {
  for (const known of [after, before, input]) {
    const name = textOf(known, "name") ?? textOf(known, "jobName");
    if (name !== null) return name;
  }
  if (subjectKind === null) return "";
  return subjectKind === "Run" ? `run ${(subjectId ?? "").slice(-8)}` : words(subjectKind);
}

/** Return where to see what an entry is about; null: it has no page. */
export function subjectAddress({ subjectKind, subjectId, codeLocation, before, after }: Entry): string | null {
  if (subjectId === null) return null;
  if (subjectKind === "Run") return `/runs/${encodeURIComponent(subjectId)}`;
  if (subjectKind === "CodeLocation") return "/instance";
  const name = textOf(after, "name") ?? textOf(before, "name");
  const folder = { Sensor: "sensors", Job: "jobs" }[subjectKind ?? ""];
  if (folder === undefined || name === null || codeLocation === null) return null;
  return `/${folder}/${encodeURIComponent(codeLocation)}/${encodeURIComponent(name)}`;
}

/** Return "startSensor" as "start sensor". */
export function words(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

function textOf(value: unknown, key: string): string | null {
  const found = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : null;
  return typeof found === "string" ? found : null;
}
