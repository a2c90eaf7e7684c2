// Facts of a cluster's inventory into rows: after a restart only what is different from what the store knows, and everything that lives again
// every twelve hours. What cannot be written waits, bounded; what falls out is counted.
import { createHash } from "node:crypto";
import { toFault } from "../../../base/fault.ts";
import type { Inventory, InventoryFact } from "../../../core/inventory/inventory.ts";
import { inventoryRow, objectJson } from "../../../core/inventory/inventory-row.ts";
import type { BaselineObject } from "../../../edge/store/queries/queries.ts";
import { inventoryKinds, type InventoryKind } from "../../../model/inventory.ts";
import { WorkloadKind } from "../../../model/identity.ts";
import type { Row } from "../../../model/table.ts";
import { WriteFailed, writeRows } from "./block-writer.ts";
import type { ClustersParts } from "./open-clusters.ts";
import { clusterLimits } from "./limits.ts";

export interface InventoryWriter {
  take(facts: readonly InventoryFact[]): void;
  /** The list of a kind is whole: what the store believes to be alive and is not in it has gone. */
  listed(kind: InventoryKind): void;
  /** Writes what waits; never rejects. */
  flush(): Promise<void>;
  /** Facts that fell out for want of room. */
  readonly dropped: number;
  readonly rows: number;
}

export interface WriterParts extends Pick<ClustersParts, "queries" | "agents" | "clock" | "logger"> {
  readonly cluster: string;
  readonly inventory: Inventory;
  fidelity(): "foreign" | "simulated";
}

type Fact = Omit<InventoryFact, "action"> & { readonly action: InventoryFact["action"] | "seen" };

export function createInventoryWriter(parts: WriterParts): InventoryWriter {
  const { cluster, inventory, queries, clock, logger } = parts;
  /** By uid: when its newest row was written. */
  const writtenAtMs = new Map<string, number>();
  const listedKinds = new Set<InventoryKind>();
  let baseline: Map<string, BaselineObject> | undefined;
  let held: Fact[] = [];
  let gone: Row<"inventory_events">[] = [];
  let retryAtMs = -Infinity;
  let seenAtMs = clock.nowMs();
  let dropped = 0;
  let rowsWritten = 0;
  let isWriting = false;

  async function loadBaseline(): Promise<void> {
    const found = await queries.inventoryBaseline(cluster);
    baseline = new Map(found.map((object) => [object.uid, object]));
  }

  /** What the store has already is no news; what is different changed while nobody watched. */
  function againstBaseline(facts: readonly Fact[]): Fact[] {
    if (baseline === undefined || baseline.size === 0) return [...facts];
    const news: Fact[] = [];
    for (const fact of facts) {
      const known = baseline.get(fact.object.uid);
      if (known === undefined) {
        news.push(fact);
        continue;
      }
      baseline.delete(fact.object.uid);
      writtenAtMs.set(fact.object.uid, known.writtenAtMs);
      if (fact.action !== "added") news.push(fact);
      else if (known.digest !== digestOf(fact))
        news.push({ ...fact, action: "changed", change: "changed while nobody watched" });
    }
    return news;
  }

  /** Rows of what went while nobody watched. */
  function addGone(nowMs: number): void {
    for (const known of baseline?.values() ?? []) {
      if (!listedKinds.has(known.kind)) continue;
      baseline?.delete(known.uid);
      gone.push(goneRow(known, { nowMs, fidelity: parts.fidelity() }));
    }
  }

  /** Rising per object, so that the newest row is the newest state. */
  function rowOf(fact: Fact): Row<"inventory_events"> {
    const { uid } = fact.object;
    const timeMs = Math.max(fact.timeMs, (writtenAtMs.get(uid) ?? 0) + 1);
    if (fact.action === "removed") writtenAtMs.delete(uid);
    else writtenAtMs.set(uid, timeMs);
    return inventoryRow(inventory, { ...fact, timeMs, fidelity: parts.fidelity() });
  }

  function addSeen(nowMs: number): void {
    if (nowMs - seenAtMs < clusterLimits.seenLookMs || held.length > 0) return;
    seenAtMs = nowMs;
    for (const kind of inventoryKinds) {
      for (const object of inventory.all(kind)) {
        if (held.length >= clusterLimits.seenRowsMax) return;
        const written = writtenAtMs.get(object.uid);
        if (written !== undefined && nowMs - written >= clusterLimits.seenMs)
          held.push({ action: "seen", object, change: "", timeMs: nowMs });
      }
    }
  }

  async function write(nowMs: number): Promise<void> {
    if (baseline === undefined) await loadBaseline();
    addSeen(nowMs);
    const facts = againstBaseline(held);
    held = [];
    addGone(nowMs);
    if (facts.length === 0 && gone.length === 0) return;
    const rows = [...gone, ...facts.map(rowOf)];
    try {
      await writeRows(parts.agents.accept, cluster, "inventory_events", rows);
      rowsWritten += rows.length;
      gone = [];
    } catch (thrown) {
      if (!(thrown instanceof WriteFailed)) throw thrown;
      rowsWritten += thrown.written;
      const left = facts.slice(Math.max(0, thrown.written - gone.length));
      gone = gone.slice(thrown.written);
      held = [...left, ...held];
      throw thrown.cause;
    }
  }

  return {
    take(facts) {
      const room = clusterLimits.factsHeldMax - held.length;
      if (facts.length > room) dropped += facts.length - Math.max(0, room);
      for (const fact of facts.slice(0, Math.max(0, room))) held.push(fact);
    },
    listed: (kind) => void listedKinds.add(kind),
    async flush() {
      const nowMs = clock.nowMs();
      if (isWriting || nowMs < retryAtMs) return;
      isWriting = true;
      try {
        await write(nowMs);
      } catch (thrown) {
        const fault = toFault(thrown);
        retryAtMs = nowMs + clusterLimits.retryMs;
        logger.warn({ cluster, code: fault.code, error: fault.message, waiting: held.length }, "inventory rows wait");
      } finally {
        isWriting = false;
      }
    },
    get dropped() {
      return dropped;
    },
    get rows() {
      return rowsWritten;
    },
  };
}

function digestOf({ object }: Fact): string {
  return createHash("md5").update(objectJson(object)).digest("hex");
}

function goneRow(
  known: BaselineObject,
  { nowMs, fidelity }: { readonly nowMs: number; readonly fidelity: "foreign" | "simulated" },
): Row<"inventory_events"> {
  const kind = WorkloadKind.safeParse(known.workloadKind);
  return {
    time: Math.max(nowMs, known.writtenAtMs + 1),
    action: "removed",
    objectKind: known.kind,
    objectName: known.name,
    uid: known.uid,
    onNode: known.onNode,
    addresses: [],
    change: "went while nobody watched",
    object: "",
    namespace: known.namespace,
    workload: known.workload,
    workloadKind: kind.success ? kind.data : "Unknown",
    service: "",
    pod: known.kind === "Pod" ? known.name : "",
    container: "",
    containerId: "",
    image: "",
    imageDigest: "",
    identityReason: "",
    fidelity,
  };
}
