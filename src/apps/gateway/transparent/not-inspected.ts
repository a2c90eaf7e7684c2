// Connections that passed without inspection, told by port and reason: the first at once, then how many there were, now and then.
import type { DoorLimits } from "./limits.ts";

export interface NotInspected {
  readonly label: string;
  readonly port: number;
  readonly because: string;
  /** Of the last one. */
  readonly clientAddress: string;
  readonly connections: number;
  readonly timeMs: number;
}

interface Seen {
  notice: Omit<NotInspected, "timeMs">;
}

export function createNotInspected(options: {
  readonly limits: DoorLimits;
  readonly nowMs: () => number;
  readonly onNotInspected: (notice: NotInspected) => void;
}) {
  const { limits, nowMs, onNotInspected } = options;
  const known = new Map<string, Seen>();
  const tell = (): void => {
    for (const seen of known.values()) {
      if (seen.notice.connections > 0) onNotInspected({ ...seen.notice, timeMs: nowMs() });
      seen.notice = { ...seen.notice, connections: 0 };
    }
  };
  const timer = setInterval(tell, limits.reportMs);
  timer.unref();
  return {
    add(given: { label: string; port: number; because: string; clientAddress: string }): void {
      const { label, port, because, clientAddress } = given;
      let key = `${label} ${port} ${because}`;
      let notice = { label, port, because, clientAddress, connections: 1 };
      if (!known.has(key) && known.size >= limits.reportsMax) {
        key = "rest";
        notice = { ...notice, label: "others", port: 0, because: "more reasons than are kept apart" };
      }
      const seen = known.get(key);
      if (seen !== undefined) {
        seen.notice = { ...notice, connections: seen.notice.connections + 1 };
        return;
      }
      onNotInspected({ ...notice, timeMs: nowMs() });
      known.set(key, { notice: { ...notice, connections: 0 } });
    },
    /** Tells what was not told yet. */
    close(): void {
      clearInterval(timer);
      tell();
    },
  };
}
