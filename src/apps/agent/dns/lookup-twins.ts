// One look-up that both the sensor and the proxy saw is told once: the proxy's row, which knows the server that was really asked and what became of the
// answer, with the process that only the sensor knows. The sensor's row is dropped and counted.
import type { Row } from "../../../model/table.ts";
import type { SensorLookup } from "./dns-side.ts";

export const twinLimits = {
  /** The proxy's row waits so long for the sensor's, which comes in batches. */
  holdMs: 1500,
  /** A sensor's row that comes later than that is still a twin; its own timeout is 5 s. */
  rememberMs: 10_000,
  /** Rows that wait, and look-ups remembered; beyond it the oldest is told without its process, or forgotten. */
  heldMax: 4096,
  rememberedMax: 32_768,
} as const;

export interface LookupTwins {
  /** Takes the proxy's row; it is told later, or at once when no sensor runs. */
  fromProxy(lookup: SensorLookup, nowMs: number): void;
  /** Whether the proxy has this look-up: then the sensor's row is not to be sent. */
  isTwin(lookup: SensorLookup, nowMs: number): boolean;
  /** Tells what waited long enough. */
  expire(nowMs: number): void;
  /** Tells everything that waits. */
  drain(): void;
  readonly stats: { readonly merged: number; readonly droppedLate: number; readonly held: number };
}

export function createLookupTwins(onRow: (row: Row<"dns_events">) => void): LookupTwins {
  const held = new Map<string, { readonly row: Row<"dns_events">; readonly sinceMs: number }>();
  const told = new Map<string, number>();
  let merged = 0;
  let droppedLate = 0;

  const tell = (key: string, row: Row<"dns_events">, nowMs: number) => {
    held.delete(key);
    told.delete(key);
    told.set(key, nowMs);
    for (const oldest of told.keys()) {
      if (told.size <= twinLimits.rememberedMax) break;
      told.delete(oldest);
    }
    onRow(row);
  };
  return {
    get stats() {
      return { merged, droppedLate, held: held.size };
    },
    fromProxy(lookup, nowMs) {
      const key = keyOf(lookup);
      // The same question again: an exchange of its own, as the sensor tells it when the first was answered.
      const before = held.get(key);
      if (before !== undefined) tell(key, before.row, nowMs);
      held.set(key, { row: lookup.row, sinceMs: nowMs });
      for (const [oldest, { row }] of held) {
        if (held.size <= twinLimits.heldMax) break;
        tell(oldest, row, nowMs);
      }
    },
    isTwin(lookup, nowMs) {
      const key = keyOf(lookup);
      const waiting = held.get(key);
      if (waiting !== undefined) {
        merged += 1;
        tell(key, withProcess(waiting.row, lookup.row), nowMs);
        return true;
      }
      const toldMs = told.get(key);
      if (toldMs === undefined || nowMs - toldMs > twinLimits.rememberMs) return false;
      droppedLate += 1;
      return true;
    },
    expire(nowMs) {
      for (const [key, { row, sinceMs }] of held) {
        if (nowMs - sinceMs < twinLimits.holdMs) break;
        tell(key, row, nowMs);
      }
      for (const [key, toldMs] of told) {
        if (nowMs - toldMs <= twinLimits.rememberMs) break;
        told.delete(key);
      }
    },
    drain() {
      for (const [key, { row, sinceMs }] of held) tell(key, row, sinceMs);
    },
  };
}

function keyOf({ row, clientAddress, clientPort }: SensorLookup): string {
  return `${clientAddress} ${clientPort} ${row.questionType} ${row.question}`;
}

/** Who asked, from the sensor's row; the rest as the proxy tells it. */
function withProcess(row: Row<"dns_events">, sensor: Row<"dns_events">): Row<"dns_events"> {
  const { processId, pid, process } = sensor;
  const hasContainer = row.containerId === "" && sensor.containerId !== "";
  const { container, containerId, image, imageDigest } = hasContainer ? sensor : row;
  return { ...row, processId, pid, process, container, containerId, image, imageDigest };
}
