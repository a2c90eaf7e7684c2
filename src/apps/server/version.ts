// The program's version, from the package.json that it was shipped with.
import { readFileSync } from "node:fs";

/** Walks up from this file to the first package.json named "garrison" ("0.0.0" when there is none). */
export function programVersion(): string {
  let folder = new URL(".", import.meta.url);
  for (let depth = 0; depth < 8; depth += 1) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as Record<
        string,
        unknown
      >;
      if (name === "garrison" && typeof version === "string") return version;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
    }
    folder = new URL("..", folder);
  }
  return "0.0.0";
}
