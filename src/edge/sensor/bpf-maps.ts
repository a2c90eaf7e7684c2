// Maps of loaded kernel objects, from user space: sets of numbers, and counters per processor.
import { Fault } from "../../base/fault.ts";
import type { Libbpf } from "./libbpf.ts";

/** Sums of a per-processor array of u64 counters, one per index below `length`; 0 for what cannot be read. */
export function readCounters(libbpf: Libbpf, descriptor: number, length: number): readonly number[] {
  const processors = libbpf.possibleProcessors();
  const key = new Uint8Array(4);
  const values = new BigUint64Array(processors);
  const totals: number[] = [];
  for (let index = 0; index < length; index += 1) {
    new DataView(key.buffer).setUint32(0, index, true);
    const isRead = libbpf.readElement(descriptor, key, new Uint8Array(values.buffer)) === 0;
    totals.push(isRead ? Number(values.reduce((sum, value) => sum + value, 0n)) : 0);
  }
  return totals;
}

/** Makes a hash of u64 keys (value u32 1) hold exactly `wanted`. Throws the Fault `refused` describes when one does not fit. */
export function replaceNumbers(
  libbpf: Libbpf,
  descriptor: number,
  wanted: ReadonlySet<number>,
  refused: { readonly message: string; readonly hint: string },
): void {
  const keys = new Set([...wanted].map(BigInt));
  const one = new Uint8Array([1, 0, 0, 0]);
  for (const key of numbersIn(libbpf, descriptor)) {
    if (!keys.has(key)) libbpf.deleteElement(descriptor, keyBytes(key));
  }
  for (const key of keys) {
    if (libbpf.writeElement(descriptor, keyBytes(key), one) === 0) continue;
    throw new Fault(`${refused.message}: ${libbpf.lastError()}`, {
      code: "sensor/watch",
      kind: "limited",
      hint: refused.hint,
    });
  }
}

/** Sets the only element of an array of u32 to 1 or 0. Throws a Fault "sensor/watch" when the kernel refuses. */
export function writeSwitch(libbpf: Libbpf, descriptor: number, isOn: boolean): void {
  if (libbpf.writeElement(descriptor, new Uint8Array(4), new Uint8Array([isOn ? 1 : 0, 0, 0, 0])) === 0) return;
  throw new Fault(`cannot switch the kernel's programs: ${libbpf.lastError()}`, {
    code: "sensor/watch",
    kind: "unavailable",
  });
}

function numbersIn(libbpf: Libbpf, descriptor: number): readonly bigint[] {
  return keysOf(libbpf, descriptor, 8).map((key) => new DataView(key.buffer).getBigUint64(0, true));
}

/** All keys of a hash map, each `keyBytesCount` long; one that changes meanwhile may miss or repeat some. */
export function keysOf(libbpf: Libbpf, descriptor: number, keyBytesCount: number): readonly Uint8Array[] {
  const keys: Uint8Array[] = [];
  let previous: Uint8Array | null = null;
  for (;;) {
    const next = new Uint8Array(keyBytesCount);
    if (libbpf.nextKey(descriptor, previous, next) !== 0) return keys;
    keys.push(next);
    previous = next;
  }
}

function keyBytes(key: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(key).buffer);
}
