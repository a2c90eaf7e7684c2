// Which things each selector selects, as one bit per thing, kept up to date: a changed label looks only at the selectors that it may change.
// A selector is remembered by id and kinds; what nobody uses any more is forgotten when the policies change.
import type { Selector } from "../selector/selector.ts";
import { clearBit, createBits, grownBits, hasBit, setBit, type Bits } from "./bits.ts";
import { createLabelPostings } from "./label-postings.ts";
import type { LabelMap } from "./labels.ts";
import { keysOf, matcherOf, requiredValues, type LabelTest } from "./selector-parts.ts";
import { createMembers, fillMembers, growMembers, setMember, type Members } from "./members.ts";
import { kindBits, type Row, type RowTable } from "./rows.ts";

export interface SelectorEntry {
  readonly selector: Selector;
  readonly kinds: number;
  readonly test: LabelTest;
  /** From 0; anew with each `setWanted`. */
  number: number;
  /** By slot. Replaced when the table grows. */
  bits: Bits;
  /** Positions of the policies whose own selector it is, ascending. */
  policies: readonly number[];
}

export interface WantedSelector {
  readonly selector: Selector;
  readonly kinds: number;
}

type OnFlip = (entry: SelectorEntry, row: Row, isMember: boolean) => void;

export interface SelectorIndex {
  /** Remembers exactly these (and keeps what it knew of them). */
  setWanted(wanted: readonly WantedSelector[]): void;
  /** A wanted one. */
  get(selector: Selector, kinds: number): SelectorEntry | undefined;
  all(): Iterable<SelectorEntry>;
  /** The same bits by row; always this object. */
  readonly members: Members;
  /** For all rows anew. */
  rebuild(): void;
  add(row: Row, onFlip: OnFlip): void;
  remove(row: Row): void;
  /** `row.labels` are the new ones. */
  relabel(row: Row, before: LabelMap, onFlip: OnFlip): void;
  grow(capacity: number): void;
}

/** Above so many new selectors an inverted index of labels is made for the occasion; below, all rows are looked at. */
const scannedMax = 8;

type ByValue = Map<string, Map<string, SelectorEntry[]>>;

export function createSelectorIndex(rows: RowTable): SelectorIndex {
  let entries = new Map<string, SelectorEntry>();
  const routes = createRoutes();
  const members = createMembers();

  const test = (entry: SelectorEntry, row: Row, onFlip: OnFlip) => {
    const isMember = selects(entry, row);
    if (hasBit(entry.bits, row.slot) === isMember) return;
    if (isMember) setBit(entry.bits, row.slot);
    else clearBit(entry.bits, row.slot);
    setMember(members, { slot: row.slot, number: entry.number }, isMember);
    onFlip(entry, row, isMember);
  };

  return {
    setWanted(wanted) {
      const before = entries;
      entries = new Map();
      const fresh: SelectorEntry[] = [];
      for (const { selector, kinds } of wanted) {
        const key = keyOf(selector, kinds);
        if (entries.has(key)) continue;
        const known = before.get(key);
        const entry = known ?? {
          selector,
          kinds,
          test: matcherOf(selector.node),
          number: 0,
          bits: createBits(0),
          policies: [],
        };
        entry.policies = [];
        entry.number = entries.size;
        entries.set(key, entry);
        if (known === undefined) fresh.push(entry);
      }
      fillBits(rows, fresh);
      fillMembers(members, [...entries.values()], rows.capacity);
      routes.set(entries.values());
    },
    get: (selector, kinds) => entries.get(keyOf(selector, kinds)),
    all: () => entries.values(),
    members,
    rebuild() {
      const list = [...entries.values()];
      fillBits(rows, list);
      fillMembers(members, list, rows.capacity);
    },
    add(row, onFlip) {
      routes.eachForLabels(row.labels, (entry) => test(entry, row, onFlip));
    },
    remove(row) {
      routes.eachForLabels(row.labels, (entry) => {
        clearBit(entry.bits, row.slot);
        setMember(members, { slot: row.slot, number: entry.number }, false);
      });
    },
    relabel(row, before, onFlip) {
      routes.eachForChange(before, row.labels, (entry) => test(entry, row, onFlip));
    },
    grow(capacity) {
      for (const entry of entries.values()) entry.bits = grownBits(entry.bits, capacity);
      growMembers(members, capacity);
    },
  };
}

function fillBits(rows: RowTable, list: readonly SelectorEntry[]): void {
  for (const entry of list) entry.bits = createBits(rows.capacity);
  if (list.length <= scannedMax) {
    for (const row of rows.all()) {
      for (const entry of list) if (selects(entry, row)) setBit(entry.bits, row.slot);
    }
    return;
  }
  const postings = createLabelPostings(rows, new Set(list.flatMap((entry) => keysOf(entry.selector.node))));
  for (const entry of list) entry.bits = postings.bitsOf(entry.selector.node, entry.kinds);
}

function keyOf(selector: Selector, kinds: number): string {
  return `${kinds}${selector.id}`;
}

function selects(entry: SelectorEntry, row: Row): boolean {
  return (entry.kinds & kindBits[row.kind]) !== 0 && entry.test(row.labels);
}

/** From labels to the selectors that may care for them. */
interface Routes {
  set(entries: Iterable<SelectorEntry>): void;
  eachForLabels(labels: LabelMap, call: (entry: SelectorEntry) => void): void;
  eachForChange(before: LabelMap, after: LabelMap, call: (entry: SelectorEntry) => void): void;
}

function createRoutes(): Routes {
  /** By each value that a selector requires of a key: other values of this key leave it false. */
  const byValue: ByValue = new Map();
  /** By keys whose every change may matter. */
  const byKey = new Map<string, SelectorEntry[]>();
  /** Each selector once, by the values of one key that it requires. */
  const first: ByValue = new Map();
  let unrequired: SelectorEntry[] = [];

  const route = (entry: SelectorEntry) => {
    const required = requiredValues(entry.selector.node);
    for (const [key, values] of required) for (const value of values) put(byValue, key, value, entry);
    for (const key of new Set(keysOf(entry.selector.node))) {
      if (required.has(key)) continue;
      const list = byKey.get(key);
      if (list === undefined) byKey.set(key, [entry]);
      else list.push(entry);
    }
    const best = [...required].sort(([, a], [, b]) => a.length - b.length)[0];
    if (best === undefined) unrequired.push(entry);
    else for (const value of best[1]) put(first, best[0], value, entry);
  };

  return {
    set(entries) {
      byValue.clear();
      byKey.clear();
      first.clear();
      unrequired = [];
      for (const entry of entries) route(entry);
    },
    eachForLabels(labels, call) {
      for (const [key, value] of labels) for (const entry of first.get(key)?.get(value) ?? []) call(entry);
      for (const entry of unrequired) call(entry);
    },
    eachForChange(before, after, call) {
      const changed = (key: string, from: string | undefined, to: string | undefined) => {
        const values = byValue.get(key);
        if (values !== undefined && from !== undefined) for (const entry of values.get(from) ?? []) call(entry);
        if (values !== undefined && to !== undefined) for (const entry of values.get(to) ?? []) call(entry);
        for (const entry of byKey.get(key) ?? []) call(entry);
      };
      for (const [key, value] of before) {
        const now = after.get(key);
        if (now !== value) changed(key, value, now);
      }
      for (const [key, value] of after) if (!before.has(key)) changed(key, undefined, value);
    },
  };
}

function put(map: ByValue, key: string, value: string, entry: SelectorEntry): void {
  let values = map.get(key);
  if (values === undefined) map.set(key, (values = new Map()));
  const list = values.get(value);
  if (list === undefined) values.set(value, [entry]);
  else list.push(entry);
}
