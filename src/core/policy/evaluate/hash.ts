// 32-bit hashes that stay the same in every process and release: rule ids, class ids, the generation of a policy set. Not for secrets.

/** FNV-1a over UTF-16 units with a final mix, so that texts which differ in the last letter differ everywhere. Unsigned. */
export function hashText(text: string, start = 0x811c9dc5): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mixed(hash);
}

/** Spreads all bits of a 32-bit number over all others (the finisher of MurmurHash3). Unsigned. */
export function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Of numbers in their order. Unsigned. */
export function hashNumbers(numbers: readonly number[], start = 0x811c9dc5): number {
  let hash = start;
  for (const number of numbers) hash = Math.imul(hash, 31) ^ mixed(number + 0x9e3779b9);
  return mixed(hash);
}

export function hexOf(hash: number): string {
  return hash.toString(16).padStart(8, "0");
}
