import { type FormEvent, useEffect, useRef, useState } from "react";

import { messageOf } from "../api/mutate";
import { isApart, type Out, signIn, type Ways, ways } from "../api/session";
import { endpoint } from "../api/endpoint";
import { Button } from "../elements/Button";
import { Trouble } from "../elements/ErrorBox";
import { useTitle } from "../elements/Page";

import "./access.css";

/** Asks for a token, or leads to the provider where there is one; says why one is not let in. */
export function SignIn({ out }: { out: Out }) {
  useTitle("Sign in");
  const [found, setFound] = useState<Ways | null>(null);
  useEffect(() => {
    let isWanted = true;
    ways().then(
      (known) => isWanted && setFound(known),
      // Without it a token will do, which every server that asks takes.
      () => {},
    );
    return () => {
      isWanted = false;
    };
  }, []);
  return (
    <main className="sign-in">
      <section className="panel panel-body stack" aria-labelledby="sign-in-title">
        <h1 id="sign-in-title">Sign in to Vedette</h1>
        {out.reason === "MISSING" ? (
          <p className="soft">This server asks who you are.</p>
        ) : (
          <p className="soft" role="status">
            {out.message}
          </p>
        )}
        {found?.provider && <ToProvider provider={found.provider} />}
        <TokenForm isFirst={!found?.provider} />
      </section>
    </main>
  );
}

function ToProvider({ provider }: { provider: { name: string; address: string } }) {
  if (isApart) {
    const address = new URL(endpoint.http).origin;
    return (
      <p className="soft">
        Sign in with {provider.name} at <a href={address}>{address}</a>; here, show a token.
      </p>
    );
  }
  const here = window.location.pathname + window.location.search;
  return (
    <>
      <a className="button primary" href={`${provider.address}?next=${encodeURIComponent(here)}`}>
        Sign in with {provider.name}
      </a>
      <p className="or faint" aria-hidden="true">
        or
      </p>
    </>
  );
}

function TokenForm({ isFirst }: { isFirst: boolean }) {
  const [token, setToken] = useState("");
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setTrouble(null);
    try {
      await signIn(token.trim());
    } catch (error) {
      setTrouble(messageOf(error));
      setBusy(false);
      field.current?.focus();
    }
  };
  return (
    <form className="stack" onSubmit={submit}>
      <div className="field">
        <label htmlFor="token">Token</label>
        <input
          ref={field}
          id="token"
          className="input mono"
          type="password"
          autoComplete="current-password"
          autoFocus={isFirst}
          required
          spellCheck={false}
          placeholder="vdt_…"
          aria-describedby="token-help"
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <p id="token-help" className="faint">
          {isApart
            ? "It stays in this tab's memory and is gone with it. "
            : "It is exchanged for a cookie and kept nowhere. "}
          An admin makes one with <code>vedette token create</code>.
        </p>
      </div>
      {trouble && <Trouble message={trouble} />}
      <Button type="submit" look={isFirst ? "primary" : "plain"} disabled={isBusy || token.trim() === ""}>
        {isBusy ? "Signing in …" : "Sign in with the token"}
      </Button>
    </form>
  );
}
