// A worker in a thread of its own: gets descriptors, sends events and figures. Its death is an error of the process: a half-deaf gateway must not look well.
import { Worker as Thread } from "node:worker_threads";
import type { Logger } from "../../../base/logger.ts";
import type { EventRecord } from "../events/record.ts";
import { handOver } from "./descriptors.ts";
import type { FromWorker, LoadResult, ToWorker, WorkerFigures, WorkerSettings } from "./messages.ts";
import type { Worker } from "./worker.ts";

const youngMebibytesMax = 8;

export interface ThreadOptions {
  readonly settings: WorkerSettings;
  readonly onRecords: (records: readonly EventRecord[]) => void;
  readonly onDeath: (error: Error) => void;
  readonly logger: Logger;
}

export function createThreadWorker({ settings, onRecords, onDeath, logger }: ThreadOptions): Worker {
  const thread = new Thread(new URL("./thread.ts", import.meta.url), {
    workerData: settings,
    name: "garrison-waf",
    // Requests leave little behind; a large young space only keeps what loading left.
    resourceLimits: { maxYoungGenerationSizeMb: youngMebibytesMax },
  });
  const loads = new Map<number, (result: LoadResult) => void>();
  let figures: WorkerFigures | undefined;
  let isClosing = false;
  let closed: () => void = () => undefined;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  const send = (message: ToWorker): void => thread.postMessage(message);
  thread.on("message", (message: FromWorker) => {
    switch (message.type) {
      case "result":
        loads.get(message.result.number)?.(message.result);
        loads.delete(message.result.number);
        return;
      case "records":
        onRecords(message.records);
        return send({ type: "taken", records: message.records.length });
      case "figures":
        figures = message.figures;
        return;
      case "closed":
        return closed();
    }
  });
  thread.on("error", (error) => onDeath(error instanceof Error ? error : new Error(String(error))));
  thread.on("exit", (code) => {
    if (!isClosing) onDeath(new Error(`a worker of the gateway ended with code ${code}`));
    closed();
  });
  return {
    takesSockets: true,
    load: (order, errorsMax) =>
      new Promise((resolve) => {
        loads.set(order.number, resolve);
        send({ type: "load", order, errorsMax });
      }),
    accept(door, socket, source) {
      const descriptor = handOver(socket);
      if (descriptor === undefined) logger.error({ door }, "a connection could not be handed to its worker");
      else send({ type: "socket", descriptor, door, source });
    },
    setWorkload: (workload) => send({ type: "workload", workload }),
    figures: () => figures,
    async close(drainMs) {
      isClosing = true;
      const done = new Promise<void>((resolve) => {
        closed = resolve;
      });
      send({ type: "close", drainMs });
      await done;
      await thread.terminate();
    },
  };
}
