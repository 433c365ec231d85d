import { defineConfig } from "vite";

// The page is served at /graphql, its files under /static/; the server's policy allows files of its own origin only,
// so nothing may be inlined as a data: address.
export default defineConfig({
  base: "/static/",
  build: {
    outDir: "../server/vedette/web/static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    sourcemap: false,
    target: "es2023",
    chunkSizeWarningLimit: 4000,
  },
  server: {
    // `npm run dev` beside a running `vedette dev`
    proxy: { "/graphql": { target: "http://127.0.0.1:4400", ws: true } },
  },
});
