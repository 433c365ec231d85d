import "graphiql/setup-workers/vite";

// graphiql/style.css is these four and half a megabyte of fonts; page.css takes the system's fonts instead.
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./page.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Page } from "./Page";

const element = document.getElementById("page");
if (element === null) {
  throw new Error("index.html has no element #page");
}
createRoot(element).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
