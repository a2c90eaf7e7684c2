// The console's build: hashed assets, no inline script (strict CSP), one chunk per screen. `vite` alone serves it against a
// server or the mock on 127.0.0.1:8686.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    // The preload helper would inline nothing, but its polyfill is a script of its own that current browsers do not need.
    modulePreload: { polyfill: false },
    // An inlined asset is a data: URL, which the console's CSP does not allow for fonts and styles.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { host: "127.0.0.1", proxy: { "/api": "http://127.0.0.1:8686" } },
});
