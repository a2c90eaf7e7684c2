// Strings that repeat in nearly every event (process names, addresses), made once and found again by their bytes.
// Direct-mapped tables of a fixed size: a collision only costs making the string again.
import type { ProcessKey } from "../../core/sense/sensor.ts";

const addressSlots = 4096;
const processSlots = 4096;

interface AddressSlot {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly text: string;
}

interface ProcessSlot {
  readonly pid: number;
  readonly startLow: number;
  readonly startHigh: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly process: ProcessKey;
  readonly comm: string;
}

export interface ProcessText {
  readonly process: ProcessKey;
  readonly comm: string;
}

export interface TextCache {
  /** The address in the 16 bytes at word index `at`; IPv4-mapped ones as IPv4. */
  address(words: Uint32Array, at: number): string;
  /** The process at word indices: pid, start (two words, nanoseconds since boot), name (four words). */
  process(
    words: Uint32Array,
    at: { readonly pid: number; readonly start: number; readonly comm: number },
    base: number,
  ): ProcessText;
}

const MAPPED = 0xffff_0000;
const nanosecondsPerTick = 1e7;

/** Start time in milliseconds as /proc shows it (whole ticks of 10 ms), so that keys from the kernel and from /proc are equal. */
export function startMsOf(nanoseconds: number): number {
  return Math.floor(nanoseconds / nanosecondsPerTick) * 10;
}

export function createTextCache(): TextCache {
  const addresses: (AddressSlot | undefined)[] = Array.from({ length: addressSlots });
  const processes: (ProcessSlot | undefined)[] = Array.from({ length: processSlots });
  return {
    address(words, at) {
      const a = words[at] ?? 0;
      const b = words[at + 1] ?? 0;
      const c = words[at + 2] ?? 0;
      const d = words[at + 3] ?? 0;
      const slot = (d ^ (d >>> 13) ^ (d >>> 20) ^ b ^ (c === MAPPED ? 0 : c)) & (addressSlots - 1);
      const known = addresses[slot];
      if (known !== undefined && known.d === d && known.c === c && known.b === b && known.a === a) return known.text;
      const text = addressText(a, b, c, d);
      addresses[slot] = { a, b, c, d, text };
      return text;
    },
    process(words, at, base) {
      const pid = words[base + at.pid] ?? 0;
      const startLow = words[base + at.start] ?? 0;
      const startHigh = words[base + at.start + 1] ?? 0;
      const comm = base + at.comm;
      const a = words[comm] ?? 0;
      const b = words[comm + 1] ?? 0;
      const c = words[comm + 2] ?? 0;
      const d = words[comm + 3] ?? 0;
      const slot = pid & (processSlots - 1);
      const known = processes[slot];
      if (
        known !== undefined &&
        known.pid === pid &&
        known.startLow === startLow &&
        known.startHigh === startHigh &&
        known.a === a &&
        known.b === b &&
        known.c === c &&
        known.d === d
      ) {
        return known;
      }
      const process = { pid, startMs: startMsOf(startHigh * 4294967296 + startLow) };
      const made = { pid, startLow, startHigh, a, b, c, d, process, comm: commText(a, b, c, d) };
      processes[slot] = made;
      return made;
    },
  };
}

function commText(...parts: readonly number[]): string {
  const bytes = Buffer.from(Uint32Array.from(parts).buffer);
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
}

/** RFC 5952 text of four little-endian words as they lie in memory. */
export function addressText(a: number, b: number, c: number, d: number): string {
  if (a === 0 && b === 0 && c === MAPPED) return `${d & 255}.${(d >>> 8) & 255}.${(d >>> 16) & 255}.${d >>> 24}`;
  const groups: number[] = [];
  for (const word of [a, b, c, d]) {
    groups.push(((word & 255) << 8) | ((word >>> 8) & 255), ((word >>> 8) & 0xff00) | (word >>> 24));
  }
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(":");
  return `${hex.slice(0, run.start).join(":")}::${hex.slice(run.start + run.length).join(":")}`;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index += 1) {
    if (index < groups.length && groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}
