// What agents were told of a cluster, and what must be told anew: entries are worked out for touched things and compared with the last ones.
import type { IdentityChange } from "../directory/identity-source.ts";
import { parseInstantMs } from "../../base/instant.ts";
import type { IdentityEntry } from "../../model/identity-entry.ts";
import type { Pod } from "../../model/inventory.ts";
import { hasEnded } from "./backends.ts";
import {
  beganMs,
  behindService,
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
  setClockAhead(aheadMs: number): void;
  tell(nowMs: number): IdentityChange;
  told(): readonly IdentityEntry[];
}

export function createIdentityTeller(book: ObjectBook, services: ServiceBook): IdentityTeller {
  const told = new Map<string, IdentityEntry>();
  const pods = new Set<string>();
  const dirtyServices = new Set<string>();
  const nodes = new Set<string>();
  let aheadMs = 0;

  function podOf(uid: string): Pod | undefined {
    const found = book.get("Pod", uid);
    return found?.kind === "Pod" ? found : undefined;
  }

  /** A thing that got another address has it since now; else it began when it began. */
  function fromMs(key: string, addresses: readonly string[], at: string | undefined, nowMs: number): number {
    const before = told.get(key);
    if (before === undefined) return beganMs(at, nowMs, aheadMs);
    const isSame = before.addresses.length === 0 || before.addresses.every((address) => addresses.includes(address));
    return isSame ? before.fromMs : nowMs;
  }

  function entryOfPod(uid: string, nowMs: number): IdentityEntry | undefined {
    const pod = podOf(uid);
    if (pod === undefined || hasEnded(pod)) return undefined;
    const since = pod.startedAt ?? pod.createdAt;
    return podEntry(pod, services.servicesOf(uid), fromMs(podKey(uid), pod.addresses, since, nowMs));
  }

  function entryOfService(uid: string, nowMs: number): IdentityEntry | undefined {
    const service = book.get("Service", uid);
    if (service?.kind !== "Service") return undefined;
    const members = services.membersOf(service);
    const behind = behindService(service, members, podOf);
    const addresses = [...service.addresses, ...service.externalAddresses];
    return serviceEntry(service, members, behind, fromMs(serviceKey(uid), addresses, service.createdAt, nowMs));
  }

  function entryOfNode(name: string, nowMs: number): IdentityEntry | undefined {
    const node = book.find("Node", "", name);
    if (node?.kind !== "Node") return undefined;
    return nodeEntry(node, fromMs(nodeKey(name), node.addresses, node.createdAt, nowMs));
  }

  /** A pod that ended did so when its last container ended, a removed one now. */
  function endedMs(uid: string, nowMs: number): number {
    const ends = (podOf(uid)?.containers ?? []).flatMap(({ lastEndAt }) => parseInstantMs(lastEndAt ?? "") ?? []);
    return ends.length === 0 ? nowMs : Math.min(nowMs, Math.max(...ends) - aheadMs);
  }

  return {
    touchPod: (uid) => void pods.add(uid),
    touchService: (uid) => void dirtyServices.add(uid),
    touchNode: (name) => void nodes.add(name),
    setClockAhead: (ms) => (aheadMs = ms),
    tell(nowMs) {
      const put: IdentityEntry[] = [];
      const ended: { key: string; atMs: number }[] = [];
      const settle = (key: string, entry: IdentityEntry | undefined, atMs: () => number) => {
        const before = told.get(key);
        if (entry === undefined) {
          if (told.delete(key)) ended.push({ key, atMs: atMs() });
        } else if (before === undefined || JSON.stringify(before) !== JSON.stringify(entry)) {
          told.set(key, entry);
          put.push(entry);
        }
      };
      for (const uid of pods) settle(podKey(uid), entryOfPod(uid, nowMs), () => endedMs(uid, nowMs));
      for (const uid of dirtyServices) settle(serviceKey(uid), entryOfService(uid, nowMs), () => nowMs);
      for (const name of nodes) settle(nodeKey(name), entryOfNode(name, nowMs), () => nowMs);
      for (const some of [pods, dirtyServices, nodes]) some.clear();
      return { put, ended };
    },
    told: () => [...told.values()],
  };
}
