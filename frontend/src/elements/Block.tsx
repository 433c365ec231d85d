import { CopyButton } from "./CopyButton";

/** Return text with its lines broken and indented if it is JSON, else as it is. */
export function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Text to read and copy. */
export function Block({ text, label }: { text: string; label: string }) {
  return (
    <div className="block">
      <pre tabIndex={0} aria-label={label} role="region">
        {pretty(text)}
      </pre>
      <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
    </div>
  );
}

/** A value as JSON, to read and copy. */
export function Json({ value, label }: { value: unknown; label: string }) {
  return <Block text={JSON.stringify(value, null, 2)} label={label} />;
}
