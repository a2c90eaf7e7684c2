// System calls by number and name, of the architectures that nodes have. A number without a name is kept as a number by whoever asks.
import { armNumbers, x86Numbers, type SystemCallRange } from "./data/system-call-numbers.ts";

export const architectures = ["x86_64", "aarch64"] as const;
/** As uname(2) says it. */
export type Architecture = (typeof architectures)[number];

/** Numbers below this are told by the kernel's side; one more needs a wider bitmap there. */
export const systemCallNumbersMax = 512;

function tableOf(ranges: readonly SystemCallRange[]): readonly (string | undefined)[] {
  const table: (string | undefined)[] = [];
  for (const [first, names] of ranges)
    for (const [index, name] of names.split(/\s+/).entries()) table[first + index] = name;
  return table;
}

const tables: Readonly<Record<Architecture, readonly (string | undefined)[]>> = {
  x86_64: tableOf(x86Numbers),
  aarch64: tableOf(armNumbers),
};

const known = new Set(architectures.flatMap((architecture) => systemCallNames(architecture)));

export function isArchitecture(text: string): text is Architecture {
  return architectures.some((one) => one === text);
}

/** "openat" of 257 on x86_64; undefined for a number that our table does not name (it is newer). */
export function systemCallName(architecture: Architecture, number: number): string | undefined {
  return tables[architecture][number];
}

/** All that are known, by number. */
export function systemCallNames(architecture: Architecture): readonly string[] {
  return tables[architecture].filter((name) => name !== undefined);
}

export function isSystemCall(name: string): boolean {
  return known.has(name);
}

/** Names and unnamed numbers of a bitmap: bit N of byte N / 8 stands for call N. */
export function systemCallsOf(
  architecture: Architecture,
  bitmap: Uint8Array,
): { readonly names: readonly string[]; readonly unnamed: readonly number[] } {
  const names: string[] = [];
  const unnamed: number[] = [];
  for (let number = 0; number < bitmap.length * 8; number += 1) {
    if (((bitmap[number >> 3] ?? 0) & (1 << (number & 7))) === 0) continue;
    const name = systemCallName(architecture, number);
    if (name === undefined) unnamed.push(number);
    else names.push(name);
  }
  return { names: names.toSorted(), unnamed };
}
