import { Tag } from "../elements/Tag";
import { words } from "./subject";

/** What came of a mutation. */
export function ResultTag({ result }: { result: string }) {
  if (result === "DONE") return <Tag tone="good">Done</Tag>;
  if (result === "REPEATED") return <Tag tone="idle">Repeated</Tag>;
  if (result === "FORBIDDEN") return <Tag tone="warn">Forbidden</Tag>;
  // Names of types of errors, or codes, as the API has them.
  const said = result === result.toUpperCase() ? result.toLowerCase().replaceAll("_", " ") : words(result);
  return <Tag tone="bad">{said}</Tag>;
}
