// A worker in the main thread: for one core, for tests, and where sockets cannot be handed to threads.
import { createWorkerCore, type CoreParts, type WorkerCore } from "./core.ts";
import type { LoadResult, WorkerFigures } from "./messages.ts";
import type { Worker } from "./worker.ts";

/** `core` is for who brings sockets of its own. */
export function createInlineWorker(parts: CoreParts): Worker & { readonly core: WorkerCore } {
  const core = createWorkerCore(parts);
  return {
    core,
    takesSockets: true,
    load: async (order, errorsMax): Promise<LoadResult> => core.load(order, errorsMax),
    accept: (door, socket, source) => core.accept(door, socket, source),
    setWorkload: (workload) => core.setWorkload(workload),
    figures: (): WorkerFigures => core.figures(),
    close: (drainMs) => core.close(drainMs),
  };
}
