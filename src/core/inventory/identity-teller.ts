// What agents were told of a cluster, and what must be told anew: entries are worked out for touched things and compared with the last ones.
import type { IdentityChange } from "../directory/identity-source.ts";
import { parseInstantMs } from "../../base/instant.ts";
import type { IdentityEntry } from "../../model/identity-entry.ts";
import type { Pod } from "../../model/inventory.ts";
import { hasEnded } from "./backends.ts";
import {
  beganMs,
  behindService,
  namespaceEntry,
  namespaceKey,
  nodeEntry,
  nodeKey,
  podEntry,
  podKey,
  serviceEntry,
  serviceKey,
} from "./identity-entries.ts";
import type { ObjectBook } from "./object-book.ts";
import type { ServiceBook } from "./service-book.ts";

export interface IdentityTeller {
  touchPod(uid: string): void;
  touchService(uid: string): void;
  touchNode(name: string): void;
  touchNamespace(name: string): void;
  setClockAhead(aheadMs: number): void;
  tell(nowMs: number): IdentityChange;
  told(): readonly IdentityEntry[];
}

export function createIdentityTeller(book: ObjectBook, services: ServiceBook): IdentityTeller {
  return new Teller(book, services);
}

class Teller implements IdentityTeller {
  readonly #book: ObjectBook;
  readonly #services: ServiceBook;
  readonly #told = new Map<string, IdentityEntry>();
  readonly #pods = new Set<string>();
  readonly #dirtyServices = new Set<string>();
  readonly #nodes = new Set<string>();
  readonly #namespaces = new Set<string>();
  #aheadMs = 0;

  constructor(book: ObjectBook, services: ServiceBook) {
    this.#book = book;
    this.#services = services;
  }

  touchPod(uid: string): void {
    this.#pods.add(uid);
  }

  touchService(uid: string): void {
    this.#dirtyServices.add(uid);
  }

  touchNode(name: string): void {
    this.#nodes.add(name);
  }

  touchNamespace(name: string): void {
    this.#namespaces.add(name);
  }

  setClockAhead(aheadMs: number): void {
    this.#aheadMs = aheadMs;
  }

  told(): readonly IdentityEntry[] {
    return [...this.#told.values()];
  }

  tell(nowMs: number): IdentityChange {
    const put: IdentityEntry[] = [];
    const ended: { key: string; atMs: number }[] = [];
    const settle = (key: string, entry: IdentityEntry | undefined, atMs: () => number) => {
      const before = this.#told.get(key);
      if (entry === undefined) {
        if (this.#told.delete(key)) ended.push({ key, atMs: atMs() });
      } else if (before === undefined || JSON.stringify(before) !== JSON.stringify(entry)) {
        this.#told.set(key, entry);
        put.push(entry);
      }
    };
    for (const uid of this.#pods) settle(podKey(uid), this.#entryOfPod(uid, nowMs), () => this.#endedMs(uid, nowMs));
    for (const uid of this.#dirtyServices) settle(serviceKey(uid), this.#entryOfService(uid, nowMs), () => nowMs);
    for (const name of this.#nodes) settle(nodeKey(name), this.#entryOfNode(name, nowMs), () => nowMs);
    for (const name of this.#namespaces) settle(namespaceKey(name), this.#entryOfNamespace(name, nowMs), () => nowMs);
    for (const some of [this.#pods, this.#dirtyServices, this.#nodes, this.#namespaces]) some.clear();
    return { put, ended };
  }

  #podOf(uid: string): Pod | undefined {
    const found = this.#book.get("Pod", uid);
    return found?.kind === "Pod" ? found : undefined;
  }

  /** A thing that got another address has it since now; else it began when it began. */
  #fromMs(key: string, addresses: readonly string[], at: string | undefined, nowMs: number): number {
    const before = this.#told.get(key);
    if (before === undefined) return beganMs(at, nowMs, this.#aheadMs);
    const isSame = before.addresses.length === 0 || before.addresses.every((address) => addresses.includes(address));
    return isSame ? before.fromMs : nowMs;
  }

  #entryOfPod(uid: string, nowMs: number): IdentityEntry | undefined {
    const pod = this.#podOf(uid);
    if (pod === undefined || hasEnded(pod)) return undefined;
    const since = pod.startedAt ?? pod.createdAt;
    return podEntry(pod, this.#services.servicesOf(uid), this.#fromMs(podKey(uid), pod.addresses, since, nowMs));
  }

  #entryOfService(uid: string, nowMs: number): IdentityEntry | undefined {
    const service = this.#book.get("Service", uid);
    if (service?.kind !== "Service") return undefined;
    const members = this.#services.membersOf(service);
    const behind = behindService(service, members, (one) => this.#podOf(one));
    const addresses = [...service.addresses, ...service.externalAddresses];
    return serviceEntry(service, members, behind, this.#fromMs(serviceKey(uid), addresses, service.createdAt, nowMs));
  }

  #entryOfNode(name: string, nowMs: number): IdentityEntry | undefined {
    const node = this.#book.find("Node", "", name);
    if (node?.kind !== "Node") return undefined;
    return nodeEntry(node, this.#fromMs(nodeKey(name), node.addresses, node.createdAt, nowMs));
  }

  #entryOfNamespace(name: string, nowMs: number): IdentityEntry | undefined {
    const namespace = this.#book.find("Namespace", "", name);
    if (namespace?.kind !== "Namespace") return undefined;
    return namespaceEntry(namespace, this.#fromMs(namespaceKey(name), [], namespace.createdAt, nowMs));
  }

  /** A pod that ended did so when its last container ended, a removed one now. */
  #endedMs(uid: string, nowMs: number): number {
    const ends = (this.#podOf(uid)?.containers ?? []).flatMap(({ lastEndAt }) => parseInstantMs(lastEndAt ?? "") ?? []);
    return ends.length === 0 ? nowMs : Math.min(nowMs, Math.max(...ends) - this.#aheadMs);
  }
}
