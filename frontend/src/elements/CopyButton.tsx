import { useState } from "react";

import { IconButton } from "./Button";

async function copy(text: string) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Without a secure context there is no clipboard to ask.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Copies a text; one that is long to make is made when it is asked for. */
export function CopyButton({ text, label = "Copy" }: { text: string | (() => string); label?: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <IconButton
      small
      icon={copied ? "check" : "copy"}
      label={copied ? "Copied" : label}
      onClick={async (event) => {
        event.stopPropagation();
        await copy(typeof text === "string" ? text : text());
        setCopied(true);
        setTimeout(() => setCopied(false), 1_500);
      }}
    />
  );
}
