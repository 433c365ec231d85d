import "monaco-editor/esm/vs/editor/contrib/bracketMatching/browser/bracketMatching";
import "monaco-editor/esm/vs/editor/contrib/folding/browser/folding";
import "monaco-editor/esm/vs/editor/contrib/hover/browser/hoverContribution";
import "monaco-editor/esm/vs/editor/contrib/suggest/browser/suggestController";
import "monaco-editor/esm/vs/language/json/monaco.contribution";

import { editor, languages, MarkerSeverity, Uri } from "monaco-editor/esm/vs/editor/editor.api";
import EditorWorker from "monaco-editor/esm/vs/editor/editor.worker?worker";
import JsonWorker from "monaco-editor/esm/vs/language/json/json.worker?worker";
import { useEffect, useEffectEvent, useRef } from "react";

self.MonacoEnvironment = {
  getWorker: (_: string, label: string) => (label === "json" ? new JsonWorker() : new EditorWorker()),
};

interface ConfigEditorProps {
  value: string;
  schema: unknown;
  onChange: (value: string) => void;
  /** What is wrong with the text, each with its line. */
  onProblems: (problems: readonly string[]) => void;
}

function themeName(): string {
  return document.documentElement.dataset.theme === "dark" ? "vs-dark" : "vs";
}

/** An editor of a run's config that knows the job's schema: it completes, explains and complains. */
export default function ConfigEditor({ value, schema, onChange, onProblems }: ConfigEditorProps) {
  const element = useRef<HTMLDivElement>(null);
  const first = useRef(value);
  const changed = useEffectEvent(onChange);
  const complained = useEffectEvent(onProblems);
  useEffect(() => {
    if (!element.current) return;
    const uri = Uri.parse("vedette://launchpad/config.json");
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- its types are not exported where it is loaded from
    (languages as any).json.jsonDefaults.setDiagnosticsOptions({
      validate: true,
      allowComments: false,
      trailingCommas: "error",
      schemas: schema ? [{ uri: "vedette://launchpad/schema.json", fileMatch: [uri.toString()], schema }] : [],
    });
    const model = editor.createModel(first.current, "json", uri);
    const shown = editor.create(element.current, {
      model,
      theme: themeName(),
      automaticLayout: true,
      minimap: { enabled: false },
      fontSize: 12,
      lineNumbersMinChars: 3,
      scrollBeyondLastLine: false,
      fixedOverflowWidgets: true,
      ariaLabel: "Run config",
      tabFocusMode: false,
    });
    const content = model.onDidChangeContent(() => changed(model.getValue()));
    const markers = editor.onDidChangeMarkers(() => {
      const found = editor.getModelMarkers({ resource: uri });
      const wrong = found.filter(({ severity }) => severity >= MarkerSeverity.Warning);
      complained(wrong.map(({ startLineNumber, message }) => `Line ${startLineNumber}: ${message}`));
    });
    const themes = new MutationObserver(() => editor.setTheme(themeName()));
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      themes.disconnect();
      markers.dispose();
      content.dispose();
      shown.dispose();
      model.dispose();
    };
  }, [schema]);
  return <div ref={element} className="config-editor" />;
}
