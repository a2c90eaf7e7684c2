// In which order the owners of a full store lose what they have: the oldest of whoever has the most first. For stores where many go at once.
import type { Owners } from "./fair-pool.ts";

export interface FairQueue<T extends object> {
  readonly size: number;
  add(item: T, owners: Owners): void;
  delete(item: T): void;
  /** Those that go when so many must: the ends of `inFairOrder`. They stay in. */
  victims(count: number): readonly T[];
  /** In the order in which they came. */
  items(): Iterable<T>;
}

/** Owners are known from the first of their items to the last, so that ordering looks nobody up. */
export function createFairQueue<T extends object>(): FairQueue<T> {
  const places = new Map<T, Placed<T>>();
  const levels: Levels = [];
  return {
    get size() {
      return places.size;
    },
    add(item, owners) {
      places.set(item, placeOf(item, owners, levels));
    },
    delete(item) {
      const place = places.get(item);
      places.delete(item);
      place?.owners.forEach((owner, level) => {
        owner.items -= 1;
        if (owner.items === 0) levels[level]?.delete(owner.key);
      });
    },
    victims: (count) => inOrder([...places.values()].toReversed(), levels).slice(-count),
    items: () => places.keys(),
  };
}

/**
 * Oldest first in; out comes the order in which they stay: the last one is such a victim, the one before it the next one, and so on. Inner owners of
 * different outer ones must differ, as processes do.
 */
export function inFairOrder<T>(items: readonly T[], ownersOf: (item: T) => Owners): readonly T[] {
  const levels: Levels = [];
  const placed = items.toReversed().map((item) => placeOf(item, ownersOf(item), levels));
  return inOrder(placed, levels);
}

interface Owner {
  readonly key: string | number;
  items: number;
  /** While items are ordered: how many of it stand before the next one. */
  before: number;
}

/** From the outside in. */
type Levels = Map<string | number, Owner>[];

interface Placed<T> {
  readonly item: T;
  readonly owners: readonly Owner[];
}

function placeOf<T>(item: T, owners: Owners, levels: Levels): Placed<T> {
  return { item, owners: owners.map((key, level) => withOneMore((levels[level] ??= new Map()), key)) };
}

function withOneMore(known: Map<string | number, Owner>, key: string | number): Owner {
  let owner = known.get(key);
  if (owner === undefined) {
    owner = { key, items: 0, before: 0 };
    known.set(key, owner);
  }
  owner.items += 1;
  return owner;
}

/** From the inside out: each is placed by how many of its owner stay before it. */
function inOrder<T>(items: readonly Placed<T>[], levels: Levels): readonly T[] {
  let ordered = items;
  for (let level = levels.length - 1; level >= 0; level -= 1)
    // Where each has an owner of its own, all stay where they are.
    if (levels[level]?.size !== items.length) ordered = byRank(ordered, level);
  return ordered.map(({ item }) => item);
}

/** First the first one of each owner, then the second ones; those of one rank in the order in which they are. */
function byRank<T>(items: readonly Placed<T>[], level: number): readonly Placed<T>[] {
  for (const { owners } of items) (owners[level] as Owner).before = 0;
  const many: number[] = [];
  const ranks = items.map(({ owners }) => {
    const owner = owners[level] as Owner;
    const rank = owner.before;
    owner.before += 1;
    many[rank] = (many[rank] ?? 0) + 1;
    return rank;
  });
  let from = 0;
  const nextOfRank = many.map((ofRank) => {
    from += ofRank;
    return from - ofRank;
  });
  const placed = items.slice();
  ranks.forEach((rank, index) => {
    const at = nextOfRank[rank] as number;
    nextOfRank[rank] = at + 1;
    placed[at] = items[index] as Placed<T>;
  });
  return placed;
}
