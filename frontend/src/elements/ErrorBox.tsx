import { CopyButton } from "./CopyButton";
import { Icon } from "./Icon";

/** An exception as the API tells it. */
export interface Exception {
  type: string;
  message: string;
  stack?: readonly string[] | undefined;
  cause?: Exception | null | undefined;
}

/** Return an exception as Python prints it: the cause first. */
export function traceback({ type, message, stack = [], cause }: Exception): string {
  const own = [...(stack.length > 0 ? ["Traceback (most recent call last):"] : []), ...stack, `${type}: ${message}`];
  const text = own.map((line) => line.trimEnd()).join("\n");
  if (!cause) return text;
  return `${traceback(cause)}\n\nThe above exception was the direct cause of the following exception:\n\n${text}`;
}

/** An exception with its stack, readable and to be copied. */
export function ErrorBox({ error }: { error: Exception }) {
  const text = traceback(error);
  return (
    <section className="error" aria-label="Error">
      <header>
        <p className="message">
          {error.type}: {error.message}
        </p>
        <CopyButton text={text} label="Copy error" />
      </header>
      {(error.stack?.length ?? 0) > 0 && <pre tabIndex={0}>{text}</pre>}
    </section>
  );
}

/** What went wrong with something that the page asked for, and perhaps how to ask again. */
export function Trouble({ message, onRetry }: { message: string; onRetry?: () => void }) {
  return (
    <section className="error" role="alert">
      <header>
        <p className="message">{message}</p>
        {onRetry && (
          <button type="button" className="button small" onClick={onRetry}>
            <Icon name="refresh" /> Try again
          </button>
        )}
        <CopyButton text={message} label="Copy message" />
      </header>
    </section>
  );
}
