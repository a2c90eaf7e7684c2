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

/** A ring of `capacity` slots (at least 1): all operations O(1). */
export function boundedQueue<T>(capacity: number): BoundedQueue<T> {
  if (!Number.isInteger(capacity) || capacity < 1) {
    throw new RangeError(`queue capacity must be a whole number of at least 1, got ${capacity}`);
  }
  const slots: (T | undefined)[] = Array.from({ length: capacity });
  let head = 0;
  let size = 0;
  let dropped = 0;

  function shift(): T | undefined {
    if (size === 0) return undefined;
    const item = slots[head];
    slots[head] = undefined;
    head = (head + 1) % capacity;
    size -= 1;
    return item;
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
      slots[(head + size) % capacity] = item;
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
