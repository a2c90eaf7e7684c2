// Break-glass: a file in the data folder that stops all enforcement on this node until it is removed. Works without server and agent: the command line
// writes it and removes the table; an agent that runs sees it within a moment, takes the table out and does not put it back.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

const fileName = "break-glass.json";

export const BreakGlass = z.object({ sinceMs: z.int(), by: z.string().max(253), because: z.string().max(500) });
export type BreakGlass = z.infer<typeof BreakGlass>;

/** Where enforcement keeps its files, in the data folder. */
export function enforceFolder(data: string): string {
  return path.join(data, "agent", "enforce");
}

/** Undefined: enforcement may go on. A file that cannot be read counts: whoever made it wanted enforcement to stop. */
export function readBreakGlass(folder: string): BreakGlass | undefined {
  let text: string;
  try {
    text = readFileSync(path.join(folder, fileName), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return { sinceMs: 0, by: "", because: `${fileName} cannot be read` };
  }
  try {
    return BreakGlass.parse(JSON.parse(text));
  } catch {
    return { sinceMs: 0, by: "", because: `${fileName} was made by hand` };
  }
}

export function writeBreakGlass(folder: string, glass: BreakGlass): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, fileName);
  writeFileSync(`${file}.tmp`, JSON.stringify(glass), { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

/** False when there was none. */
export function endBreakGlass(folder: string): boolean {
  const isThere = readBreakGlass(folder) !== undefined;
  rmSync(path.join(folder, fileName), { force: true });
  return isThere;
}
