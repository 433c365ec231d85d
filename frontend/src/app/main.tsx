import "../elements/tokens.css";
import "../elements/ground.css";
import "../elements/controls.css";
import "../elements/panels.css";
import "../elements/overlays.css";
import "./shell.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import { applyTheme, storedTheme } from "./theme";

applyTheme(storedTheme());
const element = document.getElementById("page");
if (element === null) throw new Error("index.html has no element #page");
createRoot(element).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
