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

type EventParts = WriterParts & { aheadMs(): number };

export function createEventWriter(parts: EventParts): EventWriter {
  return new Writer(parts);
}

class Writer implements EventWriter {
  readonly #parts: EventParts;
  /** By the event object's uid: the occurrence that was taken last. */
  readonly #known = new Map<string, string>();
  #mark: Mark | undefined;
  #held: FoundEvent[] = [];
  #retryAtMs = -Infinity;
  #isWriting = false;
  dropped = 0;

  constructor(parts: EventParts) {
    this.#parts = parts;
  }

  put(event: FoundEvent): void {
    const occurrence = `${event.atMs ?? 0}/${event.count}`;
    if (this.#known.get(event.uid) === occurrence) return;
    this.#known.delete(event.uid);
    this.#known.set(event.uid, occurrence);
    const [oldest] = this.#known.keys();
    if (this.#known.size > clusterLimits.eventsKnownMax && oldest !== undefined) this.#known.delete(oldest);
    if (this.#held.length >= clusterLimits.eventsHeldMax) this.dropped += 1;
    else this.#held.push(event);
  }

  remove(uid: string): void {
    this.#known.delete(uid);
  }

  async flush(): Promise<void> {
    const { cluster, clock, logger } = this.#parts;
    const nowMs = clock.nowMs();
    if (this.#held.length === 0 || this.#isWriting || nowMs < this.#retryAtMs) return;
    this.#isWriting = true;
    try {
      await this.#write(nowMs);
    } catch (thrown) {
      const { code, message: error } = toFault(thrown);
      this.#retryAtMs = nowMs + clusterLimits.retryMs;
      logger.warn({ cluster, code, error, waiting: this.#held.length }, "Kubernetes events wait");
    } finally {
      this.#isWriting = false;
    }
  }

  #isWritten(row: Row<"kubernetes_events">, before: Mark): boolean {
    if (before.newestMs === undefined) return false;
    if (row.time < before.newestMs - inventoryQueryLimits.eventsOverlapMs) return true;
    // Times are put right by a difference of clocks that is measured anew in each run: the same occurrence may lie a little apart.
    return row.time <= before.newestMs + clockErrorMs && before.keys.has(keyOf(row));
  }

  async #write(nowMs: number): Promise<void> {
    this.#mark ??= await readMark(this.#parts.queries, this.#parts.cluster);
    const before = this.#mark;
    const events = this.#held;
    this.#held = [];
    const surroundings = {
      view: this.#parts.inventory,
      nowMs,
      aheadMs: this.#parts.aheadMs(),
      fidelity: this.#parts.fidelity(),
    };
    const rows = events.map((event) => eventRowOf(event, surroundings)).filter((row) => !this.#isWritten(row, before));
    try {
      await writeRows(this.#parts.agents.accept, this.#parts.cluster, "kubernetes_events", rows);
    } catch (thrown) {
      if (!(thrown instanceof WriteFailed)) throw thrown;
      // Those that were written are not told apart from those that were known: the key does.
      this.#mark = {
        newestMs: before.newestMs ?? 0,
        keys: new Set([...before.keys, ...rows.slice(0, thrown.written).map(keyOf)]),
      };
      this.#held = [...events, ...this.#held].slice(0, clusterLimits.eventsHeldMax);
      throw thrown.cause;
    }
  }
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
