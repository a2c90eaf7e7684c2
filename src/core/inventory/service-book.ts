// Which pods each service stands for and which services each pod has, kept right from slices or selectors; says what it touched.
import type { EndpointSlice, Pod, Service } from "../../model/inventory.ts";
import { type Members, membersBySelector, membersBySlices, nobody } from "./backends.ts";
import { nameKey, type ObjectBook } from "./object-book.ts";

/** Whose identity must be told anew. */
export interface Touched {
  readonly kind: "Pod" | "Service";
  readonly uid: string;
}

export interface ServiceBook {
  /** As of the last `settle`. */
  membersOf(service: Service): Members;
  /** Names of services, by name. */
  servicesOf(podUid: string): readonly string[];
  touchService(namespace: string, name: string): void;
  touchSlice(slice: EndpointSlice, before: EndpointSlice | undefined): void;
  touchPod(pod: Pod, before: Pod | undefined): void;
  useSelectors(isOn: "on" | "off"): void;
  /** Works out what was touched; returns pods and services that are not as before. */
  settle(): readonly Touched[];
}

const noServices: readonly string[] = [];

export function createServiceBook(book: ObjectBook): ServiceBook {
  const slices = new Map<string, Map<string, EndpointSlice>>();
  const members = new Map<string, Members>();
  const ofPod = new Map<string, readonly string[]>();
  const dirty = new Set<string>();
  const dirtyNamespaces = new Set<string>();
  let bySelectors = false;

  function unplace(slice: EndpointSlice): void {
    const key = nameKey(slice.namespace, slice.service);
    const some = slices.get(key);
    some?.delete(slice.uid);
    if (some?.size === 0) slices.delete(key);
    dirty.add(key);
  }

  function membersNow(key: string): Members {
    const [namespace = "", name = ""] = key.split("/");
    const service = book.find("Service", namespace, name);
    if (service?.kind !== "Service") return nobody;
    if (bySelectors) return membersBySelector(service, book.podsIn(namespace));
    const some = slices.get(key);
    return some === undefined ? nobody : membersBySlices(some.values());
  }

  function link(uid: string, name: string, isBehind: boolean): void {
    const before = ofPod.get(uid) ?? noServices;
    const others = before.filter((one) => one !== name);
    const now = isBehind ? [...others, name].sort() : others;
    if (now.length === 0) ofPod.delete(uid);
    else ofPod.set(uid, now);
  }

  function settleOne(key: string, touched: Map<string, Touched>): void {
    const [namespace = "", name = ""] = key.split("/");
    const before = members.get(key) ?? nobody;
    const now = membersNow(key);
    if (now === nobody) members.delete(key);
    else members.set(key, now);
    for (const uid of before.pods) {
      if (now.pods.has(uid)) continue;
      link(uid, name, false);
      touched.set(uid, { kind: "Pod", uid });
    }
    for (const uid of now.pods) {
      if (before.pods.has(uid)) continue;
      link(uid, name, true);
      touched.set(uid, { kind: "Pod", uid });
    }
    const service = book.find("Service", namespace, name);
    if (service !== undefined) touched.set(service.uid, { kind: "Service", uid: service.uid });
  }

  function touchAll(): void {
    for (const { namespace, name } of book.all("Service")) dirty.add(nameKey(namespace, name));
  }

  return {
    membersOf: ({ namespace, name }) => members.get(nameKey(namespace, name)) ?? nobody,
    servicesOf: (podUid) => ofPod.get(podUid) ?? noServices,
    touchService: (namespace, name) => void dirty.add(nameKey(namespace, name)),
    touchSlice(slice, before) {
      if (before !== undefined) unplace(before);
      if (book.get("EndpointSlice", slice.uid) === undefined) return;
      const key = nameKey(slice.namespace, slice.service);
      const some = slices.get(key) ?? new Map<string, EndpointSlice>();
      slices.set(key, some.set(slice.uid, slice));
      dirty.add(key);
    },
    touchPod(pod, before) {
      if (bySelectors) dirtyNamespaces.add(pod.namespace);
      // The workload behind a service changes with its pods' owners.
      const isSame = before !== undefined && before.workload === pod.workload && book.get("Pod", pod.uid) !== undefined;
      if (!isSame) for (const name of ofPod.get(pod.uid) ?? []) dirty.add(nameKey(pod.namespace, name));
    },
    useSelectors(isOn) {
      if (bySelectors === (isOn === "on")) return;
      bySelectors = isOn === "on";
      touchAll();
    },
    settle() {
      if (dirtyNamespaces.size > 0) {
        for (const { namespace, name } of book.all("Service"))
          if (dirtyNamespaces.has(namespace)) dirty.add(nameKey(namespace, name));
        dirtyNamespaces.clear();
      }
      const touched = new Map<string, Touched>();
      for (const key of dirty) settleOne(key, touched);
      dirty.clear();
      return [...touched.values()];
    },
  };
}
