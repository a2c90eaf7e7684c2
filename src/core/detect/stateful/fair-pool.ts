// A bounded store whose owners share it fairly: when it is full, the oldest of whoever has the most goes. Nobody's flood takes the place of somebody else's few.

/** Owners from the outside in: ["workload", "parent", "process"]. The same depth for all that one pool holds. */
export type Owners = readonly (string | number)[];

export interface FairPool<T extends object> {
  readonly size: number;
  /** Of all items together. */
  readonly weight: number;
  /** The caller makes room before: nothing is thrown out by itself. It weighs 1. */
  add(item: T, owners: Owners): void;
  has(item: T): boolean;
  /** The item weighs so much more, or less: at least 1 must stay. Owners have as much as their items weigh. */
  reweigh(item: T, by: number): void;
  delete(item: T): boolean;
  /** The oldest of the owner with the most inside the owner with the most, and so on; undefined when the pool is empty. Stays in. */
  victim(): T | undefined;
  /** In the order in which they came. */
  items(): Iterable<T>;
}

/** Every step costs the same however much is held; taking weight away may look at as many sizes as it takes. */
export function createFairPool<T extends object>(): FairPool<T> {
  const root = newShare<T>(undefined, "");
  const places = new Map<T, Place<T>>();
  return {
    get size() {
      return places.size;
    },
    get weight() {
      return root.size;
    },
    add(item, owners) {
      let share = root;
      for (const owner of owners) {
        const known = share.inner.get(owner);
        const next: Share<T> = known ?? newShare(share, owner);
        if (known === undefined) share.inner.set(owner, next);
        share = next;
      }
      share.items.add(item);
      places.set(item, { share, weight: 1 });
      change(share, 1);
    },
    has: (item) => places.has(item),
    reweigh(item, by) {
      const place = places.get(item);
      if (place === undefined || by === 0) return;
      place.weight += by;
      change(place.share, by);
    },
    delete(item) {
      const place = places.get(item);
      if (place === undefined) return false;
      places.delete(item);
      place.share.items.delete(item);
      change(place.share, -place.weight);
      return true;
    },
    victim() {
      let share = root;
      while (share.inner.size > 0) {
        const [next] = share.bySize.get(share.largest) ?? [];
        if (next === undefined) break;
        share = next;
      }
      return share.items.values().next().value;
    },
    items: () => places.keys(),
  };
}

interface Place<T> {
  readonly share: Share<T>;
  weight: number;
}

/** What one owner has, and how the owners inside it share that. */
interface Share<T> {
  readonly outer: Share<T> | undefined;
  readonly owner: string | number;
  readonly inner: Map<string | number, Share<T>>;
  /** Owners inside by how much they have; `largest` is the most that any of them has. */
  readonly bySize: Map<number, Set<Share<T>>>;
  largest: number;
  readonly items: Set<T>;
  size: number;
}

function newShare<T>(outer: Share<T> | undefined, owner: string | number): Share<T> {
  return { outer, owner, inner: new Map(), bySize: new Map(), largest: 0, items: new Set(), size: 0 };
}

function change<T>(from: Share<T>, by: number): void {
  for (let share: Share<T> = from; ;) {
    const { outer, size } = share;
    share.size += by;
    if (outer === undefined) return;
    const before = outer.bySize.get(size);
    before?.delete(share);
    if (before?.size === 0) outer.bySize.delete(size);
    if (share.size === 0) outer.inner.delete(share.owner);
    else {
      const after = outer.bySize.get(share.size);
      if (after === undefined) outer.bySize.set(share.size, new Set([share]));
      else after.add(share);
    }
    if (share.size > outer.largest) outer.largest = share.size;
    // It had the most: now there is another with as much, or the most is less, but at least what it has.
    else if (size === outer.largest)
      while (outer.largest > share.size && !outer.bySize.has(outer.largest)) outer.largest -= 1;
    share = outer;
  }
}
