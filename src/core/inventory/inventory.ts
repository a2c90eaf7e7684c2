// The state of one cluster: objects by kind, whose each pod is, who stands behind each service. Told what is there (level-triggered),
// it gives back what really changed: facts for rows, and identities for agents. No raw object is kept.
import type { IdentityChange } from "../directory/identity-source.ts";
import type { IdentityEntry } from "../../model/identity-entry.ts";
import type { InventoryKind, InventoryObject, Pod, WorkloadObject } from "../../model/inventory.ts";
import { appearanceOf, changeOf, isSameObject } from "./change.ts";
import { createIdentityTeller, type IdentityTeller } from "./identity-teller.ts";
import type { InventoryView } from "./inventory-view.ts";
import { inventoryLimits } from "./limits.ts";
import { createObjectBook, type ObjectBook } from "./object-book.ts";
import { ownedBy } from "./owners.ts";
import { type Found, parseObject } from "./parse/parse-object.ts";
import { createParseContext, type Owner, type ParseContext } from "./parse/raw.ts";
import { createServiceBook, type ServiceBook } from "./service-book.ts";
import { viewOf } from "./view.ts";

/** Something that happened to an object. `object` is what it is now; of "removed" what it was. */
export interface InventoryFact {
  readonly action: "added" | "changed" | "removed";
  readonly object: InventoryObject;
  readonly change: string;
  /** When it was told, milliseconds since the epoch. */
  readonly timeMs: number;
}

export interface Drained {
  readonly facts: readonly InventoryFact[];
  readonly identities: IdentityChange;
}

export interface Inventory extends InventoryView {
  /** Reads what the server sent; an object that cannot be read is counted and left out. */
  read(kind: InventoryKind, raw: unknown): Found | undefined;
  /** Counts something of a kind that could not be read. */
  refuse(kind: InventoryKind, because: string): void;
  /** The whole list of a kind: what is not in it is gone. */
  replace(kind: InventoryKind, found: readonly Found[], nowMs: number): void;
  put(found: Found, nowMs: number): void;
  remove(kind: InventoryKind, uid: string, nowMs: number): void;
  /** Endpoint slices cannot be read: services are joined with pods by their selectors. */
  useSelectors(isOn: "on" | "off"): void;
  /** How far the cluster's clock is ahead of ours. */
  setClockAhead(aheadMs: number): void;
  /** What changed since the last time. */
  drain(nowMs: number): Drained;
  /** Every identity that was told and has not ended. */
  identities(): readonly IdentityEntry[];
  /** A pod that was removed a while ago, for events that come late. */
  gone(uid: string): Pod | undefined;
  /** Objects that were refused since the start, by kind. */
  readonly refused: ReadonlyMap<InventoryKind, number>;
  /** The newest reason of a refusal, by kind. */
  readonly refusedBecause: ReadonlyMap<InventoryKind, string>;
  /** What was cut off objects, by what: labels, environment, ... */
  readonly cuts: ReadonlyMap<string, number>;
}

/** A new one, empty. */
export function createInventory(cluster: string): Inventory {
  const state = new InventoryState(cluster);
  return {
    ...viewOf(cluster, state.book, state.services),
    refuse: (kind, because) => state.refuse(kind, because),
    refused: state.refused,
    refusedBecause: state.refusedBecause,
    cuts: state.context.cuts,
    read: (kind, raw) => state.read(kind, raw),
    replace: (kind, found, nowMs) => state.replace(kind, found, nowMs),
    put: (found, nowMs) => state.put(found, nowMs),
    remove: (kind, uid, nowMs) => state.remove(kind, uid, nowMs),
    useSelectors: (isOn) => state.services.useSelectors(isOn),
    setClockAhead: (aheadMs) => state.teller.setClockAhead(aheadMs),
    drain: (nowMs) => state.drain(nowMs),
    identities: () => state.teller.told(),
    gone: (uid) => state.gone(uid),
  };
}

class InventoryState {
  readonly context: ParseContext;
  readonly book: ObjectBook = createObjectBook();
  readonly services: ServiceBook = createServiceBook(this.book);
  readonly teller: IdentityTeller = createIdentityTeller(this.book, this.services);
  readonly refused = new Map<InventoryKind, number>();
  readonly refusedBecause = new Map<InventoryKind, string>();
  readonly #owners = new Map<string, Owner>();
  /** By the uid of a ReplicaSet or Job: pods that were read before or after it. */
  readonly #podsByOwner = new Map<string, Set<string>>();
  readonly #gone = new Map<string, Pod>();
  #facts: InventoryFact[] = [];

  constructor(cluster: string) {
    this.context = createParseContext(cluster);
  }

  read(kind: InventoryKind, raw: unknown): Found | undefined {
    const found = parseObject(this.context, kind, raw);
    return typeof found === "string" ? this.refuse(kind, found) : found;
  }

  replace(kind: InventoryKind, found: readonly Found[], nowMs: number): void {
    const living = new Set(found.map(({ object }) => object.uid));
    const ended = [...this.book.all(kind)].filter(({ uid }) => !living.has(uid));
    for (const { uid } of ended) this.remove(kind, uid, nowMs);
    for (const one of found) this.put(one, nowMs);
  }

  drain(nowMs: number): Drained {
    for (const { kind, uid } of this.services.settle()) {
      if (kind === "Pod") this.teller.touchPod(uid);
      else this.teller.touchService(uid);
    }
    const drained = { facts: this.#facts, identities: this.teller.tell(nowMs) };
    this.#facts = [];
    return drained;
  }

  gone(uid: string): Pod | undefined {
    return this.#gone.get(uid);
  }

  #findOwner(uid: string): WorkloadObject | undefined {
    const found = this.book.get("ReplicaSet", uid) ?? this.book.get("Job", uid);
    return found !== undefined && (found.kind === "ReplicaSet" || found.kind === "Job") ? found : undefined;
  }

  refuse(kind: InventoryKind, because: string): undefined {
    this.refused.set(kind, (this.refused.get(kind) ?? 0) + 1);
    this.refusedBecause.set(kind, because);
    return undefined;
  }

  #noteOwner(uid: string, owner: Owner | undefined): void {
    const before = this.#owners.get(uid);
    if (before === owner) return;
    if (before !== undefined) this.#unlink(before.uid, uid);
    if (owner === undefined) this.#owners.delete(uid);
    else {
      this.#owners.set(uid, owner);
      const pods = this.#podsByOwner.get(owner.uid) ?? new Set();
      this.#podsByOwner.set(owner.uid, pods.add(uid));
    }
  }

  #unlink(ownerUid: string, podUid: string): void {
    const pods = this.#podsByOwner.get(ownerUid);
    pods?.delete(podUid);
    if (pods?.size === 0) this.#podsByOwner.delete(ownerUid);
  }

  #place(object: InventoryObject, nowMs: number): void {
    const before = this.book.get(object.kind, object.uid);
    if (before === undefined && this.book.size(object.kind) >= inventoryLimits.objectsMax) {
      this.refuse(object.kind, `more than ${inventoryLimits.objectsMax} objects`);
      return;
    }
    if (before !== undefined && isSameObject(before, object)) return;
    this.book.put(object);
    const [action, change] =
      before === undefined
        ? (["added", appearanceOf(object)] as const)
        : (["changed", changeOf(before, object)] as const);
    this.#facts.push({ action, object, change, timeMs: nowMs });
    this.#touch(object, before);
    if (object.kind === "ReplicaSet" || object.kind === "Job") this.#amendPods(object.uid, nowMs);
  }

  /** Who its pods belong to is known now, or is known better. */
  #amendPods(ownerUid: string, nowMs: number): void {
    for (const uid of this.#podsByOwner.get(ownerUid) ?? []) {
      const pod = this.book.get("Pod", uid);
      if (pod?.kind === "Pod")
        this.#place({ ...pod, ...ownedBy(pod, this.#owners.get(uid), (ownerUid) => this.#findOwner(ownerUid)) }, nowMs);
    }
  }

  #touch(object: InventoryObject, before: InventoryObject | undefined): void {
    switch (object.kind) {
      case "Pod":
        this.teller.touchPod(object.uid);
        this.services.touchPod(object, before?.kind === "Pod" ? before : undefined);
        return;
      case "Service":
        this.services.touchService(object.namespace, object.name);
        this.teller.touchService(object.uid);
        return;
      case "EndpointSlice":
        this.services.touchSlice(object, before?.kind === "EndpointSlice" ? before : undefined);
        return;
      case "Node":
        this.teller.touchNode(object.name);
        return;
      case "Namespace":
        this.teller.touchNamespace(object.name);
        return;
      default:
        return;
    }
  }

  remove(kind: InventoryKind, uid: string, nowMs: number): void {
    const object = this.book.get(kind, uid);
    if (object === undefined) return;
    this.book.remove(kind, uid);
    this.#facts.push({ action: "removed", object, change: "", timeMs: nowMs });
    if (object.kind === "Pod") {
      const owner = this.#owners.get(uid);
      if (owner !== undefined) this.#unlink(owner.uid, uid);
      this.#owners.delete(uid);
      this.#gone.set(uid, object);
      const [oldest] = this.#gone.keys();
      if (this.#gone.size > inventoryLimits.goneMax && oldest !== undefined) this.#gone.delete(oldest);
    }
    this.#touch(object, object);
  }

  put({ object, owner }: Found, nowMs: number): void {
    if (object.kind !== "Pod") {
      this.#place(object, nowMs);
      return;
    }
    this.#noteOwner(object.uid, owner);
    this.#place({ ...object, ...ownedBy(object, owner, (ownerUid) => this.#findOwner(ownerUid)) }, nowMs);
    if (this.book.get("Pod", object.uid) === undefined) this.#noteOwner(object.uid, undefined);
  }
}

/** A difference of clocks that is within what the measurement is wrong by is none. */
export function aheadThatCounts(aheadMs: number): number {
  return Math.abs(aheadMs) < inventoryLimits.clockAheadMsMin ? 0 : aheadMs;
}
