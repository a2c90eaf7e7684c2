// One kernel ring buffer, mapped and read in place: records are decoded from the kernel's own pages and released in batches.
// Layout of BPF_MAP_TYPE_RINGBUF: a consumer page, a producer page, then the data pages twice in a row, so no record wraps. Of the second
// copy only as much is mapped as the longest record needs: mapped ring pages count as resident memory, twice when mapped twice.
import type { Libbpf } from "./libbpf.ts";

/** Typed views over the data pages; all records start on 8 bytes. */
export interface RingViews {
  readonly bytes: Buffer;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
}

export interface Ring {
  readonly views: RingViews;
  /** Calls `onRecord` for at most `recordsMax` finished records, oldest first, then gives their space back. Returns how many it read. */
  drain(recordsMax: number, onRecord: (at: number, length: number) => void): number;
  /** Whether the last drain ended at a record that a processor has begun and not finished: what was finished after it waits behind it. */
  isHeldUp(): boolean;
  /** Whether anything waits, finished or not: cheaper than to drain nothing. */
  isEmpty(): boolean;
  /** Bytes waiting, finished or not. */
  backlogBytes(): number;
  close(): void;
}

const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const LENGTH_MASK = 0x3fff_ffff;
const recordHeaderBytes = 8;
/** The longest is a renamed file with both paths and both folders at their limits: 16,484 bytes. A multiple of every page size up to itself. */
const recordBytesMax = 32_768;

/** Maps the ring of `sizeBytes` (a power of two) behind `mapDescriptor`. Throws the Fault "sensor/ring" when the kernel refuses. */
export function openRing(libbpf: Libbpf, mapDescriptor: number, sizeBytes: number): Ring {
  const { pageBytes } = libbpf;
  const control = libbpf.map(mapDescriptor, pageBytes, { offset: 0, isWritable: true });
  const tailBytes = Math.min(sizeBytes, Math.max(recordBytesMax, pageBytes));
  const mappedBytes = sizeBytes + tailBytes;
  const data = libbpf.map(mapDescriptor, pageBytes + mappedBytes, { offset: pageBytes, isWritable: false });
  const consumer = new BigUint64Array(control.buffer, 0, 1);
  const producer = new BigUint64Array(data.buffer, 0, 1);
  const producerLow = new Uint32Array(data.buffer, 0, 1);
  const words = new Uint32Array(data.buffer, pageBytes, mappedBytes / 4);
  const halves = new Uint16Array(data.buffer, pageBytes, mappedBytes / 2);
  const bytes = Buffer.from(data.buffer, pageBytes, mappedBytes);
  const mask = sizeBytes - 1;
  let position = Number(Atomics.load(consumer, 0));
  let isOpen = true;
  let isHeldUp = false;

  function drain(recordsMax: number, onRecord: (at: number, length: number) => void): number {
    if (!isOpen) return 0;
    const end = Number(Atomics.load(producer, 0));
    let at = position % sizeBytes;
    let count = 0;
    let start = position;
    isHeldUp = false;
    while (start < end && count < recordsMax) {
      const header = Atomics.load(words, at >> 2);
      if (header >= BUSY) {
        isHeldUp = true;
        break;
      }
      const length = header & LENGTH_MASK;
      // A longer one than any program writes cannot be decoded; length 0 has it counted as such.
      if ((header & DISCARDED) === 0) onRecord(at + recordHeaderBytes, length < tailBytes ? length : 0);
      const step = (length + recordHeaderBytes + 7) & ~7;
      start += step;
      at = (at + step) & mask;
      count += 1;
    }
    if (start !== position) Atomics.store(consumer, 0, BigInt(start));
    position = start;
    return count;
  }

  return {
    views: { bytes, halves, words },
    drain,
    isHeldUp: () => isHeldUp,
    // The low words alone: a whole turn of them, four gigabytes, does not fit into a ring.
    isEmpty: () => !isOpen || Atomics.load(producerLow, 0) === position >>> 0,
    backlogBytes: () => (isOpen ? Number(Atomics.load(producer, 0)) - position : 0),
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      control.unmap();
      data.unmap();
    },
  };
}
