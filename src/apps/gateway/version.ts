// The gateway's version: that of the package it was shipped with.
import { readFileSync } from "node:fs";

/** Walks up from this file to the first package.json: the sources and the packed program lie at different depths. */
function packageVersion(): string {
  for (let folder = new URL(".", import.meta.url); ; folder = new URL("..", folder)) {
    try {
      const manifest = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as { version?: string };
      if (manifest.version !== undefined) return manifest.version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    if (folder.pathname === "/") return "0.0.0";
  }
}

export const gatewayVersion: string = packageVersion();
