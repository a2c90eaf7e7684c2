// Many words in one pass over a value (Aho and Corasick, 1975), ASCII case folded. Children are lists, so that thousands of words take little memory.

export interface WordMatcher {
  /** The word whose end comes first in the value, as it stands there; the longest of those. Undefined: none. */
  find(value: string): string | undefined;
}

interface Trie {
  readonly byte: number[];
  readonly firstChild: number[];
  readonly sibling: number[];
  /** Length of the word that ends here, or of the longest that is a suffix; 0: none. */
  readonly ends: number[];
  readonly fail: number[];
}

/** Empty words are left out: they would match everything. */
export function createWordMatcher(words: readonly string[]): WordMatcher {
  const trie: Trie = { byte: [0], firstChild: [0], sibling: [0], ends: [0], fail: [0] };
  for (const word of words) if (word !== "") insert(trie, word);
  link(trie);
  const byte = Uint8Array.from(trie.byte);
  const firstChild = Int32Array.from(trie.firstChild);
  const sibling = Int32Array.from(trie.sibling);
  const ends = Int32Array.from(trie.ends);
  const fail = Int32Array.from(trie.fail);
  const roots = new Int32Array(256);
  for (let child = firstChild[0] ?? 0; child !== 0; child = sibling[child] ?? 0) roots[byte[child] ?? 0] = child;

  const find = (value: string): string | undefined => {
    let state = 0;
    for (let index = 0; index < value.length; index += 1) {
      const wanted = fold(value.charCodeAt(index) & 255);
      for (;;) {
        let next = state === 0 ? (roots[wanted] ?? 0) : (firstChild[state] ?? 0);
        if (state !== 0) while (next !== 0 && byte[next] !== wanted) next = sibling[next] ?? 0;
        if (next !== 0 || state === 0) {
          state = next;
          break;
        }
        state = fail[state] ?? 0;
      }
      const length = ends[state] ?? 0;
      if (length > 0) return value.slice(index + 1 - length, index + 1);
    }
    return undefined;
  };
  return { find };
}

function fold(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 32 : code;
}

function childOf(trie: Trie, state: number, byte: number): number {
  let child = trie.firstChild[state] ?? 0;
  while (child !== 0 && trie.byte[child] !== byte) child = trie.sibling[child] ?? 0;
  return child;
}

function insert(trie: Trie, word: string): void {
  let state = 0;
  for (let index = 0; index < word.length; index += 1) {
    const byte = fold(word.charCodeAt(index) & 255);
    const known = childOf(trie, state, byte);
    if (known !== 0) {
      state = known;
      continue;
    }
    const made = trie.byte.push(byte) - 1;
    trie.firstChild.push(0);
    trie.sibling.push(trie.firstChild[state] ?? 0);
    trie.ends.push(0);
    trie.fail.push(0);
    trie.firstChild[state] = made;
    state = made;
  }
  trie.ends[state] = word.length;
}

/** Breadth first: where to go on when a state has no child for a byte. */
function link(trie: Trie): void {
  const queue: number[] = [0];
  for (const state of queue) {
    for (let child = trie.firstChild[state] ?? 0; child !== 0; child = trie.sibling[child] ?? 0) {
      queue.push(child);
      if (state === 0) continue;
      const byte = trie.byte[child] ?? 0;
      let back = trie.fail[state] ?? 0;
      while (back !== 0 && childOf(trie, back, byte) === 0) back = trie.fail[back] ?? 0;
      const target = childOf(trie, back, byte);
      trie.fail[child] = target;
      if ((trie.ends[child] ?? 0) === 0) trie.ends[child] = trie.ends[target] ?? 0;
    }
  }
}
