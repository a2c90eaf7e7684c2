// What the kernel really has, read when it is worth it: all of it after a change of policies and whenever it is in doubt, sizes after endpoints came and
// went, and that not after each of them: reading a large table takes longer than changing it.
import type { Force } from "./force.ts";
import { enforceLimits } from "./limits.ts";

export interface ReadBacks {
  /** "" when what was read last is exactly what was written, and nobody else writes there. */
  readonly said: string;
  /** It was touched, or a step failed: nothing is said of it before it was read again. */
  doubt(): void;
  /** Endpoints changed. */
  followed(): void;
  /** Reads everything. Throws what the dataplane throws. */
  read(): void;
  /** Reads what is due by now; the rest waits for a later look. */
  readDue(nowMs: number): void;
}

/** `rival`: that another agent writes the same table, "" when none does. */
export function createReadBacks(force: Pick<Force, "readBack">, rival: () => string): ReadBacks {
  let said = "";
  let due: "nothing" | "counts" | "all" = "nothing";
  let countedMs = -Infinity;
  function read(elements: "all" | "counts"): void {
    said = force.readBack(elements);
    due = "nothing";
  }
  return {
    get said() {
      return rival() || said;
    },
    doubt() {
      due = "all";
    },
    followed() {
      if (due === "nothing") due = "counts";
    },
    read: () => read("all"),
    readDue(nowMs) {
      if (due === "nothing") return;
      const leftMs = countedMs + enforceLimits.readBackEveryMs - nowMs;
      // A clock that was set back makes nobody wait longer.
      if (due === "counts" && leftMs > 0 && leftMs <= enforceLimits.readBackEveryMs) return;
      read(due);
      countedMs = nowMs;
    },
  };
}
