// [...]: ranges, escapes, POSIX classes, to one byte set.
import {
  addByte,
  addRange,
  complement,
  emptySet,
  setOf,
  spaceSet,
  union,
  withBothCases,
  wordSet,
  type ByteSet,
} from "./byte-set.ts";
import { readEscape, type EscapePlace } from "./parse-escape.ts";
import { badPattern, peek, takeIf, type PatternReader } from "./pattern-reader.ts";

const posix: Readonly<Record<string, ByteSet>> = {
  alnum: setOf([48, 57], [65, 90], [97, 122]),
  alpha: setOf([65, 90], [97, 122]),
  ascii: setOf([0, 127]),
  blank: setOf([9, 9], [32, 32]),
  cntrl: setOf([0, 31], [127, 127]),
  digit: setOf([48, 57]),
  graph: setOf([33, 126]),
  lower: setOf([97, 122]),
  print: setOf([32, 126]),
  punct: setOf([33, 47], [58, 64], [91, 96], [123, 126]),
  space: spaceSet,
  upper: setOf([65, 90]),
  word: wordSet,
  xdigit: setOf([48, 57], [65, 70], [97, 102]),
};

function takePosix(reader: PatternReader): ByteSet | undefined {
  const found = /\[:(\^?)([a-z]+):\]/y;
  found.lastIndex = reader.at;
  const match = found.exec(reader.source);
  if (match === null) return undefined;
  const set = posix[match[2] ?? ""];
  if (set === undefined) throw badPattern(reader, `class [:${match[2]}:] is unknown`);
  reader.at += match[0].length;
  return match[1] === "^" ? complement(set) : set;
}

/** One member: a byte, or a set that cannot begin a range. */
function takeMember(reader: PatternReader, place: EscapePlace): number | ByteSet {
  if (peek(reader) === "[") {
    const set = takePosix(reader);
    if (set !== undefined) return set;
  }
  const char = peek(reader);
  reader.at += 1;
  if (char !== "\\") return char.charCodeAt(0) & 255;
  const escape = readEscape(reader, place);
  switch (escape.kind) {
    case "byte":
      return escape.byte;
    case "set":
      return escape.set;
    case "quoted": {
      const set = emptySet();
      for (let at = 0; at < escape.text.length; at++) addByte(set, escape.text.charCodeAt(at) & 255);
      return set;
    }
    case "assert":
    case "newline":
    case "back":
      throw badPattern(reader, "this escape has no meaning inside [...]");
  }
}

/** The set of a class; the reader is behind "[". */
export function parseClass(
  reader: PatternReader,
  groups: { readonly groupsBefore: number; readonly groupsAll: number },
  caseless: { readonly isCaseless: boolean },
): ByteSet {
  const start = reader.at - 1;
  const place: EscapePlace = { ...groups, isInClass: true };
  const isNegated = takeIf(reader, "^");
  let set = emptySet();
  for (let isFirst = true; isFirst || peek(reader) !== "]"; isFirst = false) {
    if (reader.at >= reader.source.length) throw badPattern(reader, "[ has no ]", start);
    const from = takeMember(reader, place);
    if (typeof from !== "number") {
      set = union(set, from);
      continue;
    }
    if (peek(reader) !== "-" || peek(reader, 1) === "]" || peek(reader, 1) === "") {
      addByte(set, from);
      continue;
    }
    const rangeAt = reader.at;
    reader.at += 1;
    const to = takeMember(reader, place);
    if (typeof to === "number") {
      if (to < from) throw badPattern(reader, "range in [...] is out of order", rangeAt);
      addRange(set, from, to);
    } else {
      addByte(set, from);
      addByte(set, 45);
      set = union(set, to);
    }
  }
  reader.at += 1;
  if (caseless.isCaseless) set = withBothCases(set);
  return isNegated ? complement(set) : set;
}
