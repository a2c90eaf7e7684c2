// A first-in-first-out queue with a named maximum. What does not fit is refused or pushed out, and counted: never lost in silence.

export interface BoundedQueue<T> {
  readonly size: number;
  readonly capacity: number;
  /** How many items fell out since the queue was made. */
  readonly dropped: number;
  /** Adds at the end; when full, the oldest item leaves and is returned (counted in `dropped`). */
  push(item: T): T | undefined;
  /** Takes the oldest item, or undefined when empty. */
  shift(): T | undefined;
  /** Takes up to `max` oldest items, in order. */
  take(max: number): T[];
}

/** Slots to begin with: most queues never wait for long. */
const slotsMin = 64;

/** A ring of at most `capacity` slots (at least 1), which grows by doubling: all operations O(1) on average. */
export function boundedQueue<T>(capacity: number): BoundedQueue<T> {
  if (!Number.isInteger(capacity) || capacity < 1) {
    throw new RangeError(`queue capacity must be a whole number of at least 1, got ${capacity}`);
  }
  let slots: (T | undefined)[] = Array.from({ length: Math.min(capacity, slotsMin) });
  let head = 0;
  let size = 0;
  let dropped = 0;

  function shift(): T | undefined {
    if (size === 0) return undefined;
    const item = slots[head];
    slots[head] = undefined;
    head = (head + 1) % slots.length;
    size -= 1;
    return item;
  }

  function grow(): void {
    const items = [...slots.slice(head), ...slots.slice(0, head)];
    slots = Array.from({ length: Math.min(capacity, slots.length * 2) }, (_, index) => items[index]);
    head = 0;
  }

  return {
    get size() {
      return size;
    },
    get dropped() {
      return dropped;
    },
    capacity,
    push(item) {
      let pushedOut: T | undefined;
      if (size === capacity) {
        pushedOut = shift();
        dropped += 1;
      }
      if (size === slots.length) grow();
      slots[(head + size) % slots.length] = item;
      size += 1;
      return pushedOut;
    },
    shift,
    take(max) {
      const taken: T[] = [];
      while (taken.length < max && size > 0) taken.push(shift() as T);
      return taken;
    },
  };
}
