// Of an exec's environment the variables that some rule asks for, and nothing else: what is not asked for is passed over as bytes, no string is ever made of it.

export const environmentLimits = {
  /** Names beyond these are not looked for; `askEnvironment` says how many. */
  namesMax: 256,
  /** Of a name, in bytes. */
  nameBytesMax: 128,
  /** Of /proc/PID/environ, where the kernel's copy was cut. */
  procBytesMax: 65_536,
} as const;

/** Names as they are compared: lower case bytes, by their length. */
export interface AskedNames {
  readonly byLength: ReadonlyMap<number, readonly Uint8Array[]>;
  readonly leftOut: number;
}

/** Undefined when nothing is asked for. Upper and lower case are the same: HTTP_PROXY asks for http_proxy, too. */
export function askedNames(names: ReadonlySet<string>): AskedNames | undefined {
  const whole = new Set([...names].map((name) => name.toLowerCase()));
  const kept = [...whole].filter((name) => /^[\x21-\x3c\x3e-\x7e]+$/.test(name) && name.length <= limits.nameBytesMax);
  const byLength = new Map<number, Uint8Array[]>();
  for (const name of kept.slice(0, limits.namesMax)) {
    const bytes = new TextEncoder().encode(name);
    byLength.set(bytes.length, [...(byLength.get(bytes.length) ?? []), bytes]);
  }
  const leftOut = whole.size - Math.min(kept.length, limits.namesMax);
  return byLength.size === 0 ? undefined : { byLength, leftOut };
}

const limits = environmentLimits;
const equals = 0x3d;

/** "NAME=value" of the asked ones in bytes `from` to `end`: variables that each end in NUL, as the kernel keeps them. */
export function takeAsked(bytes: Buffer, from: number, end: number, asked: AskedNames): readonly string[] {
  const found: string[] = [];
  for (let at = from; at < end;) {
    const sign = bytes.indexOf(equals, at);
    if (sign === -1 || sign >= end) break;
    const zero = bytes.indexOf(0, at);
    const stop = zero === -1 || zero > end ? end : zero;
    if (sign < stop && isAsked(bytes, at, sign - at, asked)) found.push(bytes.toString("utf8", at, stop));
    at = stop + 1;
  }
  return found;
}

function isAsked(bytes: Buffer, at: number, length: number, { byLength }: AskedNames): boolean {
  for (const name of byLength.get(length) ?? []) {
    let index = 0;
    while (index < length && lower(bytes[at + index] ?? 0) === name[index]) index += 1;
    if (index === length) return true;
  }
  return false;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
