// The console's build: hashed assets, no inline script (strict CSP), one chunk per screen. `vite` alone serves it against a
// server or the mock on 127.0.0.1:8686.
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { api } from "../src/apps/server/contract/api.ts";
import type { Endpoint } from "../src/apps/server/contract/endpoint.ts";

/** The browser needs method and path of each operation, not the schemas behind them (a quarter of the first screen's bytes). */
function contractAsPaths(): Plugin {
  const operations = Object.entries<Endpoint>(api).map(([name, { method, path }]) => [name, { method, path }] as const);
  return {
    name: "garrison-contract-as-paths",
    load: (id) =>
      id.endsWith("/src/apps/server/contract/api.ts")
        ? `export const api = ${JSON.stringify(Object.fromEntries(operations))};`
        : null,
  };
}

const frameLibraries =
  /node_modules\/(react|react-dom|scheduler|use-sync-external-store|@tanstack\/(?!virtual|react-virtual)[^/]+)\//;

export default defineConfig({
  root: import.meta.dirname,
  plugins: [contractAsPaths(), react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    // The preload helper would inline nothing, but its polyfill is a script of its own that current browsers do not need.
    modulePreload: { polyfill: false },
    // An inlined asset is a data: URL, which the console's CSP does not allow for fonts and styles.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // What every screen loads is one file: fewer requests, better packed, and kept by the browser while only screens change.
        codeSplitting: { groups: [{ name: "frame", test: frameLibraries }] },
      },
    },
  },
  server: { host: "127.0.0.1", proxy: { "/api": "http://127.0.0.1:8686" } },
});
