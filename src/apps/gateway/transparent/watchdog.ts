// A small process that outlives the gateway and says that it is gone, the moment it is: a line on stderr and a file that the next gateway tells of.
// It changes nothing: what happens to the ports is the kernel's doing.
import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { Logger } from "../../../base/logger.ts";
import { recordPrefix, recordsMax, type FromGateway } from "./watchdog-words.ts";
import type { GatewayDown } from "./notices.ts";

/** Files are read with bounds: others may write into the folder. */
const recordBytesMax = 64 * 1024;

const Record = z.object({
  timeMs: z.number().int().nonnegative(),
  workloads: z
    .array(
      z.object({
        label: z.string().max(512),
        ports: z.array(z.object({ port: z.int().min(1).max(65_535), onDown: z.enum(["open", "closed"]) })).max(64),
      }),
    )
    .max(4096),
});

export interface Watchdog {
  /** What it will tell. */
  watch(workloads: FromGateway["workloads"]): void;
  /** Ends it: the gateway goes on purpose. */
  close(): Promise<void>;
}

/** `folder`: where it writes; made when it is not there. */
export function startWatchdog(folder: string, logger: Logger): Watchdog {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const child: ChildProcess = fork(path.join(import.meta.dirname, "watchdog.process.ts"), [folder], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    // Signals for the gateway's group are not for it: it must be there when the gateway is not.
    detached: true,
    execArgv: process.execArgv.filter((argument) => !argument.startsWith("--inspect")),
  });
  let isClosing = false;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.once("exit", (code) => {
    if (!isClosing)
      logger.warn({ code }, "the gateway's watchdog ended: the gateway's own death would go untold until it is back");
  });
  child.on("error", (error) => logger.warn({ error }, "the gateway's watchdog"));
  child.unref();
  child.channel?.unref();
  const tell = (message: FromGateway): void => {
    if (child.connected) child.send(message);
  };
  return {
    watch: (workloads) => tell({ type: "watch", workloads }),
    close: async () => {
      isClosing = true;
      // Waited for from here on: nothing else may keep the process until it is gone.
      child.ref();
      child.channel?.ref();
      tell({ type: "bye", workloads: [] });
      await gone;
    },
  };
}

/** What watchdogs of earlier gateways wrote, oldest first, and takes the files away. Unreadable ones are told to the logger and taken away. */
export function takeDownRecords(folder: string, logger: Logger): readonly GatewayDown[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.startsWith(recordPrefix));
  } catch {
    // No folder: nobody wrote.
    return [];
  }
  const found: GatewayDown[] = [];
  for (const name of names.sort().slice(0, recordsMax)) {
    const file = path.join(folder, name);
    try {
      const record = Record.parse(JSON.parse(readFileSync(file, "utf8").slice(0, recordBytesMax)));
      for (const { label, ports } of record.workloads) {
        found.push({ timeMs: record.timeMs, how: "gone", label, ports, figures: [] });
      }
    } catch (error) {
      logger.warn({ file, error }, "a watchdog's record cannot be read");
    }
    rmSync(file, { force: true });
  }
  return found;
}
