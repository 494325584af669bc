import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The console: static files that work in whatever folder of a site they lie. scripts/ensure-built.mjs says where they go. */
export default defineConfig({
  root: fileURLToPath(new URL("src/console", import.meta.url)),
  base: "./",
  cacheDir: fileURLToPath(new URL("node_modules/.cache/vite", import.meta.url)),
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    // The policy of the page permits no code and no style that is not a file of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
