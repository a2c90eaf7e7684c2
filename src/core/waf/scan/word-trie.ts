// Words as a sparse tree over folded bytes: the cold half of the scan, walked only where a word's first bytes stand already.

export interface WordTrie {
  /** Edges of node n: from edgeAt[n] to edgeAt[n + 1]. */
  readonly edgeAt: Int32Array;
  readonly edgeByte: Uint8Array;
  readonly edgeTo: Int32Array;
  /** Labels that end at node n: from labelAt[n] to labelAt[n + 1] of `labels`. */
  readonly labelAt: Int32Array;
  readonly labels: Int32Array;
}

interface BuildNode {
  readonly children: Map<number, number>;
  readonly labels: Set<number>;
}

export interface TrieBuilder {
  /** A new root; its number. */
  root(): number;
  add(root: number, word: string, from: number, label: number): void;
  finish(): WordTrie;
}

export function createTrieBuilder(): TrieBuilder {
  const nodes: BuildNode[] = [];
  function make(): number {
    nodes.push({ children: new Map(), labels: new Set() });
    return nodes.length - 1;
  }
  return {
    root: make,
    add: (root, word, from, label) => {
      let at = root;
      for (let place = from; place < word.length; place++) {
        const children = nodes[at]?.children;
        const byte = word.charCodeAt(place);
        let next = children?.get(byte);
        if (next === undefined) {
          next = make();
          children?.set(byte, next);
        }
        at = next;
      }
      nodes[at]?.labels.add(label);
    },
    finish: () => flatten(nodes),
  };
}

function flatten(nodes: readonly BuildNode[]): WordTrie {
  const edgeAt = new Int32Array(nodes.length + 1);
  const labelAt = new Int32Array(nodes.length + 1);
  const edgeByte: number[] = [];
  const edgeTo: number[] = [];
  const labels: number[] = [];
  for (const [at, node] of nodes.entries()) {
    for (const [byte, to] of node.children) {
      edgeByte.push(byte);
      edgeTo.push(to);
    }
    labels.push(...node.labels);
    edgeAt[at + 1] = edgeByte.length;
    labelAt[at + 1] = labels.length;
  }
  return {
    edgeAt,
    edgeByte: Uint8Array.from(edgeByte),
    edgeTo: Int32Array.from(edgeTo),
    labelAt,
    labels: Int32Array.from(labels),
  };
}
