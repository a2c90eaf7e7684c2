// The objects of the embedded API server: one revision counter, a bounded window of changes for watchers, every object serialised once.
// Promises: a change is seen by every watcher in order; what fell out of the window is "expired", never skipped in silence.
import type { Clock } from "../../base/clock.ts";
import { objectLimits, validate, type KubeObject } from "./object.ts";
import { apiVersionOf, resourceTypes, type ResourceType } from "./resource-types.ts";
import { alreadyExists, conflict, expired, modifiedSince, notFound, StatusError } from "./status.ts";

export const storeLimits = {
  /** Changes that a watcher may resume over; older resource versions are expired (410). */
  changesMax: 4096,
  objectsMax: 200_000,
  /** Events (core/v1) live this long, as in a real server, and at most so many. */
  eventAgeMsMax: 3_600_000,
  eventsMax: 5000,
} as const;

export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

/** An object at a revision. Immutable; its JSON is made once and shared by all readers. */
export interface StoredObject {
  readonly object: KubeObject;
  readonly revision: number;
  json(): string;
}

export interface Change {
  readonly type: ChangeType;
  readonly resource: ResourceType;
  readonly revision: number;
  readonly stored: StoredObject;
  /** What it was before; undefined for ADDED. */
  readonly before: StoredObject | undefined;
}

export interface KubeStore {
  readonly revision: number;
  /** Changes up to here are gone. */
  readonly compactedRevision: number;
  get(type: ResourceType, namespace: string, name: string): StoredObject | undefined;
  /** By namespace, then name; "" lists every namespace. */
  list(type: ResourceType, namespace: string): readonly StoredObject[];
  create(type: ResourceType, object: KubeObject): StoredObject;
  /** Replaces. With metadata.resourceVersion it is a compare-and-swap (409). An equal object is not a change. */
  update(type: ResourceType, object: KubeObject): StoredObject;
  /** Creates or replaces, whatever is there: for who simulates a cluster. Keeps uid and creation time unless given. */
  put(kind: string, object: KubeObject): StoredObject;
  /** undefined when it was not there. With finalizers it is only marked. */
  remove(type: ResourceType, namespace: string, name: string): StoredObject | undefined;
  /** By kind, for who simulates a cluster; without finalizers. */
  removeKind(kind: string, namespace: string, name: string): void;
  /** Changes after `revision`, oldest first. Throws 410 when the window no longer reaches there. */
  changesSince(revision: number): readonly Change[];
  /** Called after each change; returns how to stop. */
  onChange(listener: (change: Change) => void): () => void;
  /** Forgets the window of changes, so that older versions are expired: for tests of recovery. */
  compact(): void;
}

export interface StoreOptions {
  readonly clock: Clock;
  /** A new uid. */
  readonly newUid: () => string;
  /** 0 <= random < 1, for generated names. */
  readonly random: () => number;
  readonly changesMax?: number;
}

export function createStore(options: StoreOptions): KubeStore {
  return new RevisionedStore(options);
}

/** k8s.io/apimachinery util/rand: no vowels, no 0, 1, 3. */
const nameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

class RevisionedStore implements KubeStore {
  revision = 1;
  compactedRevision = 0;
  readonly #options: StoreOptions;
  readonly #changesMax: number;
  readonly #byType = new Map<ResourceType, Map<string, StoredObject>>();
  readonly #sorted = new Map<ResourceType, readonly string[]>();
  readonly #listeners = new Set<(change: Change) => void>();
  #changes: Change[] = [];
  #objects = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#changesMax = options.changesMax ?? storeLimits.changesMax;
  }

  get(type: ResourceType, namespace: string, name: string): StoredObject | undefined {
    return this.#table(type).get(keyOf(namespace, name));
  }

  list(type: ResourceType, namespace: string): readonly StoredObject[] {
    if (type.kind === "Event") this.#expireEvents(type);
    const table = this.#table(type);
    let keys = this.#sorted.get(type);
    if (keys === undefined) {
      keys = [...table.keys()].sort();
      this.#sorted.set(type, keys);
    }
    const prefix = namespace === "" ? "" : keyOf(namespace, "");
    const found: StoredObject[] = [];
    for (const key of keys) {
      const stored = key.startsWith(prefix) ? table.get(key) : undefined;
      if (stored !== undefined) found.push(stored);
    }
    return found;
  }

  create(type: ResourceType, object: KubeObject): StoredObject {
    const metadata = { ...object.metadata };
    if ((metadata.name ?? "") === "" && metadata.generateName !== undefined)
      metadata.name = `${metadata.generateName}${this.#suffix()}`;
    validate(type, { ...object, metadata });
    const { name = "", namespace = "" } = metadata;
    if (this.get(type, namespace, name) !== undefined) throw alreadyExists(type, name);
    if (this.#objects >= storeLimits.objectsMax)
      throw new StatusError(
        507,
        "InternalError",
        `the embedded server holds at most ${storeLimits.objectsMax} objects`,
      );
    metadata.uid ??= this.#options.newUid();
    metadata.creationTimestamp ??= seconds(this.#options.clock.nowMs());
    if (object["spec"] !== undefined) metadata.generation ??= 1;
    return this.#commit("ADDED", type, { ...object, metadata }, undefined);
  }

  update(type: ResourceType, object: KubeObject): StoredObject {
    const { name = "", namespace = "", uid, resourceVersion } = object.metadata;
    const before = this.get(type, namespace, name);
    if (before === undefined) throw notFound(type, name);
    const known = before.object.metadata;
    if (resourceVersion !== undefined && resourceVersion !== "" && resourceVersion !== String(before.revision))
      throw conflict(type, name, modifiedSince);
    if (uid !== undefined && uid !== known.uid)
      throw conflict(type, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${known.uid}`);
    validate(type, object);
    return this.#replace(type, object, before);
  }

  put(kind: string, object: KubeObject): StoredObject {
    const type = typeOfKind(kind);
    const { name = "", namespace = "" } = object.metadata;
    const before = this.get(type, namespace, name);
    const whole = { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
    if (before === undefined) return this.create(type, whole);
    if (object.metadata.uid === undefined || object.metadata.uid === before.object.metadata.uid)
      return this.#replace(type, whole, before);
    // Another object under the same name: watchers must see one go and one come.
    this.removeKind(kind, namespace, name);
    return this.create(type, whole);
  }

  remove(type: ResourceType, namespace: string, name: string): StoredObject | undefined {
    const before = this.get(type, namespace, name);
    if (before === undefined) return undefined;
    const { metadata } = before.object;
    if ((metadata.finalizers ?? []).length === 0) return this.#delete(type, before);
    if (metadata.deletionTimestamp !== undefined) return before;
    const marked = { ...metadata, deletionTimestamp: seconds(this.#options.clock.nowMs()) };
    return this.#commit("MODIFIED", type, { ...before.object, metadata: marked }, before);
  }

  removeKind(kind: string, namespace: string, name: string): void {
    const type = typeOfKind(kind);
    const before = this.get(type, namespace, name);
    if (before !== undefined) this.#delete(type, before);
  }

  changesSince(revision: number): readonly Change[] {
    if (revision < this.compactedRevision)
      throw expired(`too old resource version: ${revision} (${this.compactedRevision})`);
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  compact(): void {
    this.#changes = [];
    this.compactedRevision = this.revision;
  }

  #table(type: ResourceType): Map<string, StoredObject> {
    let table = this.#byType.get(type);
    if (table === undefined) {
      table = new Map();
      this.#byType.set(type, table);
    }
    return table;
  }

  #replace(type: ResourceType, object: KubeObject, before: StoredObject): StoredObject {
    const known = before.object.metadata;
    const metadata = {
      ...object.metadata,
      uid: known.uid ?? "",
      creationTimestamp: known.creationTimestamp ?? "",
      resourceVersion: String(before.revision),
    };
    if (known.deletionTimestamp !== undefined) metadata.deletionTimestamp = known.deletionTimestamp;
    if (known.generation !== undefined) {
      const isSame = JSON.stringify(object["spec"]) === JSON.stringify(before.object["spec"]);
      metadata.generation = known.generation + (isSame ? 0 : 1);
    }
    const next: KubeObject = { ...object, metadata };
    if (known.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0)
      return this.#delete(type, before);
    if (isEqual(next, before.object)) return before;
    return this.#commit("MODIFIED", type, next, before);
  }

  #delete(type: ResourceType, before: StoredObject): StoredObject {
    return this.#commit("DELETED", type, before.object, before);
  }

  #commit(change: ChangeType, type: ResourceType, object: KubeObject, before: StoredObject | undefined): StoredObject {
    const revision = this.revision + 1;
    const metadata = { ...object.metadata, resourceVersion: String(revision) };
    const stored = storedOf({ ...object, metadata }, revision);
    if (change !== "DELETED" && stored.json().length > objectLimits.bytesMax)
      throw new StatusError(413, "RequestEntityTooLarge", `the object is larger than ${objectLimits.bytesMax} bytes`);
    this.revision = revision;
    const key = keyOf(metadata.namespace ?? "", metadata.name ?? "");
    const table = this.#table(type);
    if (change === "DELETED") table.delete(key);
    else table.set(key, stored);
    if (change !== "MODIFIED") {
      this.#sorted.delete(type);
      this.#objects += change === "ADDED" ? 1 : -1;
    }
    this.#changes.push({ type: change, resource: type, revision, stored, before });
    if (this.#changes.length > this.#changesMax * 1.25) {
      const dropped = this.#changes.length - this.#changesMax;
      this.compactedRevision = this.#changes[dropped - 1]?.revision ?? this.compactedRevision;
      this.#changes = this.#changes.slice(dropped);
    }
    const told = this.#changes.at(-1);
    if (told !== undefined) for (const listener of this.#listeners) listener(told);
    if (type.kind === "Event" && table.size > storeLimits.eventsMax) this.#expireEvents(type);
    return stored;
  }

  #expireEvents(type: ResourceType): void {
    const table = this.#table(type);
    const oldestMs = this.#options.clock.nowMs() - storeLimits.eventAgeMsMax;
    // A tenth at once: else each further event would walk through all of them.
    const over = table.size - storeLimits.eventsMax;
    let excess = over > 0 ? over + storeLimits.eventsMax / 10 : 0;
    // Insertion order is age, but for events that were counted up again: those live on by their own time.
    for (const stored of table.values()) {
      const { creationTimestamp = "" } = stored.object.metadata;
      const { lastTimestamp } = stored.object;
      const last = Date.parse(typeof lastTimestamp === "string" ? lastTimestamp : creationTimestamp);
      if (excess <= 0 && last > oldestMs) continue;
      excess -= 1;
      this.#delete(type, stored);
    }
  }

  #suffix(): string {
    let text = "";
    for (let index = 0; index < 5; index += 1)
      text += nameAlphabet[Math.floor(this.#options.random() * nameAlphabet.length)] ?? "b";
    return text;
  }
}

function storedOf(object: KubeObject, revision: number): StoredObject {
  let json: string | undefined;
  return { object, revision, json: () => (json ??= JSON.stringify(object)) };
}

function isEqual(left: KubeObject, right: KubeObject): boolean {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

function typeOfKind(kind: string): ResourceType {
  const type = resourceTypes.find((candidate) => candidate.kind === kind);
  if (type === undefined) throw new Error(`the embedded API server has no kind ${kind}`);
  return type;
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}\0${name}`;
}

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export function seconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
