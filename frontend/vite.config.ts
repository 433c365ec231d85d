import { defineConfig } from "vitest/config";

// The interface is served at /, GraphiQL at /graphql, the files of both under /static/; the server's policy allows
// files of its own origin only, so nothing may be inlined as a data: address.
export default defineConfig(({ command }) => ({
  base: command === "build" ? "/static/" : "/",
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
  server: {
    // `make ui` beside a running server; VEDETTE_API names another one.
    proxy: { "/graphql": { target: process.env.VEDETTE_API ?? "http://127.0.0.1:4400", ws: true, changeOrigin: true } },
  },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
}));
