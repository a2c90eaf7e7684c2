// Periodic tasks that never overlap themselves: the next run begins its pause when the one before has ended.

export interface Timer {
  stop(): void;
}

export function every(intervalMs: number, task: () => void | Promise<void>, onError: (error: unknown) => void): Timer {
  let handle: NodeJS.Timeout;
  let isStopped = false;
  const run = async () => {
    try {
      await task();
    } catch (error) {
      onError(error);
    }
    if (!isStopped) handle = setTimeout(run, intervalMs);
  };
  handle = setTimeout(run, intervalMs);
  return {
    stop() {
      isStopped = true;
      clearTimeout(handle);
    },
  };
}

export interface Beat {
  /** Adds a task. Its interval is rounded up to whole beats. */
  every(intervalMs: number, task: () => void | Promise<void>): void;
  stop(): void;
}

/** Many tasks on one timer: on an idle node what an agent costs is how often it wakes, not what it then does. */
export function createBeat(beatMs: number, onError: (error: unknown) => void): Beat {
  const tasks: {
    readonly beats: number;
    left: number;
    isRunning: boolean;
    readonly task: () => void | Promise<void>;
  }[] = [];
  const run = async (one: (typeof tasks)[number]): Promise<void> => {
    one.isRunning = true;
    try {
      await one.task();
    } catch (error) {
      onError(error);
    }
    one.isRunning = false;
    one.left = one.beats;
  };
  const timer = setInterval(() => {
    for (const one of tasks) {
      if (one.isRunning) continue;
      one.left -= 1;
      if (one.left <= 0) void run(one);
    }
  }, beatMs);
  return {
    every(intervalMs, task) {
      const beats = Math.ceil(intervalMs / beatMs);
      tasks.push({ beats, left: beats, isRunning: false, task });
    },
    stop: () => clearInterval(timer),
  };
}
