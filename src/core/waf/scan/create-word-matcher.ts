// Which word of a list stands first in a value, case ignored: what `pm` captures. For values that the prefilter named already.
import { foldByte } from "../regex/byte-set.ts";

export interface WordMatcher {
  /** The word (as the list has it) that ends first, the longest of those; undefined: none stands there. Time: bytes x longest word at worst. */
  find(value: string): { readonly index: number; readonly word: string } | undefined;
}

export function createWordMatcher(words: readonly string[]): WordMatcher {
  // Edges of the tree: node * 256 + byte. Node 0 is the root.
  const edges = new Map<number, number>();
  const wordOf: (string | undefined)[] = [undefined];
  for (const word of words) {
    if (word === "") continue;
    let node = 0;
    for (let at = 0; at < word.length; at++) {
      const key = node * 256 + foldByte(word.charCodeAt(at) & 255);
      let next = edges.get(key);
      if (next === undefined) {
        next = wordOf.push(undefined) - 1;
        edges.set(key, next);
      }
      node = next;
    }
    wordOf[node] ??= word;
  }
  return {
    find: (value) => {
      let best: { index: number; word: string } | undefined;
      let end = value.length;
      for (let from = 0; from < end; from++) {
        let node: number | undefined = 0;
        for (let at = from; at < end; at++) {
          node = edges.get(node * 256 + foldByte(value.charCodeAt(at) & 255));
          if (node === undefined) break;
          const word = wordOf[node];
          if (word === undefined) continue;
          best = { index: from, word };
          end = at;
          break;
        }
      }
      return best;
    },
  };
}
