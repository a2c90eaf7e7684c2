// The entry of a worker thread: messages in, a core, messages out. Events wait in a bounded line; what finds no room is counted by the core.
import { Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../../base/assert.ts";
import type { EventRecord } from "../events/record.ts";
import { createWorkerCore } from "./core.ts";
import type { FromWorker, ToWorker, WorkerSettings } from "./messages.ts";
import { stderrLogger } from "./stderr-logger.ts";

const threadLimits = {
  /** Records that the main thread has not taken yet. */
  recordsMax: 20_000,
  recordsPerMessageMax: 500,
  figuresEveryMs: 500,
} as const;

assert(parentPort !== null, "thread.ts runs in a worker thread only");
const port = parentPort;
const send = (message: FromWorker): void => port.postMessage(message);

let waiting: EventRecord[] = [];
let untaken = 0;
let isFlushing = false;

function flush(): void {
  isFlushing = false;
  while (waiting.length > 0) {
    send({ type: "records", records: waiting.slice(0, threadLimits.recordsPerMessageMax) });
    waiting = waiting.slice(threadLimits.recordsPerMessageMax);
  }
}

const core = createWorkerCore({
  settings: workerData as WorkerSettings,
  logger: stderrLogger,
  onRecord(record) {
    if (untaken >= threadLimits.recordsMax) return false;
    untaken += 1;
    waiting.push(record);
    if (!isFlushing) setImmediate(flush);
    isFlushing = true;
    return true;
  },
});

const timer = setInterval(() => send({ type: "figures", figures: core.figures() }), threadLimits.figuresEveryMs);

port.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "load":
      return send({ type: "result", result: core.load(message.order, message.errorsMax) });
    case "socket": {
      const socket = new Socket({ fd: message.descriptor, allowHalfOpen: true, readable: true, writable: true });
      return core.accept(message.door, socket, message.source);
    }
    case "workload":
      return core.setWorkload(message.workload);
    case "taken":
      untaken -= message.records;
      return;
    case "close":
      return void close(message.drainMs);
  }
});

async function close(drainMs: number): Promise<void> {
  await core.close(drainMs);
  clearInterval(timer);
  flush();
  send({ type: "figures", figures: core.figures() });
  send({ type: "closed" });
}
