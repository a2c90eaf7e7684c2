// All workers, and whose turn it is. A thread that dies is started again while the others serve; too many deaths end the process: whoever supervises it starts a
// whole one.
import type { Socket } from "node:net";
import type { Logger } from "../../../base/logger.ts";
import type { WafWorkload } from "../../../core/waf/policy/target.ts";
import type { EventRecord } from "../events/record.ts";
import type { ConnectionSource } from "../inspect.ts";
import type { WorkerCore } from "./core.ts";
import { canHandOver } from "./descriptors.ts";
import { createInlineWorker } from "./inline.ts";
import type { ListeningDoor, WorkerSettings } from "./messages.ts";
import { createThreadWorker } from "./threads.ts";
import type { Worker } from "./worker.ts";

export interface WorkerSet {
  readonly all: readonly Worker[];
  /** The worker of the main thread, where there is one. */
  readonly inline: WorkerCore | undefined;
  /** For people: "2 workers". */
  readonly text: string;
  accept(door: ListeningDoor, socket: Socket, source: ConnectionSource): void;
  setWorkload(workload: WafWorkload | undefined): void;
  close(drainMs: number): Promise<void>;
}

export interface WorkerSetOptions {
  readonly settings: WorkerSettings;
  readonly threads: number;
  /** Somebody brings sockets to the main thread: it gets a worker too. */
  readonly needsInline: boolean;
  readonly onRecords: (records: readonly EventRecord[]) => void;
  readonly logger: Logger;
  /** A worker died and is started again; what it had not told yet is lost. */
  readonly onRestart?: (because: string) => void;
  /** The end of the process: absent, the error is thrown where nobody catches it. */
  readonly onTooManyDeaths?: (error: Error) => void;
  /** Of threads; absent: thread.ts. */
  readonly entry?: URL;
}

/** More deaths than this in a minute: it will not get better. */
export const deathsPerMinuteMax = 5;

export function openWorkers(options: WorkerSetOptions): WorkerSet {
  const { settings, threads, needsInline, onRecords, logger } = options;
  const canUseThreads = threads > 0 && canHandOver();
  if (threads > 0 && !canUseThreads)
    logger.warn({}, "connections cannot be handed to threads here: the main thread serves");
  const isInlineServing = !canUseThreads;
  const inline =
    isInlineServing || needsInline
      ? createInlineWorker({
          settings,
          logger,
          onRecord: (record) => {
            onRecords([record]);
            return true;
          },
        })
      : undefined;
  const onDeath = deathOf(options);
  const threaded: Worker[] = canUseThreads
    ? Array.from({ length: threads }, () => createThreadWorker({ ...options, onDeath }))
    : [];
  const serving: readonly Worker[] = isInlineServing && inline !== undefined ? [inline] : threaded;
  const all: readonly Worker[] = inline === undefined || isInlineServing ? serving : [inline, ...threaded];
  let turn = 0;
  return {
    all,
    inline: inline?.core,
    text: canUseThreads ? `${threads} worker${threads === 1 ? "" : "s"}` : "one thread",
    accept(door, socket, source) {
      turn = (turn + 1) % serving.length;
      serving[turn]?.accept(door, socket, source);
    },
    setWorkload(workload) {
      for (const worker of all) worker.setWorkload(workload);
    },
    async close(drainMs) {
      await Promise.all(all.map((worker) => worker.close(drainMs)));
    },
  };
}

/** Whether a worker that died is started again. */
function deathOf({ logger, onRestart, onTooManyDeaths }: WorkerSetOptions): (error: Error) => boolean {
  const deaths: number[] = [];
  return (error) => {
    const nowMs = performance.now();
    deaths.push(nowMs);
    while (nowMs - (deaths[0] ?? nowMs) > 60_000) deaths.shift();
    logger.error({ error: error.message, stack: error.stack, deaths: deaths.length }, "a worker of the gateway died");
    if (deaths.length <= deathsPerMinuteMax) {
      onRestart?.(error.message);
      return true;
    }
    const last = new Error(`workers died ${deaths.length} times in a minute, the last of: ${error.message}`);
    if (onTooManyDeaths === undefined) throw last;
    onTooManyDeaths(last);
    return false;
  };
}
