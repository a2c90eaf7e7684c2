// Kubernetes events into rows, each occurrence once: also when a watch lists anew, and after a restart of the server.
import { toFault } from "../../../base/fault.ts";
import { eventRowOf, type FoundEvent } from "../../../core/inventory/event-row.ts";
import type { KeptKubernetesEvent } from "../../../edge/store/queries/queries.ts";
import { inventoryQueryLimits } from "../../../edge/store/queries/inventory.ts";
import type { Row } from "../../../model/table.ts";
import { WriteFailed, writeRows } from "./block-writer.ts";
import type { WriterParts } from "./inventory-writer.ts";
import { apiServerNode, clusterLimits } from "./limits.ts";

export interface EventWriter {
  put(event: FoundEvent): void;
  remove(uid: string): void;
  /** Writes what waits; never rejects. */
  flush(): Promise<void>;
  readonly dropped: number;
}

/** What the run before wrote last. */
interface Mark {
  readonly newestMs: number | undefined;
  readonly keys: ReadonlySet<string>;
}

export function createEventWriter(parts: WriterParts & { aheadMs(): number }): EventWriter {
  const { cluster, inventory, queries, clock, logger } = parts;
  /** By the event object's uid: the occurrence that was taken last. */
  const known = new Map<string, string>();
  let mark: Mark | undefined;
  let held: FoundEvent[] = [];
  let retryAtMs = -Infinity;
  let dropped = 0;
  let isWriting = false;

  function isWritten(row: Row<"kubernetes_events">, before: Mark): boolean {
    if (before.newestMs === undefined) return false;
    if (row.time < before.newestMs - inventoryQueryLimits.eventsOverlapMs) return true;
    // Times are put right by a difference of clocks that is measured anew in each run: the same occurrence may lie a little apart.
    return row.time <= before.newestMs + clockErrorMs && before.keys.has(keyOf(row));
  }

  async function write(nowMs: number): Promise<void> {
    mark ??= await readMark(queries, cluster);
    const before = mark;
    const events = held;
    held = [];
    const surroundings = { view: inventory, nowMs, aheadMs: parts.aheadMs(), fidelity: parts.fidelity() };
    const rows = events.map((event) => eventRowOf(event, surroundings)).filter((row) => !isWritten(row, before));
    try {
      await writeRows(parts.agents.accept, cluster, "kubernetes_events", rows);
    } catch (thrown) {
      if (!(thrown instanceof WriteFailed)) throw thrown;
      // Those that were written are not told apart from those that were known: the key does.
      mark = {
        newestMs: before.newestMs ?? 0,
        keys: new Set([...before.keys, ...rows.slice(0, thrown.written).map(keyOf)]),
      };
      held = [...events, ...held].slice(0, clusterLimits.eventsHeldMax);
      throw thrown.cause;
    }
  }

  return {
    put(event) {
      const occurrence = `${event.atMs ?? 0}/${event.count}`;
      if (known.get(event.uid) === occurrence) return;
      known.delete(event.uid);
      known.set(event.uid, occurrence);
      const [oldest] = known.keys();
      if (known.size > clusterLimits.eventsKnownMax && oldest !== undefined) known.delete(oldest);
      if (held.length >= clusterLimits.eventsHeldMax) dropped += 1;
      else held.push(event);
    },
    remove: (uid) => void known.delete(uid),
    async flush() {
      const nowMs = clock.nowMs();
      if (held.length === 0 || isWriting || nowMs < retryAtMs) return;
      isWriting = true;
      try {
        await write(nowMs);
      } catch (thrown) {
        const fault = toFault(thrown);
        retryAtMs = nowMs + clusterLimits.retryMs;
        logger.warn(
          { cluster, code: fault.code, error: fault.message, waiting: held.length },
          "Kubernetes events wait",
        );
      } finally {
        isWriting = false;
      }
    },
    get dropped() {
      return dropped;
    },
  };
}

async function readMark(queries: WriterParts["queries"], cluster: string): Promise<Mark> {
  const { newestMs, events } = await queries.newestKubernetesEvents({ cluster, node: apiServerNode });
  return { newestMs, keys: new Set(events.map(keyOf)) };
}

/** What the measured difference of two clocks may be wrong by. */
const clockErrorMs = 3000;

function keyOf({
  reason,
  objectKind,
  objectName,
  namespace,
  message,
  count,
}: Omit<KeptKubernetesEvent, "timeMs">): string {
  return JSON.stringify([reason, objectKind, objectName, namespace, message, count]);
}
