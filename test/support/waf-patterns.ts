// The distinct patterns of the Core Rule Set beside this repository, and subjects that try to make them slow. For tests and benches only.
import path from "node:path";
import { bytesOf, type ByteSet } from "../../src/core/waf/regex/byte-set.ts";
import { parsePattern } from "../../src/core/waf/regex/parse-pattern.ts";
import type { PatternNode } from "../../src/core/waf/regex/syntax.ts";
import { parseRuleSet } from "../../src/core/waf/seclang/parse-rule-set.ts";
import { openRuleFolder } from "../../src/edge/rules/rule-folder.ts";

export const crsFolder = path.resolve(import.meta.dirname, "../../../shared/data/crs");

export const rulePatternOptions = { isMultiline: false, isDotAll: true, isCaseless: false } as const;

export interface RulePattern {
  readonly ruleId: number;
  readonly source: string;
}

/** Patterns of all rx operators, each text once, with the first rule that has it. */
export function crsPatterns(folder = crsFolder): readonly RulePattern[] {
  const { ruleSet } = parseRuleSet(openRuleFolder(folder));
  const found = new Map<string, number>();
  for (const item of ruleSet.items) {
    if (item.kind !== "rule") continue;
    for (const { operator } of [item.head, ...item.links])
      if (operator.name === "rx" && !operator.argument.includes("%{") && !found.has(operator.argument))
        found.set(operator.argument, item.id);
  }
  return Array.from(found, ([source, ruleId]) => ({ ruleId, source }));
}

export type Random = (below: number) => number;

/** Small seeded generator. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return below === 0 ? 0 : state % below;
  };
}

function byteIn(set: ByteSet, random: Random): string {
  const bytes = bytesOf(set);
  if (bytes.length === 0) return "";
  // Readable bytes are preferred: they are in more of the other sets.
  const readable = bytes.filter((byte) => byte >= 32 && byte < 127);
  const from = readable.length > 0 && random(8) > 0 ? readable : bytes;
  return String.fromCharCode(from[random(from.length)] ?? 97);
}

/** A text that the tree probably matches (assertions are left to luck). */
export function sampleOf(node: PatternNode, random: Random): string {
  switch (node.kind) {
    case "set":
      return byteIn(node.set, random);
    case "sequence":
      return node.nodes.map((child) => sampleOf(child, random)).join("");
    case "choice":
      return sampleOf(node.nodes[random(node.nodes.length)] as PatternNode, random);
    case "repeat": {
      const most = Math.min(node.max, node.min + 3);
      const rounds = Math.min(node.min + random(most - node.min + 1), 70);
      let text = "";
      for (let round = 0; round < rounds; round++) text += sampleOf(node.node, random);
      return text;
    }
    case "group":
    case "atomic":
      return sampleOf(node.node, random);
    case "empty":
    case "assert":
    case "look":
    case "back":
      return "";
  }
}

/** Parts that repeat without end or often: what a pump repeats. */
function loopsOf(node: PatternNode, found: PatternNode[] = []): readonly PatternNode[] {
  switch (node.kind) {
    case "repeat":
      if (node.max > 8) found.push(node.node);
      loopsOf(node.node, found);
      break;
    case "sequence":
    case "choice":
      for (const child of node.nodes) loopsOf(child, found);
      break;
    case "group":
    case "atomic":
    case "look":
      loopsOf(node.node, found);
      break;
    default:
  }
  return found;
}

const commonPumps = [
  " ",
  "a",
  "0",
  "a ",
  "'",
  '"',
  "(",
  "<",
  "=",
  "a=",
  "\n",
  "\\",
  "/",
  "..",
  "select ",
  "a'",
  "1 or ",
  "${",
  "\t",
  "-",
  "{",
  "%",
  ",",
  ";",
];

/** What a subject is made of: a beginning, a piece that is repeated up to the wanted length, an end. */
export interface Pump {
  readonly head: string;
  readonly piece: string;
  readonly tail: string;
}

export function pumpsFor(source: string, count: number, seed: number): readonly Pump[] {
  const random = createRandom(seed);
  const { root } = parsePattern(source, rulePatternOptions);
  const loops = loopsOf(root);
  const pumps: Pump[] = [];
  for (let at = 0; at < count; at++) {
    const sample = sampleOf(root, random);
    const head = sample.slice(0, random(sample.length + 1));
    const loop = loops[random(loops.length)];
    let piece = commonPumps[random(commonPumps.length)] ?? "a";
    if (loop !== undefined && at % 3 !== 0) piece = sampleOf(loop, random);
    if (at % 5 === 4) piece = sample.slice(0, -1);
    pumps.push({ head, piece: piece === "" ? "a" : piece, tail: at % 2 === 0 ? "\u0001" : "" });
  }
  return pumps;
}

export function subjectOf(pump: Pump, bytes: number): string {
  const { head, piece, tail } = pump;
  const rounds = Math.max(0, Math.ceil((bytes - head.length - tail.length) / piece.length));
  const text = head + piece.repeat(rounds);
  return flat(text.slice(0, Math.max(0, bytes - tail.length)) + tail);
}

/** One flat one-byte string, as values of requests are. */
export function flat(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

/** Texts as requests hold them, broken up and mixed. */
export function mutated(text: string, others: readonly string[], random: Random): string {
  const chars = text.split("");
  for (let round = random(5); round >= 0; round--) {
    const at = random(chars.length + 1);
    const other = others[random(others.length)] ?? "";
    const from = random(other.length);
    const piece = random(3) === 0 ? String.fromCharCode(random(256)) : other.slice(from, from + random(8));
    chars.splice(at, random(3), piece);
  }
  return flat(chars.join(""));
}
