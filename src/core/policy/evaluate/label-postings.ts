// An inverted index of labels, made when many selectors are to be answered at once and thrown away afterwards.
import { valueMatches, type LabelNode } from "../selector/matches.ts";
import type { SelectorNode } from "../selector/selector.ts";
import { andInto, createBits, invert, orInto, setBit, type Bits } from "./bits.ts";
import { kindBits, type RowTable } from "./rows.ts";

export interface LabelPostings {
  /** The rows of these kinds that the tree selects. */
  bitsOf(node: SelectorNode, kinds: number): Bits;
}

/** `keys`: of which labels it shall know; others are taken for missing. */
export function createLabelPostings(rows: RowTable, keys: ReadonlySet<string>): LabelPostings {
  const { capacity } = rows;
  const slotsByKey = new Map<string, Map<string, number[]>>();
  for (const key of keys) slotsByKey.set(key, new Map());
  const slotsByKind = new Map<number, number[]>();
  for (const row of rows.all()) {
    addTo(slotsByKind, kindBits[row.kind], row.slot);
    for (const [key, value] of row.labels) {
      const values = slotsByKey.get(key);
      if (values !== undefined) addTo(values, value, row.slot);
    }
  }
  const ofSlots = (lists: Iterable<readonly number[]>) => {
    const bits = createBits(capacity);
    for (const list of lists) for (const slot of list) setBit(bits, slot);
    return bits;
  };
  const ofKinds = remembered((kinds: number) =>
    ofSlots([...slotsByKind].flatMap(([kind, slots]) => ((kind & kinds) === 0 ? [] : [slots]))),
  );

  const ofLabel = (node: LabelNode) => {
    const lists: (readonly number[])[] = [];
    const values = slotsByKey.get(node.key) ?? new Map<string, number[]>();
    // What a missing label says, and what the others say differently.
    const isMissing = valueMatches(node, undefined);
    if (node.op === "eq" || node.op === "ne") lists.push(values.get(node.value) ?? []);
    else if (node.op === "in" || node.op === "not-in")
      for (const value of node.values) lists.push(values.get(value) ?? []);
    else for (const [value, slots] of values) if (valueMatches(node, value)) lists.push(slots);
    const bits = ofSlots(lists);
    if (isMissing) invert(bits);
    return bits;
  };

  const leaves = new Map<string, Bits>();
  /** The result may be shared: it is copied before it is changed. */
  const shared = (node: SelectorNode): Bits => {
    if (node.op !== "eq" && node.op !== "has") return fresh(node);
    const name = node.op === "eq" ? `${node.key}=${node.value}` : node.key;
    const known = leaves.get(name);
    if (known !== undefined) return known;
    const bits = ofLabel(node);
    leaves.set(name, bits);
    return bits;
  };
  const fresh = (node: SelectorNode): Bits => {
    if (node.op === "all" || node.op === "not") {
      const bits = node.op === "all" ? createBits(capacity) : fresh(node.node);
      invert(bits);
      return bits;
    }
    if (!("nodes" in node)) return ofLabel(node);
    const join = node.op === "and" ? andInto : orInto;
    let bits: Bits | undefined;
    for (const part of node.nodes) {
      if (bits === undefined) bits = shared(part).slice();
      else join(bits, shared(part));
    }
    return bits ?? createBits(capacity);
  };

  return {
    bitsOf(node, kinds) {
      const bits = shared(node).slice();
      andInto(bits, ofKinds(kinds));
      return bits;
    },
  };
}

function addTo<Key>(map: Map<Key, number[]>, key: Key, slot: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [slot]);
  else list.push(slot);
}

function remembered<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}
