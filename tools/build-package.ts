// What `npm pack` runs first: compiles the sources to dist/ beside them, so that the packed product runs where Node does not read
// TypeScript (below node_modules). In the clone the sources themselves run; nothing there reads dist/.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const dist = path.join(root, "dist");

/** Declarations that a user of the package reads: the library's. The others would only make it larger. */
const publicFolder = path.join(dist, "apps", "waf-library") + path.sep;

function run(file: string, parameters: readonly string[]): void {
  const done = spawnSync(process.execPath, [file, ...parameters], { cwd: root, stdio: ["ignore", 2, 2] });
  if (done.status !== 0) throw new Error(`${path.relative(root, file)} ended with ${done.status ?? done.signal}`);
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Names of files as text (workers, child processes): the compiler rewrites imports only. A text changes where the compiled file is there. */
export function renameStarted(text: string, isThere: (relative: string) => boolean): string {
  return text.replace(/"([\w./-]+)\.ts"/g, (whole, name: string) => (isThere(`${name}.js`) ? `"${name}.js"` : whole));
}

function compile(): void {
  rmSync(dist, { recursive: true, force: true });
  run(path.join(root, "node_modules", "typescript", "bin", "tsc"), ["-p", "tsconfig.build.json"]);
  for (const file of filesBelow(dist)) {
    if (file.endsWith(".d.ts") && !file.startsWith(publicFolder)) rmSync(file);
    if (!file.endsWith(".js")) continue;
    const text = readFileSync(file, "utf8");
    const renamed = renameStarted(text, (relative) => existsSync(path.resolve(path.dirname(file), relative)));
    if (renamed !== text) writeFileSync(file, renamed);
  }
}

if (import.meta.main) {
  compile();
  run(path.join(root, "tools", "ready.cjs"), ["--ui"]);
}
