// Text of a regular expression to its tree: the syntax that PCRE and RE2 share, read as bytes; look-around, back-references and atomic groups too.
// Refuses with Fault "waf/bad-pattern" and the place.
import { fullSet, noNewlineSet, oneByteSet, oneLetterSet, setOf, type ByteSet } from "./byte-set.ts";
import { parseClass } from "./parse-class.ts";
import { newlineSet, readEscape } from "./parse-escape.ts";
import type { PatternOptions } from "./pattern.ts";
import {
  badPattern,
  patternBytesMax,
  patternDepthMax,
  peek,
  repeatCountMax,
  takeIf,
  takeMatch,
  takeUntil,
  type PatternReader,
} from "./pattern-reader.ts";
import { relaxAtomic } from "./relax-atomic.ts";
import { choiceOf, emptyNode, sequenceOf, type ParsedPattern, type PatternNode } from "./syntax.ts";

interface Flags {
  readonly isCaseless: boolean;
  readonly isDotAll: boolean;
  readonly isMultiline: boolean;
  readonly isExtended: boolean;
  readonly isUngreedy: boolean;
}

interface Parsing {
  readonly reader: PatternReader;
  groups: number;
  readonly groupsAll: number;
  readonly names: Map<string, number>;
  readonly classes: Map<string, ByteSet>;
  irregular: ParsedPattern["irregular"];
  depth: number;
}

/** Most of a pattern: one object for each byte. */
function byteNode(byte: number, flags: Flags): PatternNode {
  return (flags.isCaseless ? letterNodes : byteNodes)[byte & 255] as PatternNode;
}

const byteNodes: readonly PatternNode[] = Array.from({ length: 256 }, (_, byte) => nodeOf(oneByteSet(byte)));
const letterNodes: readonly PatternNode[] = Array.from({ length: 256 }, (_, byte) => nodeOf(oneLetterSet(byte)));

function nodeOf(set: ByteSet): PatternNode {
  return { kind: "set", set };
}

/** Equal classes of one pattern are one object: what is known of a set is looked up by it. */
function shared(parsing: Parsing, set: ByteSet): ByteSet {
  const key = set.join(",");
  const known = parsing.classes.get(key);
  if (known !== undefined) return known;
  parsing.classes.set(key, set);
  return set;
}

function markIrregular(parsing: Parsing, what: NonNullable<ParsedPattern["irregular"]>): void {
  parsing.irregular = what;
}

/** Counts "(" that capture, for telling `\12` from octal; approximate inside classes, which only matters for odd references. */
function countGroups(source: string): number {
  let count = 0;
  for (let at = 0; at < source.length; at++) {
    if (source[at] === "\\") at += 1;
    else if (
      source[at] === "(" &&
      (source[at + 1] !== "?" || /^\?(?:P?<[A-Za-z_]|')/.test(source.slice(at + 1, at + 5)))
    )
      count += 1;
  }
  return count;
}

function parseFlags(parsing: Parsing, flags: Flags): Flags {
  const { reader } = parsing;
  const start = reader.at;
  const next = { ...flags };
  let value = true;
  for (;;) {
    const letter = peek(reader);
    if (letter === "-") value = false;
    else if (letter === "i") next.isCaseless = value;
    else if (letter === "s") next.isDotAll = value;
    else if (letter === "m") next.isMultiline = value;
    else if (letter === "x") next.isExtended = value;
    else if (letter === "U") next.isUngreedy = value;
    else if (letter === ")" || letter === ":") return next;
    else throw badPattern(reader, `(?${letter} is not supported`, start - 2);
    reader.at += 1;
  }
}

function parseBody(parsing: Parsing, flags: Flags, openedAt: number): PatternNode {
  parsing.depth += 1;
  if (parsing.depth > patternDepthMax) throw badPattern(parsing.reader, "groups are nested too deeply");
  const node = parseChoice(parsing, flags);
  if (!takeIf(parsing.reader, ")")) throw badPattern(parsing.reader, "( has no )", openedAt);
  parsing.depth -= 1;
  return node;
}

function parseCapture(parsing: Parsing, flags: Flags, openedAt: number, name: string): PatternNode {
  parsing.groups += 1;
  const index = parsing.groups;
  if (name !== "") parsing.names.set(name, index);
  return { kind: "group", index, node: parseBody(parsing, flags, openedAt) };
}

const looks = [
  ["?=", true, false],
  ["?!", true, true],
  ["?<=", false, false],
  ["?<!", false, true],
] as const;

/** A group, the reader behind "(". Inline flags without a body come back as flags for the rest of the enclosing group. */
function parseGroup(parsing: Parsing, flags: Flags): PatternNode | { readonly flags: Flags } {
  const { reader } = parsing;
  const openedAt = reader.at - 1;
  if (peek(reader) === "*") throw badPattern(reader, "(*...) is not supported", openedAt);
  if (peek(reader) !== "?") return parseCapture(parsing, flags, openedAt, "");
  if (takeIf(reader, "?:")) return parseBody(parsing, flags, openedAt);
  if (takeIf(reader, "?#")) {
    takeUntil(reader, ")", "(?#");
    return emptyNode;
  }
  for (const [text, isAhead, isNegated] of looks) {
    if (!takeIf(reader, text)) continue;
    markIrregular(parsing, "look-around");
    return { kind: "look", isAhead, isNegated, node: parseBody(parsing, flags, openedAt) };
  }
  if (takeIf(reader, "?>")) {
    markIrregular(parsing, "atomic group");
    return { kind: "atomic", node: parseBody(parsing, flags, openedAt) };
  }
  if (takeIf(reader, "?P=")) return backNode(parsing, flags, takeUntil(reader, ")", "(?P="));
  for (const [open, close] of [
    ["?P<", ">"],
    ["?<", ">"],
    ["?'", "'"],
  ] as const) {
    if (!takeIf(reader, open)) continue;
    const name = takeUntil(reader, close, "name of a group");
    if (!/^[A-Za-z_]\w{0,63}$/.test(name)) throw badPattern(reader, "name of a group is not well formed", openedAt);
    return parseCapture(parsing, flags, openedAt, name);
  }
  reader.at += 1;
  const inner = parseFlags(parsing, flags);
  if (takeIf(reader, ")")) return { flags: inner };
  reader.at += 1;
  return parseBody(parsing, inner, openedAt);
}

function backNode(parsing: Parsing, flags: Flags, reference: number | string): PatternNode {
  const index = typeof reference === "number" ? reference : parsing.names.get(reference);
  if (index === undefined || index > parsing.groupsAll)
    throw badPattern(parsing.reader, "reference to a group that does not exist");
  markIrregular(parsing, "back-reference");
  return { kind: "back", index, isCaseless: flags.isCaseless };
}

function parseEscape(parsing: Parsing, flags: Flags): PatternNode {
  const escape = readEscape(parsing.reader, {
    isInClass: false,
    groupsBefore: parsing.groups,
    groupsAll: parsing.groupsAll,
  });
  switch (escape.kind) {
    case "byte":
      return byteNode(escape.byte, flags);
    case "set":
      return { kind: "set", set: escape.set };
    case "assert":
      return { kind: "assert", assertion: escape.assertion };
    case "newline":
      return choiceOf([
        sequenceOf([
          { kind: "set", set: setOf([13, 13]) },
          { kind: "set", set: setOf([10, 10]) },
        ]),
        { kind: "set", set: newlineSet },
      ]);
    case "quoted":
      return sequenceOf(Array.from(escape.text, (char) => byteNode(char.charCodeAt(0) & 255, flags)));
    case "back":
      return backNode(parsing, flags, escape.reference);
  }
}

function parseAtom(parsing: Parsing, flags: Flags): PatternNode | { readonly flags: Flags } {
  const { reader } = parsing;
  const char = peek(reader);
  reader.at += 1;
  switch (char) {
    case "(":
      return parseGroup(parsing, flags);
    case "[":
      return {
        kind: "set",
        set: shared(parsing, parseClass(reader, { groupsBefore: parsing.groups, groupsAll: parsing.groupsAll }, flags)),
      };
    case "\\":
      return parseEscape(parsing, flags);
    case ".":
      return { kind: "set", set: flags.isDotAll ? fullSet : noNewlineSet };
    case "^":
      return { kind: "assert", assertion: flags.isMultiline ? "lineStart" : "textStart" };
    case "$":
      return { kind: "assert", assertion: flags.isMultiline ? "lineEnd" : "textEndLoose" };
    case "*":
    case "+":
    case "?":
      throw badPattern(reader, `${char} has nothing to repeat`, reader.at - 1);
    default:
      return byteNode(char.charCodeAt(0) & 255, flags);
  }
}

const braces = /\{(\d{1,6})(?:(,)(\d{0,6}))?\}/y;

function takeCounts(reader: PatternReader): readonly [number, number] | undefined {
  const char = peek(reader);
  if (char !== "*" && char !== "+" && char !== "?" && char !== "{") return undefined;
  if (takeIf(reader, "*")) return [0, Number.POSITIVE_INFINITY];
  if (takeIf(reader, "+")) return [1, Number.POSITIVE_INFINITY];
  if (takeIf(reader, "?")) return [0, 1];
  braces.lastIndex = reader.at;
  const match = braces.exec(reader.source);
  if (match === null) return undefined;
  const start = reader.at;
  reader.at += match[0].length;
  const min = Number(match[1]);
  const max = match[2] === undefined ? min : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
  if (min > max || min > repeatCountMax || (max !== Number.POSITIVE_INFINITY && max > repeatCountMax))
    throw badPattern(reader, `${match[0]} counts wrongly`, start);
  return [min, max];
}

function parseRepeats(parsing: Parsing, atom: PatternNode, flags: Flags): PatternNode {
  const { reader } = parsing;
  let node = atom;
  for (let count = 0; ; count++) {
    if (flags.isExtended) skipExtended(reader);
    const start = reader.at;
    const counts = takeCounts(reader);
    if (counts === undefined) return node;
    if (count > 0 && reader.source[start] !== "{") throw badPattern(reader, "nothing to repeat", start);
    const [min, max] = counts;
    const isPossessive = takeIf(reader, "+");
    const isLazy = !isPossessive && takeIf(reader, "?") !== flags.isUngreedy;
    node = node.kind === "empty" ? node : { kind: "repeat", node, min, max, isLazy };
    if (!isPossessive) continue;
    markIrregular(parsing, "atomic group");
    node = { kind: "atomic", node };
  }
}

function skipExtended(reader: PatternReader): void {
  while (takeMatch(reader, /[\t-\r ]+|#[^\n]*\n?/y) !== "");
}

function parseChoice(parsing: Parsing, outer: Flags): PatternNode {
  const { reader } = parsing;
  const branches: PatternNode[] = [];
  let nodes: PatternNode[] = [];
  let flags = outer;
  for (;;) {
    if (flags.isExtended) skipExtended(reader);
    if (reader.at >= reader.source.length || peek(reader) === ")") break;
    if (takeIf(reader, "|")) {
      branches.push(sequenceOf(nodes));
      nodes = [];
      continue;
    }
    const atom = parseAtom(parsing, flags);
    if ("flags" in atom) flags = atom.flags;
    else nodes.push(parseRepeats(parsing, atom, flags));
  }
  branches.push(sequenceOf(nodes));
  return choiceOf(branches);
}

/** Parses a pattern. Throws Fault "waf/bad-pattern" with the byte where it stopped. */
export function parsePattern(source: string, options: PatternOptions): ParsedPattern {
  const reader: PatternReader = { source, at: 0 };
  if (source.length > patternBytesMax) throw badPattern(reader, `longer than ${patternBytesMax} bytes`);
  const parsing: Parsing = {
    reader,
    groups: 0,
    groupsAll: countGroups(source),
    names: new Map(),
    classes: new Map(),
    irregular: undefined,
    depth: 0,
  };
  const root = parseChoice(parsing, { ...options, isExtended: false, isUngreedy: false });
  if (reader.at < source.length) throw badPattern(reader, ") without (");
  return relaxAtomic({ root, captureCount: parsing.groups, irregular: parsing.irregular });
}
