// Who an address, a pod or a container was at a time, out of what the server tells (or, on the server, the hub). Bounded; a thing that ended
// is found for facts of its time. Times asked are of the asker's clock; `aheadMs` brings them to the server's. Unknown comes with a reason.
import { identityLimits, type IdentitiesMessage, type IdentityEntry } from "../../model/identity-entry.ts";
import { createChangeLog } from "./change-log.ts";
import { createLabelShare } from "./label-share.ts";
import { canonical, createRanges, isPrivate } from "./ranges.ts";
import { addSpan, dropSpans, handOver, hasSpan, spanAt, type Known, type Spans } from "./spans.ts";

export const bookLimits = {
  entriesMax: identityLimits.entriesMax,
  /** Things that ended and are still found; the oldest leave early and are counted. */
  endedMax: 50_000,
  /** How long after its making a book counts on a first word: after that nobody waits for it. */
  firstWordMsMax: 5000,
} as const;

export type AddressAnswer =
  | { readonly is: "known"; readonly entry: IdentityEntry }
  /** Nothing of the cluster, as far as its inventory goes. */
  | { readonly is: "outside" }
  /** `isOnItsWay`: worth asking again within the hold time. */
  | { readonly is: "unknown"; readonly because: string; readonly isOnItsWay: boolean };

export interface AddressQuestion {
  readonly address: string;
  readonly timeMs: number;
  /** For who dials: the port; a service that forwards it comes before whoever else has the address. Absent: not a dialled address. */
  readonly port?: number;
  readonly protocol?: string;
}

export interface AddressBook {
  apply(message: IdentitiesMessage, nowMs: number): void;
  /** The connection to the server was lost: what is known stays, what is not found may be news that did not come. */
  disconnected(): void;
  byAddress(question: AddressQuestion): AddressAnswer;
  byPodUid(uid: string): IdentityEntry | undefined;
  byPodName(namespace: string, pod: string, timeMs: number): IdentityEntry | undefined;
  byContainerId(containerId: string): IdentityEntry | undefined;
  /** Everything that lives now, namespaces too; in no order. An entry that did not change is the same object as before. */
  living(): Iterable<IdentityEntry>;
  /** By key: what lives now of all that came, changed or ended after a revision (undefined: it ended). Undefined: too long ago, look at everything. */
  changedSince(revision: number): ReadonlyMap<string, IdentityEntry | undefined> | undefined;
  service(namespace: string, name: string, timeMs: number): IdentityEntry | undefined;
  /** Whether an identity that is not here may come within the hold time. */
  mayCome(timeMs: number): boolean;
  /** Rises with every change: who keeps answers asks again when it did. */
  readonly revision: number;
  /** none: nobody keeps an inventory of the cluster. */
  readonly state: "not-heard" | "none" | "arriving" | "kept";
  /** Why the inventory is not whole or not current; "" when it is. */
  readonly because: string;
  /** Why the inventory was not whole when it was last told ("pods: forbidden"); "" when it was. A connection that is lost changes nothing here. */
  readonly incomplete: string;
  readonly stats: {
    readonly living: number;
    readonly ended: number;
    readonly refused: number;
    readonly endedDropped: number;
  };
}

export interface AddressBookOptions {
  readonly createdMs: number;
  /** How far the asker's clock is ahead of the server's; absent: not at all. */
  readonly aheadMs?: () => number;
  readonly entriesMax?: number;
}

export function createAddressBook(options: AddressBookOptions): AddressBook {
  return new BoundedBook(options);
}

class BoundedBook implements AddressBook {
  revision = 0;
  state: AddressBook["state"] = "not-heard";
  #because = "";
  #isConnected = true;
  readonly #options: AddressBookOptions;
  readonly #living = new Map<string, Known>();
  /** Of a snapshot that is coming in: what it has not confirmed yet. */
  #unconfirmed = new Set<string>();
  #ended: Known[] = [];
  readonly #addresses = {
    pod: new Map() as Spans,
    service: new Map() as Spans,
    node: new Map() as Spans,
    namespace: new Map() as Spans,
  };
  readonly #labels = createLabelShare();
  readonly #changes = createChangeLog();
  readonly #podNames: Spans = new Map();
  /** Pods in their node's network by what they listen on there: "<node>:<port>". */
  readonly #hostPods: Spans = new Map();
  readonly #services: Spans = new Map();
  readonly #podUids = new Map<string, Known>();
  readonly #containers = new Map<string, Known>();
  readonly #ranges = createRanges();
  #refused = 0;
  #endedDropped = 0;

  constructor(options: AddressBookOptions) {
    this.#options = options;
  }

  get because(): string {
    if (this.#isConnected || this.state === "not-heard") return this.#because;
    const away = "the server is not connected";
    return this.#because === "" ? away : `${this.#because}; ${away}`;
  }

  get incomplete(): string {
    return this.#because;
  }

  get stats() {
    const { size: living } = this.#living;
    return { living, ended: this.#ended.length, refused: this.#refused, endedDropped: this.#endedDropped };
  }

  apply(message: IdentitiesMessage, nowMs: number): void {
    const serverMs = this.#serverTime(nowMs);
    this.revision += 1;
    this.#isConnected = true;
    this.#because = message.because;
    if (message.inventory === "none") {
      this.#clear();
      this.state = "none";
      return;
    }
    if (message.first) {
      this.#unconfirmed = new Set(this.#living.keys());
      this.#refused = 0;
      if (this.state !== "kept") this.state = "arriving";
    }
    for (const entry of message.put) this.#put(entry, serverMs);
    for (const entry of message.namespaces ?? []) this.#put(entry, serverMs);
    for (const { key, atMs } of message.ended) this.#end(key, Math.min(atMs, serverMs));
    if (message.last) {
      // It went while nobody told us: somewhere between the last word and now.
      for (const key of this.#unconfirmed) this.#end(key, serverMs);
      this.#unconfirmed.clear();
      this.state = "kept";
    }
    this.#letGo(serverMs - identityLimits.endedKeptMs);
  }

  disconnected(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.revision += 1;
  }

  byAddress(question: AddressQuestion): AddressAnswer {
    if (this.state === "none") return outside;
    const address = canonical(question.address);
    const entry = this.#entryAt(address, question);
    if (entry !== undefined) return { is: "known", entry };
    return this.#whyNot(address, question.timeMs);
  }

  byPodUid(uid: string): IdentityEntry | undefined {
    return this.#podUids.get(uid)?.entry;
  }

  byPodName(namespace: string, pod: string, timeMs: number): IdentityEntry | undefined {
    return spanAt(this.#podNames.get(`${namespace}/${pod}`), this.#serverTime(timeMs))?.known.entry;
  }

  byContainerId(containerId: string): IdentityEntry | undefined {
    return this.#containers.get(bareContainerId(containerId))?.entry;
  }

  *living(): Iterable<IdentityEntry> {
    for (const { entry } of this.#living.values()) yield entry;
  }

  changedSince(revision: number): ReadonlyMap<string, IdentityEntry | undefined> | undefined {
    const keys = this.#changes.since(revision);
    return keys === undefined ? undefined : new Map(keys.map((key) => [key, this.#living.get(key)?.entry]));
  }

  service(namespace: string, name: string, timeMs: number): IdentityEntry | undefined {
    return spanAt(this.#services.get(`${namespace}/${name}`), this.#serverTime(timeMs))?.known.entry;
  }

  mayCome(timeMs: number): boolean {
    if (this.state === "kept") return this.#isConnected;
    if (this.state === "arriving") return true;
    return this.state === "not-heard" && timeMs - this.#options.createdMs < bookLimits.firstWordMsMax;
  }

  #serverTime(timeMs: number): number {
    return timeMs - (this.#options.aheadMs?.() ?? 0);
  }

  /** A dialled service that forwards the port, else the pod, else who listens on the node's port, else the node, else an addressed service. */
  #entryAt(address: string, { timeMs, port, protocol }: AddressQuestion): IdentityEntry | undefined {
    const atMs = this.#serverTime(timeMs);
    const services = this.#addresses.service.get(address);
    if (services !== undefined && port !== undefined) {
      const forwarding = services.filter(({ known }) => known.entry.ports.some((one) => forwards(one, port, protocol)));
      const service = spanAt(forwarding, atMs);
      if (service !== undefined) return service.known.entry;
    }
    const node = spanAt(this.#addresses.node.get(address), atMs);
    const hostPod =
      node === undefined || port === undefined
        ? undefined
        : spanAt(this.#hostPods.get(`${node.known.entry.node}:${port}`), atMs);
    const span = spanAt(this.#addresses.pod.get(address), atMs) ?? hostPod ?? node ?? spanAt(services, atMs);
    return span?.known.entry;
  }

  #whyNot(address: string, timeMs: number): AddressAnswer {
    const isOnItsWay = this.mayCome(timeMs);
    if (this.state === "kept") {
      const isInside = this.#ranges.has(address);
      if (!isInside && (this.because === "" || !isPrivate(address))) return outside;
      const because = this.because === "" ? "" : `; ${this.because}`;
      return { is: "unknown", because: `not in the inventory (address ${address})${because}`, isOnItsWay };
    }
    if (!isPrivate(address)) return outside;
    return { is: "unknown", because: "the inventory has not arrived yet", isOnItsWay };
  }

  #put(given: IdentityEntry, serverMs: number): void {
    const entry = this.#labels.shared(given);
    this.#unconfirmed.delete(entry.key);
    this.#changes.add(this.revision, entry.key);
    const known = this.#living.get(entry.key);
    if (known === undefined) {
      if (this.#living.size >= (this.#options.entriesMax ?? bookLimits.entriesMax)) {
        this.#refused += 1;
        return;
      }
      const added: Known = { entry, endMs: Infinity };
      this.#living.set(entry.key, added);
      // A living thing has begun, whatever the cluster's clock says.
      this.#index(added, Math.min(entry.fromMs, serverMs), undefined);
      return;
    }
    const before = known.entry;
    known.entry = entry;
    this.#index(known, serverMs, before);
  }

  /** Names that the thing has now, from `fromMs` on where they are new; names that it had and has no more end now. */
  #index(known: Known, fromMs: number, before: IdentityEntry | undefined): void {
    const { entry } = known;
    const spans = this.#addresses[entry.kind];
    const addresses = addressesOf(entry);
    for (const address of addresses) {
      if (hasSpan(spans, address, known)) continue;
      addSpan(spans, address, { known, fromMs });
      this.#ranges.learn(entry.kind, address);
    }
    for (const range of entry.ranges ?? []) this.#ranges.add(range);
    for (const name of hostPortsOf(entry)) {
      if (!hasSpan(this.#hostPods, name, known)) addSpan(this.#hostPods, name, { known, fromMs });
    }
    if (before !== undefined) this.#endNames(known, before, fromMs);
    for (const { containerId } of entry.containers)
      if (containerId !== "") this.#containers.set(bareContainerId(containerId), known);
    if (before !== undefined) return;
    if (entry.kind === "pod") {
      this.#podUids.set(entry.podUid, known);
      addSpan(this.#podNames, `${entry.namespace}/${entry.pod}`, { known, fromMs });
    } else if (entry.kind === "service") {
      addSpan(this.#services, `${entry.namespace}/${entry.services[0] ?? ""}`, { known, fromMs });
    }
  }

  #endNames(known: Known, before: IdentityEntry, atMs: number): void {
    const now = addressesOf(known.entry);
    const lost = addressesOf(before).filter((address) => !now.includes(address));
    if (lost.length > 0) {
      const ghost: Known = { entry: before, endMs: atMs };
      for (const address of lost) handOver(this.#addresses[before.kind], address, known, ghost);
      this.#ended.push(ghost);
    }
    this.#forgetContainers(before, known);
  }

  #forgetContainers(entry: IdentityEntry, known: Known): void {
    for (const { containerId } of entry.containers) {
      if (this.#containers.get(bareContainerId(containerId)) === known)
        this.#containers.delete(bareContainerId(containerId));
    }
  }

  #end(key: string, atMs: number): void {
    const known = this.#living.get(key);
    if (known === undefined) return;
    known.endMs = atMs;
    this.#changes.add(this.revision, key);
    this.#living.delete(key);
    this.#unconfirmed.delete(key);
    this.#ended.push(known);
  }

  #letGo(endedBeforeMs: number): void {
    let count = 0;
    for (const known of this.#ended) {
      const isOver = known.endMs < endedBeforeMs;
      if (!isOver && this.#ended.length - count <= bookLimits.endedMax) break;
      if (!isOver) this.#endedDropped += 1;
      this.#forget(known);
      count += 1;
    }
    if (count > 0) this.#ended = this.#ended.slice(count);
  }

  #forget(known: Known): void {
    const { entry } = known;
    for (const address of addressesOf(entry)) dropSpans(this.#addresses[entry.kind], address, known);
    this.#forgetContainers(entry, known);
    for (const name of hostPortsOf(entry)) dropSpans(this.#hostPods, name, known);
    if (entry.kind === "pod") {
      if (this.#podUids.get(entry.podUid) === known) this.#podUids.delete(entry.podUid);
      dropSpans(this.#podNames, `${entry.namespace}/${entry.pod}`, known);
    } else if (entry.kind === "service")
      dropSpans(this.#services, `${entry.namespace}/${entry.services[0] ?? ""}`, known);
  }

  #clear(): void {
    for (const map of [this.#living, this.#podUids, this.#containers, this.#podNames, this.#services]) map.clear();
    this.#hostPods.clear();
    for (const spans of Object.values(this.#addresses)) spans.clear();
    this.#ranges.clear();
    this.#labels.clear();
    this.#changes.clear(this.revision);
    this.#unconfirmed.clear();
    this.#ended = [];
  }
}

const outside: AddressAnswer = { is: "outside" };

/** A pod in its node's network has no address of its own: the address names the node. */
function addressesOf(entry: IdentityEntry): readonly string[] {
  return entry.kind === "pod" && entry.hostNetwork ? [] : entry.addresses.map(canonical);
}

function hostPortsOf({ kind, hostNetwork, node, containers }: IdentityEntry): readonly string[] {
  if (kind !== "pod" || !hostNetwork) return [];
  return containers.flatMap(({ ports }) => ports.map((port) => `${node}:${port}`));
}

/** Whether a service's port is the dialled one. */
export function forwards(
  forwarded: IdentityEntry["ports"][number],
  port: number,
  protocol: string | undefined = "tcp",
): boolean {
  return forwarded.port === port && forwarded.protocol.toLowerCase() === protocol;
}

/** "containerd://<id>" and "<id>" are one. */
export function bareContainerId(containerId: string): string {
  const at = containerId.lastIndexOf("/");
  return at < 0 ? containerId : containerId.slice(at + 1);
}
