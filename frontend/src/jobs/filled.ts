/** What a launchpad is opened with. */
export interface Filled {
  runConfig?: unknown;
  tags: { key: string; value: string }[];
  partitionKey?: string | null;
  assetSelection?: string[][] | null;
}

/** Read what the address's fragment fills the launchpad with; anything else fills nothing. */
export function filledFrom(hash: string): Filled {
  try {
    const given = JSON.parse(decodeURIComponent(hash.replace(/^#/, ""))) as Partial<Filled>;
    // The server sets its own tags.
    const tags = (given.tags ?? []).filter(({ key }) => !key.startsWith("vedette/"));
    return { ...given, tags };
  } catch {
    return { tags: [] };
  }
}

/** Return the tags of lines of key=value. Raises an error that names a line that is none. */
export function parsedTags(text: string): { key: string; value: string }[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const at = line.indexOf("=");
      if (at < 1) throw new Error(`"${line}" is no tag: write key=value.`);
      return { key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
    });
}

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  default?: unknown;
  anyOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
}

function resolved(schema: Schema, root: Schema): Schema {
  const name = schema.$ref?.split("/").at(-1);
  return (name !== undefined && root.$defs?.[name]) || schema;
}

/** Return the least config of the shape of a JSON Schema: what it requires, with nothing in it. */
export function emptyConfig(schema: unknown, root: unknown = schema): unknown {
  if (typeof schema !== "object" || schema === null) return {};
  const { type, properties, required = [], default: given, anyOf } = resolved(schema, root as Schema);
  if (given !== undefined) return given;
  // The first is what is meant; others are other ways to say it, such as the name of an environment variable.
  if (anyOf?.[0]) return emptyConfig(anyOf[0], root);
  if (type === "object" || properties) {
    return Object.fromEntries(required.map((name) => [name, emptyConfig(properties?.[name] ?? {}, root)]));
  }
  const empty: Record<string, unknown> = { string: "", integer: 0, number: 0, boolean: false, array: [] };
  return empty[type ?? ""] ?? null;
}
