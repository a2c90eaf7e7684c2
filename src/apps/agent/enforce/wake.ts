// One step after another: calls to wake are collected, a step never overlaps the next, and whoever waits hears when nothing is left to do.

export interface Wake {
  /** A step begins after so long at the latest, unless one is due earlier. */
  wake(afterMs: number): void;
  settled(): Promise<void>;
  /** No further step; resolves when the running one has ended. */
  stop(): Promise<void>;
}

/** `step` says whether another one shall follow at once; it never rejects. */
export function createWake(step: () => Promise<"again" | "rest">): Wake {
  return new StepByStep(step);
}

class StepByStep implements Wake {
  readonly #step: () => Promise<"again" | "rest">;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Infinity;
  #isDirty = false;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(step: () => Promise<"again" | "rest">) {
    this.#step = step;
  }

  wake(afterMs: number): void {
    const atMs = performance.now() + afterMs;
    if (this.#isStopped || atMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = atMs;
    this.#timer = setTimeout(() => this.#begin(), afterMs);
  }

  async settled(): Promise<void> {
    while (this.#running !== undefined || this.#timer !== undefined) {
      await this.#running;
      if (this.#timer !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  #begin(): void {
    this.#timer = undefined;
    this.#dueMs = Infinity;
    this.#isDirty = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    while (this.#isDirty && !this.#isStopped) {
      this.#isDirty = false;
      if ((await this.#step()) === "again") this.#isDirty = true;
    }
  }
}
