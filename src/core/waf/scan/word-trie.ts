// Words as a sparse tree over folded bytes: the cold half of the scan, walked only where a word's first bytes stand already. Built in flat, growing arrays.

export interface WordTrie {
  /** Edges of node n: from edgeAt[n] to edgeAt[n + 1]. */
  readonly edgeAt: Int32Array;
  readonly edgeByte: Uint8Array;
  readonly edgeTo: Int32Array;
  /** Labels that end at node n: from labelAt[n] to labelAt[n + 1] of `labels`. */
  readonly labelAt: Int32Array;
  readonly labels: Int32Array;
}

export interface TrieBuilder {
  /** A new root; its number. */
  root(): number;
  /** Adds the bytes of `word` from `from` on under a root. */
  add(root: number, word: string, from: number, label: number): void;
  finish(): WordTrie;
}

/** Numbers that grow, four of them per item. */
function grown(array: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  if (needed <= array.length) return array;
  const larger = new Int32Array(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
}

/** Labels as linked lists: a head per owner (0: none), then (label, next) pairs from 1 on. */
export interface LabelLists {
  head(owner: number): number;
  /** Adds unless it is there. */
  add(owner: number, label: number): void;
  labelAt(link: number): number;
  next(link: number): number;
}

export function createLabelLists(): LabelLists {
  let heads = new Int32Array(1024);
  let links = new Int32Array(1024);
  let count = 1;
  function has(owner: number, label: number): boolean {
    for (let link = heads[owner] ?? 0; link !== 0; link = links[link * 2 + 1] as number)
      if (links[link * 2] === label) return true;
    return false;
  }
  return {
    head: (owner) => heads[owner] ?? 0,
    add: (owner, label) => {
      if (has(owner, label)) return;
      heads = grown(heads, owner + 1);
      links = grown(links, count * 2 + 2);
      links[count * 2] = label;
      links[count * 2 + 1] = heads[owner] as number;
      heads[owner] = count++;
    },
    labelAt: (link) => links[link * 2] as number,
    next: (link) => links[link * 2 + 1] as number,
  };
}

export function createTrieBuilder(): TrieBuilder {
  /** Per node: first child, next sibling, byte. A child's number is never 0: node 0 is left unused. */
  let nodes = new Int32Array(3 * 1024);
  let count = 1;
  const labels = createLabelLists();

  function make(byte: number, sibling: number): number {
    nodes = grown(nodes, (count + 1) * 3);
    nodes[count * 3 + 1] = sibling;
    nodes[count * 3 + 2] = byte;
    return count++;
  }

  function child(node: number, byte: number): number {
    const first = nodes[node * 3] as number;
    for (let at = first; at !== 0; at = nodes[at * 3 + 1] as number) if (nodes[at * 3 + 2] === byte) return at;
    const made = make(byte, first);
    nodes[node * 3] = made;
    return made;
  }

  return {
    root: () => make(0, 0),
    add: (root, word, from, label) => {
      let at = root;
      for (let place = from; place < word.length; place++) at = child(at, word.charCodeAt(place) & 255);
      labels.add(at, label);
    },
    finish: () => flatten(nodes, count, labels),
  };
}

function flatten(nodes: Int32Array, count: number, lists: LabelLists): WordTrie {
  const edgeAt = new Int32Array(count + 1);
  const labelAt = new Int32Array(count + 1);
  const edgeByte = new Uint8Array(count);
  const edgeTo = new Int32Array(count);
  const labels: number[] = [];
  let edges = 0;
  for (let node = 0; node < count; node++) {
    for (let at = nodes[node * 3] as number; at !== 0; at = nodes[at * 3 + 1] as number) {
      edgeByte[edges] = nodes[at * 3 + 2] as number;
      edgeTo[edges++] = at;
    }
    for (let link = lists.head(node); link !== 0; link = lists.next(link)) labels.push(lists.labelAt(link));
    edgeAt[node + 1] = edges;
    labelAt[node + 1] = labels.length;
  }
  return { edgeAt, edgeByte, edgeTo, labelAt, labels: Int32Array.from(labels) };
}
