import { defineConfig } from "vitest/config";

import { version } from "./package.json";

// The running server that `make ui` is served beside.
const api = process.env.VEDETTE_API ?? "http://127.0.0.1:4400";

// The interface is served at /, GraphiQL at /graphql, the files of both under /static/; the server's policy allows
// files of its own origin only, so nothing may be inlined as a data: address.
export default defineConfig(({ command }) => ({
  base: command === "build" ? "/static/" : "/",
  define: { __VERSION__: JSON.stringify(version) },
  build: {
    outDir: "../server/vedette/web/static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    sourcemap: false,
    target: "es2023",
    chunkSizeWarningLimit: 4000,
    rollupOptions: { input: ["index.html", "graphiql.html"] },
  },
  // GraphiQL is shown by the running server; its workers cannot be bundled ahead.
  optimizeDeps: { entries: ["index.html"] },
  server: {
    host: "127.0.0.1",
    strictPort: true,
    port: Number(process.env.VEDETTE_UI_PORT ?? 5173),
    // `make ui` beside a running server, as one of its own pages: it asks who sends.
    proxy: Object.fromEntries(
      ["/graphql", "/auth", "/static"].map((path) => [path, { target: api, ws: true, changeOrigin: true, headers: { origin: api } }]),
    ),
  },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
}));
