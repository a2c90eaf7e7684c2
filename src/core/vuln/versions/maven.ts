// Maven's order (ComparableVersion of Maven 4, which agrees with 3.9): numbers and qualifiers in nested lists, a hyphen or a change between digits and letters opens a
// list, zeros before a qualifier do not count, "X1" and "X-1" are one item.
import { compareDigits, compareText, isDigit } from "./digits.ts";

interface NumberItem {
  readonly kind: "number";
  readonly digits: string;
}
interface WordItem {
  readonly kind: "word";
  readonly word: string;
}
/** A qualifier with its number: "rc1". */
interface PairItem {
  readonly kind: "pair";
  readonly word: string;
  readonly digits: string;
}
interface ListItem {
  readonly kind: "list";
  items: Item[];
}
type Item = NumberItem | WordItem | PairItem | ListItem;

/** Longer ones have no order: lists nest as deep as the text is long. */
const lengthMax = 512;

const ranks = new Map<string, number>(
  ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"].map((word, index) => [word, index]),
);
for (const word of ["ga", "final", "release"]) ranks.set(word, 5);
const release = 5;
const unknown = 7;

function wordOf(text: string, isBeforeDigit: boolean): string {
  if (isBeforeDigit && text === "a") return "alpha";
  if (isBeforeDigit && text === "b") return "beta";
  if (isBeforeDigit && text === "m") return "milestone";
  return text === "cr" ? "rc" : text;
}

function rankOf(word: string): number {
  return ranks.get(word) ?? unknown;
}

function compareWords(left: string, right: string): number {
  const differs = rankOf(left) - rankOf(right);
  return differs === 0 && rankOf(left) === unknown ? compareText(left, right) : differs;
}

function pairOf(text: string): PairItem {
  const compact = text.replaceAll("-", "");
  let at = 0;
  while (at < compact.length && !isDigit(compact.charCodeAt(at))) at++;
  return { kind: "pair", word: wordOf(compact.slice(0, at), true), digits: compact.slice(at) };
}

const zero: NumberItem = { kind: "number", digits: "0" };

/** The state of a walk over one version. */
interface Walk {
  readonly text: string;
  readonly lists: ListItem[];
  list: ListItem;
  start: number;
  isNumber: boolean;
  isPair: boolean;
}

function take(walk: Walk, end: number): void {
  const text = walk.text.slice(walk.start, end);
  if (walk.isPair) walk.list.items.push(pairOf(text));
  else if (walk.isNumber) walk.list.items.push({ kind: "number", digits: text });
  else walk.list.items.push({ kind: "word", word: wordOf(text, false) });
}

function open(walk: Walk): void {
  const list: ListItem = { kind: "list", items: [] };
  walk.list.items.push(list);
  walk.lists.push(list);
  walk.list = list;
}

function separate(walk: Walk, at: number): void {
  const isHyphen = walk.text[at] === "-";
  if (at === walk.start) walk.list.items.push(zero);
  else {
    const isJoined = isHyphen && !walk.isNumber && isDigit(walk.text.charCodeAt(at + 1));
    if (isJoined) {
      walk.isPair = true;
      return;
    }
    take(walk, at);
  }
  walk.start = at + 1;
  if (isHyphen && walk.list.items.length > 0) open(walk);
  walk.isPair = false;
}

function step(walk: Walk, at: number): void {
  const code = walk.text.charCodeAt(at);
  if (code === 46 || code === 45) {
    return separate(walk, at);
  }
  if (isDigit(code)) {
    if (!walk.isNumber && at > walk.start) {
      walk.isPair = true;
      if (walk.list.items.length > 0) open(walk);
    }
    walk.isNumber = true;
    return;
  }
  if (walk.isNumber && at > walk.start) {
    take(walk, at);
    walk.start = at;
    open(walk);
    walk.isPair = false;
  }
  walk.isNumber = false;
}

function parse(given: string): ListItem | undefined {
  const text = given.trim().toLowerCase();
  if (text === "" || text.length > lengthMax) return undefined;
  const root: ListItem = { kind: "list", items: [] };
  const walk: Walk = { text, lists: [root], list: root, start: 0, isNumber: false, isPair: false };
  for (let at = 0; at < text.length; at++) step(walk, at);
  if (text.length > walk.start) {
    if (!walk.isNumber && walk.list.items.length > 0) open(walk);
    take(walk, text.length);
  }
  for (let index = walk.lists.length - 1; index >= 0; index--) normalize(walk.lists[index] as ListItem);
  return root;
}

function isNothing(item: Item): boolean {
  switch (item.kind) {
    case "number":
      return compareDigits(item.digits, "0") === 0;
    case "word":
      return item.word === "";
    case "pair":
      return false;
    case "list":
      return item.items.length === 0;
  }
}

function beginsWithWord(item: Item | undefined): boolean {
  if (item === undefined) return true;
  if (item.kind === "word") return true;
  if (item.kind !== "list") return false;
  const first = item.items[0];
  return first !== undefined && (first.kind === "word" || first.kind === "pair");
}

function normalize(list: ListItem): void {
  for (let index = list.items.length - 1; index >= 0; index--) {
    if (isNothing(list.items[index] as Item) && beginsWithWord(list.items[index + 1])) list.items.splice(index, 1);
  }
  const only = list.items[0];
  if (list.items.length === 1 && only?.kind === "list") list.items = only.items;
}

/** An item against nothing. */
function compareNothing(item: Item): number {
  switch (item.kind) {
    case "number":
      return compareDigits(item.digits, "0");
    case "word":
      return rankOf(item.word) - release;
    case "pair": {
      const word = rankOf(item.word) - release;
      return word === 0 ? compareDigits(item.digits, "0") : word;
    }
    case "list": {
      for (const inner of item.items) {
        const differs = compareNothing(inner);
        if (differs !== 0) return differs;
      }
      return 0;
    }
  }
}

function compareWordAndPair(left: WordItem, right: PairItem): number {
  const words = compareWords(left.word, right.word);
  if (words !== 0) return words;
  return rankOf(left.word) === release ? -compareDigits(right.digits, "0") : -1;
}

function compareScalars(left: NumberItem | WordItem | PairItem, right: NumberItem | WordItem | PairItem): number {
  if (left.kind === "number") return right.kind === "number" ? compareDigits(left.digits, right.digits) : 1;
  if (right.kind === "number") return -1;
  if (left.kind === "word")
    return right.kind === "word" ? compareWords(left.word, right.word) : compareWordAndPair(left, right);
  if (right.kind === "word") return -compareWordAndPair(right, left);
  const words = compareWords(left.word, right.word);
  return words === 0 ? compareDigits(left.digits, right.digits) : words;
}

function compareListAndScalar(left: ListItem, right: NumberItem | WordItem | PairItem): number {
  if (right.kind === "number") return -1;
  const first = left.items[0];
  if (first === undefined) return -compareNothing(right);
  let differs = compareItems(first, right);
  for (let index = 1; differs === 0 && index < left.items.length; index++)
    differs = compareNothing(left.items[index] as Item);
  return differs;
}

function compareItems(left: Item, right: Item): number {
  if (left.kind === "list")
    return right.kind === "list" ? compareLists(left, right) : compareListAndScalar(left, right);
  if (right.kind === "list") return -compareListAndScalar(right, left);
  return compareScalars(left, right);
}

function compareLists(left: ListItem, right: ListItem): number {
  const count = Math.max(left.items.length, right.items.length);
  for (let index = 0; index < count; index++) {
    const one = left.items[index];
    const other = right.items[index];
    let differs = 0;
    if (one !== undefined) differs = other === undefined ? compareNothing(one) : compareItems(one, other);
    else if (other !== undefined) differs = -compareNothing(other);
    if (differs !== 0) return differs;
  }
  return 0;
}

/** Negative, zero or positive; undefined when one is empty or longer than 512 characters. */
export function compareMaven(leftText: string, rightText: string): number | undefined {
  const left = parse(leftText);
  const right = parse(rightText);
  if (left === undefined || right === undefined) return undefined;
  return compareLists(left, right);
}
