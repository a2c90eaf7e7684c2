// Finds many literal anchors in bytes in one pass, most bytes never looked at: four bytes of each anchor, the last two of them in a table that says how far
// the window may jump (Wu and Manber, 1994). Linear in the bytes.

/** Bytes of an anchor that are in the table; an anchor is at least that long. */
export const anchorLengthMin = 4;
const window = anchorLengthMin;

export interface AnchorScan {
  /** Calls `onHit(at, anchor)` with the anchor's position and its index, until it answers false. */
  scan(bytes: Uint8Array, onHit: (at: number, anchor: number) => boolean): void;
}

interface Slice {
  readonly anchor: number;
  readonly whole: Uint8Array;
  /** Where the four bytes begin in the anchor. */
  readonly from: number;
}

/** Anchors are ASCII, each at least four characters long. */
export function createAnchorScan(anchors: readonly string[]): AnchorScan {
  const shifts = new Uint8Array(65_536).fill(window - 1);
  const buckets = new Map<number, Slice[]>();
  for (const [anchor, text] of anchors.entries()) {
    const whole = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const from = rarestSlice(whole);
    for (let at = 0; at + 1 < window; at += 1) {
      const pair = pairAt(whole, from + at);
      shifts[pair] = Math.min(shifts[pair] ?? 0, window - 2 - at);
    }
    const last = pairAt(whole, from + window - 2);
    buckets.set(last, [...(buckets.get(last) ?? []), { anchor, whole, from }]);
  }
  return { scan: (bytes, onHit) => scan(bytes, shifts, buckets, onHit) };
}

function pairAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Text is mostly small letters: windows that end in anything else are found by chance less often. */
function rarestSlice(whole: Uint8Array): number {
  let best = 0;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let from = 0; from + window <= whole.length; from += 1) {
    const cost =
      costOf(whole[from + window - 2] ?? 0) * 2 + costOf(whole[from + window - 1] ?? 0) * 2 + costOf(whole[from] ?? 0);
    if (cost < bestCost) [best, bestCost] = [from, cost];
  }
  return best;
}

function costOf(code: number): number {
  if (code === 0x20 || code === 0x65 || code === 0x74) return 6;
  if (code >= 0x61 && code <= 0x7a) return 4;
  if (code >= 0x41 && code <= 0x5a) return 2;
  return code >= 0x30 && code <= 0x39 ? 2 : 1;
}

function scan(
  bytes: Uint8Array,
  shifts: Uint8Array,
  buckets: ReadonlyMap<number, readonly Slice[]>,
  onHit: (at: number, anchor: number) => boolean,
): void {
  const { length } = bytes;
  let at = window - 1;
  while (at < length) {
    // In bounds: at >= 3 and at < length.
    const pair = (bytes[at - 1]! << 8) | bytes[at]!;
    const shift = shifts[pair]!;
    if (shift !== 0) {
      at += shift;
      continue;
    }
    for (const slice of buckets.get(pair) ?? []) {
      const from = at - window + 1 - slice.from;
      if (isAt(bytes, from, slice.whole) && !onHit(from, slice.anchor)) return;
    }
    at += 1;
  }
}

function isAt(bytes: Uint8Array, from: number, whole: Uint8Array): boolean {
  if (from < 0 || from + whole.length > bytes.length) return false;
  for (let at = 0; at < whole.length; at += 1) if (bytes[from + at] !== whole[at]) return false;
  return true;
}
