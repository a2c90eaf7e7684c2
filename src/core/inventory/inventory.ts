// The state of one cluster: objects by kind, whose each pod is, who stands behind each service. Told what is there (level-triggered),
// it gives back what really changed: facts for rows, and identities for agents. No raw object is kept.
import type { IdentityChange } from "../directory/identity-source.ts";
import type { IdentityEntry } from "../../model/identity-entry.ts";
import type { InventoryKind, InventoryObject, Pod, WorkloadObject } from "../../model/inventory.ts";
import { appearanceOf, changeOf, isSameObject } from "./change.ts";
import { createIdentityTeller } from "./identity-teller.ts";
import type { InventoryView } from "./inventory-view.ts";
import { inventoryLimits } from "./limits.ts";
import { createObjectBook, type ObjectBook } from "./object-book.ts";
import { ownedBy } from "./owners.ts";
import { type Found, parseObject } from "./parse/parse-object.ts";
import { createParseContext, type Owner } from "./parse/raw.ts";
import { createServiceBook } from "./service-book.ts";
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

export function createInventory(cluster: string): Inventory {
  const context = createParseContext(cluster);
  const book: ObjectBook = createObjectBook();
  const owners = new Map<string, Owner>();
  /** By the uid of a ReplicaSet or Job: pods that were read before or after it. */
  const podsByOwner = new Map<string, Set<string>>();
  const services = createServiceBook(book);
  const teller = createIdentityTeller(book, services);
  const goneMap = new Map<string, Pod>();
  const refused = new Map<InventoryKind, number>();
  const refusedBecause = new Map<InventoryKind, string>();
  let facts: InventoryFact[] = [];

  function findOwner(uid: string): WorkloadObject | undefined {
    const found = book.get("ReplicaSet", uid) ?? book.get("Job", uid);
    return found !== undefined && (found.kind === "ReplicaSet" || found.kind === "Job") ? found : undefined;
  }

  function refuse(kind: InventoryKind, because: string): undefined {
    refused.set(kind, (refused.get(kind) ?? 0) + 1);
    refusedBecause.set(kind, because);
    return undefined;
  }

  function noteOwner(uid: string, owner: Owner | undefined): void {
    const before = owners.get(uid);
    if (before === owner) return;
    if (before !== undefined) unlink(before.uid, uid);
    if (owner === undefined) owners.delete(uid);
    else {
      owners.set(uid, owner);
      const pods = podsByOwner.get(owner.uid) ?? new Set();
      podsByOwner.set(owner.uid, pods.add(uid));
    }
  }

  function unlink(ownerUid: string, podUid: string): void {
    const pods = podsByOwner.get(ownerUid);
    pods?.delete(podUid);
    if (pods?.size === 0) podsByOwner.delete(ownerUid);
  }

  function place(object: InventoryObject, nowMs: number): void {
    const before = book.get(object.kind, object.uid);
    if (before === undefined && book.size(object.kind) >= inventoryLimits.objectsMax) {
      refuse(object.kind, `more than ${inventoryLimits.objectsMax} objects`);
      return;
    }
    if (before !== undefined && isSameObject(before, object)) return;
    book.put(object);
    const [action, change] =
      before === undefined
        ? (["added", appearanceOf(object)] as const)
        : (["changed", changeOf(before, object)] as const);
    facts.push({ action, object, change, timeMs: nowMs });
    touch(object, before);
    if (object.kind === "ReplicaSet" || object.kind === "Job") amendPods(object.uid, nowMs);
  }

  /** Who its pods belong to is known now, or is known better. */
  function amendPods(ownerUid: string, nowMs: number): void {
    for (const uid of podsByOwner.get(ownerUid) ?? []) {
      const pod = book.get("Pod", uid);
      if (pod?.kind === "Pod") place({ ...pod, ...ownedBy(pod, owners.get(uid), findOwner) }, nowMs);
    }
  }

  function touch(object: InventoryObject, before: InventoryObject | undefined): void {
    switch (object.kind) {
      case "Pod":
        teller.touchPod(object.uid);
        services.touchPod(object, before?.kind === "Pod" ? before : undefined);
        return;
      case "Service":
        services.touchService(object.namespace, object.name);
        teller.touchService(object.uid);
        return;
      case "EndpointSlice":
        services.touchSlice(object, before?.kind === "EndpointSlice" ? before : undefined);
        return;
      case "Node":
        teller.touchNode(object.name);
        return;
      default:
        return;
    }
  }

  function remove(kind: InventoryKind, uid: string, nowMs: number): void {
    const object = book.get(kind, uid);
    if (object === undefined) return;
    book.remove(kind, uid);
    facts.push({ action: "removed", object, change: "", timeMs: nowMs });
    if (object.kind === "Pod") {
      const owner = owners.get(uid);
      if (owner !== undefined) unlink(owner.uid, uid);
      owners.delete(uid);
      goneMap.set(uid, object);
      const [oldest] = goneMap.keys();
      if (goneMap.size > inventoryLimits.goneMax && oldest !== undefined) goneMap.delete(oldest);
    }
    touch(object, object);
  }

  function put({ object, owner }: Found, nowMs: number): void {
    if (object.kind !== "Pod") {
      place(object, nowMs);
      return;
    }
    noteOwner(object.uid, owner);
    place({ ...object, ...ownedBy(object, owner, findOwner) }, nowMs);
    if (book.get("Pod", object.uid) === undefined) noteOwner(object.uid, undefined);
  }

  return {
    ...viewOf(cluster, book, services),
    refuse,
    refused,
    refusedBecause,
    cuts: context.cuts,
    read(kind, raw) {
      const found = parseObject(context, kind, raw);
      return typeof found === "string" ? refuse(kind, found) : found;
    },
    replace(kind, found, nowMs) {
      const living = new Set(found.map(({ object }) => object.uid));
      const ended = [...book.all(kind)].filter(({ uid }) => !living.has(uid));
      for (const { uid } of ended) remove(kind, uid, nowMs);
      for (const one of found) put(one, nowMs);
    },
    put,
    remove,
    useSelectors: (isOn) => services.useSelectors(isOn),
    setClockAhead: (aheadMs) => teller.setClockAhead(aheadMs),
    drain(nowMs) {
      for (const uid of services.settle()) {
        if (uid.kind === "Pod") teller.touchPod(uid.uid);
        else teller.touchService(uid.uid);
      }
      const drained = { facts, identities: teller.tell(nowMs) };
      facts = [];
      return drained;
    },
    identities: () => teller.told(),
    gone: (uid) => goneMap.get(uid),
  };
}

/** A difference of clocks that is within what the measurement is wrong by is none. */
export function aheadThatCounts(aheadMs: number): number {
  return Math.abs(aheadMs) < inventoryLimits.clockAheadMsMin ? 0 : aheadMs;
}
