// Deadlines of many connections, looked at by one timer: arming one is an assignment, not a timer of the runtime.

export interface Deadline {
  /** Runs `late` once when it has passed; replaces the one before. */
  arm(ms: number, late: () => void): void;
  disarm(): void;
  /** Takes it out of the book for good. */
  drop(): void;
}

export interface DeadlineBook {
  add(): Deadline;
  close(): void;
}

interface Entry {
  atMs: number;
  late: (() => void) | undefined;
}

/** `tickMs` is how late a deadline may be noticed. The timer does not keep the process alive. `failed`: a deadline's own error; the others go on. */
export function createDeadlines(nowMs: () => number, tickMs: number, failed: (error: unknown) => void): DeadlineBook {
  const entries = new Set<Entry>();
  const timer = setInterval(() => {
    const now = nowMs();
    for (const entry of entries) {
      if (entry.late === undefined || entry.atMs > now) continue;
      const { late } = entry;
      entry.late = undefined;
      try {
        late();
      } catch (error) {
        failed(error);
      }
    }
  }, tickMs);
  timer.unref();
  return {
    add() {
      const entry: Entry = { atMs: 0, late: undefined };
      entries.add(entry);
      return {
        arm(ms, late) {
          entry.atMs = nowMs() + ms;
          entry.late = late;
        },
        disarm() {
          entry.late = undefined;
        },
        drop() {
          entry.late = undefined;
          entries.delete(entry);
        },
      };
    },
    close() {
      clearInterval(timer);
      entries.clear();
    },
  };
}
