// A periodic task that never overlaps itself: the next run begins its pause when the one before has ended.

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
