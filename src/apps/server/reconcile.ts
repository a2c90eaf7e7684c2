// Level-triggered work on a tick or a wake-up: never two at once, a failure is logged and tried again at the next tick.
import { toFault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";

export interface Reconciler extends AsyncDisposable {
  /** Runs soon; wake-ups during a run become one more run. */
  wake(): void;
}

export interface ReconcilerOptions {
  readonly name: string;
  readonly everyMs: number;
  /** Compares what is wanted with what is and acts; the signal aborts at shutdown. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly logger: Logger;
}

/** Starts with a run at once. Disposing waits for the run under way. */
export function startReconciler({ name, everyMs, run, logger }: ReconcilerOptions): Reconciler {
  const stopped = new AbortController();
  let running: Promise<void> | undefined;
  let isWanted = false;

  async function work(): Promise<void> {
    while (isWanted && !stopped.signal.aborted) {
      isWanted = false;
      try {
        await run(stopped.signal);
      } catch (thrown) {
        const fault = toFault(thrown);
        const fields = { name, code: fault.code, error: fault.message };
        if (fault.kind === "unavailable") logger.info(fields, "reconciling has to wait");
        else logger.error(fields, "reconciling failed; it is tried again at the next tick");
      }
    }
  }

  function wake(): void {
    isWanted = true;
    running ??= work().finally(() => {
      running = undefined;
    });
  }

  const timer = setInterval(wake, everyMs);
  wake();
  return {
    wake,
    async [Symbol.asyncDispose]() {
      stopped.abort();
      clearInterval(timer);
      await running;
    },
  };
}
