import { type ReactNode, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";

import { useMayRead } from "../access/viewer";
import { Who } from "../access/Who";
import { endpoint } from "../api/endpoint";
import { IconButton } from "../elements/Button";
import { Icon, type IconName } from "../elements/Icon";
import { ConnectionMark } from "./ConnectionMark";
import { Palette } from "./Palette";
import { chooseTheme, useTheme } from "./theme";

const places: readonly (readonly [string, string, IconName])[] = [
  ["/", "Sensors", "eye"],
  ["/runs", "Runs", "play"],
  ["/jobs", "Jobs", "graph"],
  ["/assets", "Assets", "box"],
  ["/instance", "Instance", "server"],
];
const audit = ["/audit", "Audit", "list"] as const;

function isHere(place: string, address: string): boolean {
  return place === "/" ? address === "/" || address.startsWith("/sensors/") : address.startsWith(place);
}

/** What is around every screen: where to go, how the page hears of changes, and the command palette. */
export function Shell({ children }: { children: ReactNode }) {
  const [address] = useLocation();
  const theme = useTheme();
  const mayAudit = useMayRead("Query.auditLog");
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setPaletteOpen((before) => !before);
    };
    window.addEventListener("keydown", open);
    return () => window.removeEventListener("keydown", open);
  }, []);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <nav className="side" aria-label="Main">
        <Link href="/" className="brand" aria-label="Vedette, to the sensors">
          <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
            <path d="M2 3.5h4.2L10 12.6l3.8-9.1H18l-6.4 13.6H8.4z" fill="currentColor" />
          </svg>
          <span>Vedette</span>
        </Link>
        <ul>
          {[...places, ...(mayAudit ? [audit] : [])].map(([place, name, icon]) => (
            <li key={place}>
              <Link href={place} aria-current={isHere(place, address) ? "page" : undefined}>
                <Icon name={icon} size={15} />
                <span>{name}</span>
              </Link>
            </li>
          ))}
          <li>
            <a href={endpoint.graphiql} target="_blank" rel="noreferrer">
              <Icon name="code" size={15} />
              <span>GraphiQL</span>
            </a>
          </li>
        </ul>
        <div className="side-foot">
          <Who />
          <ConnectionMark />
          <div className="row">
            <button
              type="button"
              className="find"
              onClick={() => setPaletteOpen(true)}
              title="Anything by its name"
            >
              <Icon name="search" />
              <span>Find</span>
              <kbd>Ctrl K</kbd>
            </button>
            <IconButton
              icon={theme === "dark" ? "sun" : "moon"}
              label={theme === "dark" ? "Light colours" : "Dark colours"}
              onClick={() => chooseTheme(theme === "dark" ? "light" : "dark")}
            />
          </div>
        </div>
      </nav>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      {isPaletteOpen && <Palette onClose={() => setPaletteOpen(false)} />}
    </div>
  );
}
