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
  return new Services(book);
}

class Services implements ServiceBook {
  readonly #book: ObjectBook;
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  readonly #members = new Map<string, Members>();
  readonly #ofPod = new Map<string, readonly string[]>();
  readonly #dirty = new Set<string>();
  readonly #dirtyNamespaces = new Set<string>();
  #bySelectors = false;

  constructor(book: ObjectBook) {
    this.#book = book;
  }

  membersOf({ namespace, name }: Service): Members {
    return this.#members.get(nameKey(namespace, name)) ?? nobody;
  }

  servicesOf(podUid: string): readonly string[] {
    return this.#ofPod.get(podUid) ?? noServices;
  }

  touchService(namespace: string, name: string): void {
    this.#dirty.add(nameKey(namespace, name));
  }

  touchSlice(slice: EndpointSlice, before: EndpointSlice | undefined): void {
    if (before !== undefined) this.#unplace(before);
    if (this.#book.get("EndpointSlice", slice.uid) === undefined) return;
    const key = nameKey(slice.namespace, slice.service);
    const some = this.#slices.get(key) ?? new Map<string, EndpointSlice>();
    this.#slices.set(key, some.set(slice.uid, slice));
    this.#dirty.add(key);
  }

  touchPod(pod: Pod, before: Pod | undefined): void {
    if (this.#bySelectors) this.#dirtyNamespaces.add(pod.namespace);
    // The workload behind a service changes with its pods' owners.
    const isSame =
      before !== undefined &&
      before.workload === pod.workload &&
      before.workloadKind === pod.workloadKind &&
      this.#book.get("Pod", pod.uid) !== undefined;
    if (!isSame) for (const name of this.#ofPod.get(pod.uid) ?? []) this.#dirty.add(nameKey(pod.namespace, name));
  }

  useSelectors(isOn: "on" | "off"): void {
    if (this.#bySelectors === (isOn === "on")) return;
    this.#bySelectors = isOn === "on";
    this.#touchAll();
  }

  settle(): readonly Touched[] {
    if (this.#dirtyNamespaces.size > 0) {
      for (const { namespace, name } of this.#book.all("Service"))
        if (this.#dirtyNamespaces.has(namespace)) this.#dirty.add(nameKey(namespace, name));
      this.#dirtyNamespaces.clear();
    }
    const touched = new Map<string, Touched>();
    for (const key of this.#dirty) this.#settleOne(key, touched);
    this.#dirty.clear();
    return [...touched.values()];
  }

  #unplace(slice: EndpointSlice): void {
    const key = nameKey(slice.namespace, slice.service);
    const some = this.#slices.get(key);
    some?.delete(slice.uid);
    if (some?.size === 0) this.#slices.delete(key);
    this.#dirty.add(key);
  }

  #membersNow(key: string): Members {
    const [namespace = "", name = ""] = key.split("/");
    const service = this.#book.find("Service", namespace, name);
    if (service?.kind !== "Service") return nobody;
    if (this.#bySelectors) return membersBySelector(service, this.#book.podsIn(namespace));
    const some = this.#slices.get(key);
    return some === undefined ? nobody : membersBySlices(some.values());
  }

  #link(uid: string, name: string, isBehind: boolean): void {
    const before = this.#ofPod.get(uid) ?? noServices;
    const others = before.filter((one) => one !== name);
    const now = isBehind ? [...others, name].sort() : others;
    if (now.length === 0) this.#ofPod.delete(uid);
    else this.#ofPod.set(uid, now);
  }

  #settleOne(key: string, touched: Map<string, Touched>): void {
    const [namespace = "", name = ""] = key.split("/");
    const before = this.#members.get(key) ?? nobody;
    const now = this.#membersNow(key);
    if (now === nobody) this.#members.delete(key);
    else this.#members.set(key, now);
    for (const uid of before.pods) {
      if (now.pods.has(uid)) continue;
      this.#link(uid, name, false);
      touched.set(uid, { kind: "Pod", uid });
    }
    for (const uid of now.pods) {
      if (before.pods.has(uid)) continue;
      this.#link(uid, name, true);
      touched.set(uid, { kind: "Pod", uid });
    }
    const service = this.#book.find("Service", namespace, name);
    if (service !== undefined) touched.set(service.uid, { kind: "Service", uid: service.uid });
  }

  #touchAll(): void {
    for (const { namespace, name } of this.#book.all("Service")) this.#dirty.add(nameKey(namespace, name));
  }
}
