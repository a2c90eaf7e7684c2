// A worker in a thread of its own: gets descriptors, sends events and figures. One that dies is started again with the rule set that was in force; how often, its
// owner says. Connections that come meanwhile wait in its line, behind the rule set.
import { Worker as Thread } from "node:worker_threads";
import type { Logger } from "../../../base/logger.ts";
import type { EventRecord } from "../events/record.ts";
import { handOver } from "./descriptors.ts";
import type { LoadOrder } from "../rules/load-rules.ts";
import type { FromWorker, LoadResult, ToWorker, WorkerFigures, WorkerSettings } from "./messages.ts";
import type { Worker } from "./worker.ts";

const youngMebibytesMax = 8;

export interface ThreadOptions {
  readonly settings: WorkerSettings;
  readonly onRecords: (records: readonly EventRecord[]) => void;
  /** True: start it again. */
  readonly onDeath: (error: Error) => boolean;
  /** Absent: thread.ts. */
  readonly entry?: URL;
  readonly logger: Logger;
}

interface State {
  readonly options: ThreadOptions;
  readonly loads: Map<number, { readonly order: LoadOrder; readonly resolve: (result: LoadResult) => void }>;
  thread: Thread;
  /** What is in force: for the one that comes after this one. */
  inForce: LoadOrder | undefined;
  figures: WorkerFigures | undefined;
  isClosing: boolean;
  closed: () => void;
}

export function createThreadWorker(options: ThreadOptions): Worker {
  const state: State = {
    options,
    loads: new Map(),
    thread: startThread(options),
    inForce: undefined,
    figures: undefined,
    isClosing: false,
    closed: () => undefined,
  };
  listen(state);
  return {
    takesSockets: true,
    load: (order, errorsMax) =>
      new Promise((resolve) => {
        state.loads.set(order.number, { order, resolve });
        send(state, { type: "load", order, errorsMax });
      }),
    accept(door, socket, source) {
      const descriptor = handOver(socket);
      if (descriptor === undefined) options.logger.error({ door }, "a connection could not be handed to its worker");
      else send(state, { type: "socket", descriptor, door, source });
    },
    setWorkload: (workload) => send(state, { type: "workload", workload }),
    figures: () => state.figures,
    async close(drainMs) {
      state.isClosing = true;
      const done = new Promise<void>((resolve) => {
        state.closed = resolve;
      });
      send(state, { type: "close", drainMs });
      await done;
      await state.thread.terminate();
    },
  };
}

function startThread({ settings, entry }: ThreadOptions): Thread {
  return new Thread(entry ?? new URL("./thread.ts", import.meta.url), {
    workerData: settings,
    name: "garrison-waf",
    // Requests leave little behind; a large young space only keeps what loading left.
    resourceLimits: { maxYoungGenerationSizeMb: youngMebibytesMax },
  });
}

function send({ thread }: State, message: ToWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  thread.postMessage(message);
}

function listen(state: State): void {
  let because: Error | undefined;
  state.thread.on("message", (message: FromWorker) => take(state, message));
  state.thread.on("error", (error) => {
    because = error instanceof Error ? error : new Error(String(error));
  });
  state.thread.on("exit", (code) => {
    if (state.isClosing) return state.closed();
    died(state, because ?? new Error(`it ended with code ${code}`));
  });
}

function take(state: State, message: FromWorker): void {
  switch (message.type) {
    case "result": {
      const { result } = message;
      const load = state.loads.get(result.number);
      state.loads.delete(result.number);
      if (result.isLoaded && load !== undefined) state.inForce = { ...load.order, package: result.package };
      return load?.resolve(result);
    }
    case "records":
      state.options.onRecords(message.records);
      return send(state, { type: "taken", records: message.records.length });
    case "figures":
      state.figures = message.figures;
      return;
    case "closed":
      return state.closed();
  }
}

/** The rule set goes first: a worker takes no connection without one. */
function died(state: State, error: Error): void {
  const { inForce, loads, options } = state;
  for (const [number, { resolve }] of loads)
    resolve({ number, isLoaded: false, because: `a worker died: ${error.message}` });
  loads.clear();
  state.figures = undefined;
  if (!options.onDeath(error)) return;
  state.thread = startThread(options);
  listen(state);
  if (inForce === undefined) return;
  const resolve = (result: LoadResult): void => {
    // Without rules it would only refuse: that is another death.
    if (!result.isLoaded) void state.thread.terminate();
  };
  loads.set(inForce.number, { order: inForce, resolve });
  send(state, { type: "load", order: inForce, errorsMax: Number.POSITIVE_INFINITY });
}
