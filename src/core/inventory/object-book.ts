// Objects of a cluster by kind: by uid, and by namespace and name. The newest object of a name is the one that is found by it.
import type { InventoryKind, InventoryObject, Pod } from "../../model/inventory.ts";
import { inventoryKinds } from "../../model/inventory.ts";

export interface ObjectBook {
  get(kind: InventoryKind, uid: string): InventoryObject | undefined;
  find(kind: InventoryKind, namespace: string, name: string): InventoryObject | undefined;
  all(kind: InventoryKind): Iterable<InventoryObject>;
  size(kind: InventoryKind): number;
  put(object: InventoryObject): void;
  remove(kind: InventoryKind, uid: string): void;
  /** Pods of a namespace. */
  podsIn(namespace: string): Iterable<Pod>;
}

export function nameKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

export function createObjectBook(): ObjectBook {
  const byUid = new Map(inventoryKinds.map((kind) => [kind, new Map<string, InventoryObject>()]));
  const byName = new Map(inventoryKinds.map((kind) => [kind, new Map<string, string>()]));
  const pods = new Map<string, Set<string>>();
  const none = new Map<string, InventoryObject>();
  const of = (kind: InventoryKind) => byUid.get(kind) ?? none;

  return {
    get: (kind, uid) => of(kind).get(uid),
    find(kind, namespace, name) {
      const uid = byName.get(kind)?.get(nameKey(namespace, name));
      return uid === undefined ? undefined : of(kind).get(uid);
    },
    all: (kind) => of(kind).values(),
    size: (kind) => of(kind).size,
    put(object) {
      of(object.kind).set(object.uid, object);
      byName.get(object.kind)?.set(nameKey(object.namespace, object.name), object.uid);
      if (object.kind === "Pod") pods.set(object.namespace, (pods.get(object.namespace) ?? new Set()).add(object.uid));
    },
    remove(kind, uid) {
      const object = of(kind).get(uid);
      if (object === undefined) return;
      of(kind).delete(uid);
      const key = nameKey(object.namespace, object.name);
      // A new object may have taken the name before the old one was said to be gone.
      if (byName.get(kind)?.get(key) === uid) byName.get(kind)?.delete(key);
      if (kind !== "Pod") return;
      const some = pods.get(object.namespace);
      some?.delete(uid);
      if (some?.size === 0) pods.delete(object.namespace);
    },
    *podsIn(namespace) {
      for (const uid of pods.get(namespace) ?? []) {
        const pod = of("Pod").get(uid);
        if (pod?.kind === "Pod") yield pod;
      }
    },
  };
}
