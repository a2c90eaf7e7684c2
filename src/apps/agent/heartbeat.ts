// When the agent was last known to look, on disk, so that the next start can say for how long nobody did.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Row } from "../../model/table.ts";

const fileName = "heartbeat.json";
const Heartbeat = z.object({
  timeMs: z.int(),
  bootId: z.string(),
  /** Everything before this was told: what flows had counted since then died with the agent. Equal to timeMs after an orderly end. */
  toldMs: z.int().optional(),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** The last heartbeat; undefined on the first start or when the file is damaged (then there is nothing to claim). */
export async function readHeartbeat(folder: string): Promise<Heartbeat | undefined> {
  try {
    return Heartbeat.parse(JSON.parse(await readFile(join(folder, fileName), "utf8")));
  } catch {
    return undefined;
  }
}

export async function writeHeartbeat(folder: string, heartbeat: Heartbeat): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, fileName);
  await writeFile(`${path}.tmp`, JSON.stringify(heartbeat), { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

/**
 * The gap from what the last life had told until now: counts of the flow window that was open at a kill are part of it. Times before the
 * store's range are moved into it by `oldestMs`.
 */
export function downGap(last: Heartbeat | undefined, now: Heartbeat, oldestMs: number): Row<"gaps"> | undefined {
  if (last === undefined || now.timeMs <= last.timeMs) return undefined;
  const fromMs = Math.max(Math.min(last.timeMs, last.toldMs ?? last.timeMs), oldestMs);
  const detail =
    last.bootId === now.bootId ? "the agent was not running" : "the machine was restarted; the agent was not running";
  return {
    time: fromMs,
    durationMs: now.timeMs - fromMs,
    table: "*",
    reason: "agent-down",
    rows: 0,
    counted: "no",
    detail,
  };
}
