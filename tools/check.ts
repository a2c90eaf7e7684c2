// The walls in one command: compiler projects, lint, format. `npm run check`; the tests run the same list (walls.test.ts).
import { spawnSync } from "node:child_process";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const bin = (name: string): string => path.join(root, "node_modules", ".bin", name);

export const walls = [
  { name: "types", command: bin("tsc"), args: ["-b", "tsconfig.json"] },
  { name: "lint", command: bin("oxlint"), args: [] },
  { name: "format", command: bin("oxfmt"), args: ["--check", "src", "ui/src", "tools", "test"] },
] as const;

/** Runs one wall; the output is empty when it holds. */
export function runWall(wall: (typeof walls)[number]): { readonly ok: boolean; readonly output: string } {
  const result = spawnSync(wall.command, [...wall.args], { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return { ok: result.status === 0, output: `${result.stdout}${result.stderr}` };
}

if (import.meta.main) {
  for (const wall of walls) {
    const { ok, output } = runWall(wall);
    console.log(`${ok ? "ok  " : "FAIL"} ${wall.name}`);
    if (ok) continue;
    console.log(output);
    process.exitCode = 1;
  }
}
