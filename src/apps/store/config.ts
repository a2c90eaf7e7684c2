// What the store process can be told. Defaults suit one watched machine; the names are those of the command line.
import { z } from "zod";

const mebibyte = 1024 * 1024;

export const StoreConfig = z.strictObject({
  /** The data folder; the store owns `store/` in it, shares `run/` and reads blocks from `spool/`. */
  dataFolder: z.string().min(1),
  /** "unix": run/store.sock. "loopback": 127.0.0.1 on `port`. Both need a credential of run/store.key. */
  listen: z.enum(["unix", "loopback"]).default("unix"),
  /** Only for "loopback"; 0 takes a free one, which run/store.key then names. */
  port: z.int().min(0).max(65_535).default(0),
  /** Cap of the engine's own accounting, resident memory included; a query that would pass it fails with a clear error. */
  memoryBytesMax: z
    .int()
    .min(512 * mebibyte)
    .default(1024 * mebibyte),
  /** Reads that run at the same time; more wait in a queue of `queueMax`. */
  readersMax: z.int().min(1).max(16).default(4),
  writersMax: z.int().min(1).max(4).default(2),
  queueMax: z.int().min(1).max(1024).default(64),
  /** Upper limit of any read's run time; a caller may ask for less. */
  readSecondsMax: z.number().min(0.1).max(600).default(60),
  /** An insert that would leave less free disk than this is refused (code 243). */
  freeDiskBytesMin: z
    .int()
    .min(0)
    .default(64 * mebibyte),
  /** Leave when the parent does: its pipe on standard input ends. Set by the supervisor. */
  exitWithParent: z.boolean().default(false),
});
export type StoreConfig = z.infer<typeof StoreConfig>;

/** Where the process keeps its things, from the data folder. */
export interface StorePaths {
  readonly data: string;
  readonly spool: string;
  readonly run: string;
  readonly socket: string;
  readonly key: string;
  readonly engineConfig: string;
  readonly engineUsers: string;
}

export function storePaths(dataFolder: string): StorePaths {
  return {
    data: `${dataFolder}/store`,
    spool: `${dataFolder}/spool`,
    run: `${dataFolder}/run`,
    socket: `${dataFolder}/run/store.sock`,
    key: `${dataFolder}/run/store.key`,
    engineConfig: `${dataFolder}/run/store-engine.xml`,
    engineUsers: `${dataFolder}/run/store-users.xml`,
  };
}
