// What happens when: things to do and things to tell, ordered by time, then by when they were put in. Bounded.

export interface Timed<T> {
  readonly timeMs: number;
  readonly sequence: number;
  readonly item: T;
}

export interface Agenda<T> {
  readonly size: number;
  /** False when it is full: the item is not taken. */
  add(timeMs: number, item: T): boolean;
  /** The next item that is due at this time, or undefined. */
  take(untilMs: number): Timed<T> | undefined;
  clear(): void;
}

/** A binary heap. */
export function createAgenda<T>(itemsMax: number): Agenda<T> {
  const heap: Timed<T>[] = [];
  let sequence = 0;

  function isBefore(left: number, right: number): boolean {
    const one = heap[left];
    const other = heap[right];
    if (one === undefined || other === undefined) return other === undefined && one !== undefined;
    return one.timeMs < other.timeMs || (one.timeMs === other.timeMs && one.sequence < other.sequence);
  }

  function swap(left: number, right: number): void {
    const one = heap[left] as Timed<T>;
    heap[left] = heap[right] as Timed<T>;
    heap[right] = one;
  }

  return {
    get size() {
      return heap.length;
    },
    add(timeMs, item) {
      if (heap.length >= itemsMax) return false;
      sequence += 1;
      heap.push({ timeMs, sequence, item });
      for (let at = heap.length - 1; at > 0;) {
        const parent = (at - 1) >> 1;
        if (!isBefore(at, parent)) break;
        swap(at, parent);
        at = parent;
      }
      return true;
    },
    take(untilMs) {
      const first = heap[0];
      if (first === undefined || first.timeMs > untilMs) return undefined;
      const last = heap.pop() as Timed<T>;
      if (heap.length === 0) return first;
      heap[0] = last;
      for (let at = 0; ;) {
        const left = at * 2 + 1;
        const least = isBefore(left + 1, left) ? left + 1 : left;
        if (!isBefore(least, at)) return first;
        swap(at, least);
        at = least;
      }
    },
    clear() {
      heap.length = 0;
    },
  };
}
