// Facts of a cluster's inventory into rows: after a restart only what is different from what the store knows, and everything that lives again
// every twelve hours. What cannot be written waits, bounded; what falls out is counted, and made good by comparing with the store again.
import { createHash } from "node:crypto";
import { toFault } from "../../../base/fault.ts";
import type { Inventory, InventoryFact } from "../../../core/inventory/inventory.ts";
import { inventoryRow, objectJson } from "../../../core/inventory/inventory-row.ts";
import type { BaselineObject } from "../../../edge/store/queries/queries.ts";
import { inventoryKinds, type InventoryKind, type InventoryObject } from "../../../model/inventory.ts";
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
  /** In the place of clusterLimits.factsHeldMax: for tests. */
  readonly factsHeldMax?: number;
}

type Fact = Omit<InventoryFact, "action"> & { readonly action: InventoryFact["action"] | "seen" };

export function createInventoryWriter(parts: WriterParts): InventoryWriter {
  return new Writer(parts);
}

class Writer implements InventoryWriter {
  readonly #parts: WriterParts;
  /** By uid: when its newest row was written. */
  readonly #writtenAtMs = new Map<string, number>();
  readonly #listedKinds = new Set<InventoryKind>();
  #baseline: Map<string, BaselineObject> | undefined;
  #held: Fact[] = [];
  #gone: Row<"inventory_events">[] = [];
  #retryAtMs = -Infinity;
  #seenAtMs: number;
  /** Facts fell out: the store does not know what it should. */
  #isLossy = false;
  #healAtMs = -Infinity;
  #isWriting = false;
  dropped = 0;
  rows = 0;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#seenAtMs = parts.clock.nowMs();
  }

  take(facts: readonly InventoryFact[]): void {
    const room = Math.max(0, (this.#parts.factsHeldMax ?? clusterLimits.factsHeldMax) - this.#held.length);
    const lost = Math.max(0, facts.length - room);
    this.dropped += lost;
    this.#isLossy ||= lost > 0;
    for (const fact of facts.slice(0, room)) this.#held.push(fact);
  }

  listed(kind: InventoryKind): void {
    this.#listedKinds.add(kind);
  }

  async flush(): Promise<void> {
    const { cluster, clock, logger } = this.#parts;
    const nowMs = clock.nowMs();
    if (this.#isWriting || nowMs < this.#retryAtMs) return;
    this.#isWriting = true;
    try {
      await this.#write(nowMs);
    } catch (thrown) {
      const { code, message: error } = toFault(thrown instanceof WriteFailed ? thrown.cause : thrown);
      this.#retryAtMs = nowMs + clusterLimits.retryMs;
      logger.warn({ cluster, code, error, waiting: this.#held.length }, "inventory rows wait");
    } finally {
      this.#isWriting = false;
    }
  }

  async #loadBaseline(): Promise<void> {
    const found = await this.#parts.queries.inventoryBaseline(this.#parts.cluster);
    this.#baseline = new Map(found.map((object) => [object.uid, object]));
  }

  /** What the store has already is no news; what is different changed while nobody watched. */
  #againstBaseline(facts: readonly Fact[]): Fact[] {
    if (this.#baseline === undefined || this.#baseline.size === 0) return [...facts];
    const news: Fact[] = [];
    for (const fact of facts) {
      const known = this.#baseline.get(fact.object.uid);
      if (known === undefined) {
        news.push(fact);
        continue;
      }
      this.#baseline.delete(fact.object.uid);
      this.#writtenAtMs.set(fact.object.uid, known.writtenAtMs);
      if (fact.action !== "added") news.push(fact);
      else if (known.digest !== digestOf(fact))
        news.push({ ...fact, action: "changed", change: "changed while nobody watched" });
    }
    return news;
  }

  /** Rows of what went while nobody watched. */
  #addGone(nowMs: number): void {
    for (const known of this.#baseline?.values() ?? []) {
      if (!this.#listedKinds.has(known.kind)) continue;
      this.#baseline?.delete(known.uid);
      this.#gone.push(goneRow(known, { nowMs, fidelity: this.#parts.fidelity() }));
    }
  }

  /** Rising per object, so that the newest row is the newest state. */
  #rowOf(fact: Fact): Row<"inventory_events"> {
    const { uid } = fact.object;
    const timeMs = Math.max(fact.timeMs, (this.#writtenAtMs.get(uid) ?? 0) + 1);
    if (fact.action === "removed") this.#writtenAtMs.delete(uid);
    else this.#writtenAtMs.set(uid, timeMs);
    return inventoryRow(this.#parts.inventory, { ...fact, timeMs, fidelity: this.#parts.fidelity() });
  }

  /** What lives and was not written for long, or never, though nothing of it waits. */
  #addSeen(nowMs: number): void {
    if (nowMs - this.#seenAtMs < clusterLimits.seenLookMs || this.#isBehind) return;
    this.#seenAtMs = nowMs;
    let room: number = clusterLimits.seenRowsMax;
    for (const object of this.#notHeld()) {
      const writtenAtMs = this.#writtenAtMs.get(object.uid) ?? -Infinity;
      if (nowMs - writtenAtMs < clusterLimits.seenMs) continue;
      if (room === 0) return;
      room -= 1;
      this.#held.push({ action: "seen", object, change: "", timeMs: nowMs });
    }
  }

  /** In a busy cluster something waits always; a backlog comes from a store that does not take rows. */
  get #isBehind(): boolean {
    return this.#held.length >= clusterLimits.seenRowsMax;
  }

  *#notHeld(): Generator<InventoryObject> {
    const held = new Set(this.#held.map(({ object }) => object.uid));
    for (const kind of inventoryKinds)
      for (const object of this.#parts.inventory.all(kind)) if (!held.has(object.uid)) yield object;
  }

  /** After facts fell out: everything is compared with what the store knows, as after a restart. At most once a minute. */
  async #heal(nowMs: number): Promise<void> {
    if (!this.#isLossy || nowMs < this.#healAtMs || this.#isBehind) return;
    this.#healAtMs = nowMs + clusterLimits.seenLookMs;
    await this.#loadBaseline();
    this.#isLossy = false;
    for (const object of this.#notHeld()) this.#held.push({ action: "added", object, change: "", timeMs: nowMs });
  }

  async #write(nowMs: number): Promise<void> {
    if (this.#baseline === undefined) await this.#loadBaseline();
    this.#addSeen(nowMs);
    await this.#heal(nowMs);
    // First what is there is taken out of the baseline: what is left of a listed kind has gone.
    const facts = this.#againstBaseline(this.#held);
    this.#held = [];
    this.#addGone(nowMs);
    try {
      this.#gone = this.#gone.slice(await this.#writeRows(this.#gone));
    } catch (thrown) {
      this.#held = [...facts, ...this.#held];
      throw thrown;
    }
    // The texts of one block at a time: of a large cluster all together are tens of megabytes.
    for (let from = 0; from < facts.length; from += clusterLimits.blockRowsMax) {
      const some = facts.slice(from, from + clusterLimits.blockRowsMax);
      try {
        await this.#writeRows(some.map((fact) => this.#rowOf(fact)));
      } catch (thrown) {
        const written = thrown instanceof WriteFailed ? thrown.written : 0;
        this.#held = [...facts.slice(from + written), ...this.#held];
        throw thrown instanceof WriteFailed ? thrown.cause : thrown;
      }
    }
  }

  async #writeRows(rows: readonly Row<"inventory_events">[]): Promise<number> {
    await writeRows(this.#parts.agents.accept, this.#parts.cluster, "inventory_events", rows);
    this.rows += rows.length;
    return rows.length;
  }
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
