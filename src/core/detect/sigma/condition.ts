// Sigma's condition: names of searches with and, or, not, brackets, "1 of sel_*" and "all of them".
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import type { ConditionNode } from "../falco/ast.ts";
import { globPattern } from "../engine/glob.ts";
import { ruleLimits } from "../limits.ts";

interface Reader {
  readonly words: readonly string[];
  readonly searches: ReadonlyMap<string, ConditionNode>;
  at: number;
  depth: number;
}

/** Throws a Fault that names the nearest search. */
export function parseSigmaCondition(text: string, searches: ReadonlyMap<string, ConditionNode>): ConditionNode {
  const words = text.match(/[()|]|[^\s()|]+/g) ?? [];
  const reader: Reader = { words, searches, at: 0, depth: 0 };
  const node = parseOr(reader);
  const rest = words[reader.at];
  if (rest === undefined) return node;
  throw bad(
    rest === "|"
      ? "aggregations behind | are not supported: write a GarrisonRule with a threshold"
      : `"and", "or" or the end was expected, not ${JSON.stringify(rest)}`,
  );
}

function isWord(reader: Reader, word: string): boolean {
  if (reader.words[reader.at]?.toLowerCase() !== word) return false;
  reader.at += 1;
  return true;
}

function parseOr(reader: Reader): ConditionNode {
  const children = [parseAnd(reader)];
  while (isWord(reader, "or")) children.push(parseAnd(reader));
  return joined("or", children);
}

function parseAnd(reader: Reader): ConditionNode {
  const children = [parseNot(reader)];
  while (isWord(reader, "and")) children.push(parseNot(reader));
  return joined("and", children);
}

function parseNot(reader: Reader): ConditionNode {
  reader.depth += 1;
  if (reader.depth > ruleLimits.depthMax) throw bad(`deeper than depthMax = ${ruleLimits.depthMax}`);
  const node: ConditionNode = isWord(reader, "not") ? { kind: "not", child: parseNot(reader) } : parsePrimary(reader);
  reader.depth -= 1;
  return node;
}

function parsePrimary(reader: Reader): ConditionNode {
  if (isWord(reader, "(")) {
    const node = parseOr(reader);
    if (!isWord(reader, ")")) throw bad(`")" was expected`);
    return node;
  }
  const word = reader.words[reader.at];
  if (word === undefined) throw bad("the condition ends too early");
  reader.at += 1;
  if (/^(1|any|all)$/i.test(word) && isWord(reader, "of"))
    return parseOf(reader, word.toLowerCase() === "all" ? "and" : "or");
  const search = reader.searches.get(word);
  if (search !== undefined) return search;
  const near = nearest(word, [...reader.searches.keys()]);
  throw bad(`there is no search ${JSON.stringify(word)}`, near === undefined ? "" : `did you mean "${near}"?`);
}

function parseOf(reader: Reader, kind: "and" | "or"): ConditionNode {
  const pattern = reader.words[reader.at] ?? "";
  reader.at += 1;
  const matches = pattern.toLowerCase() === "them" ? (name: string) => !name.startsWith("_") : globPattern(pattern);
  const found = [...reader.searches].filter(([name]) => matches(name)).map(([, node]) => node);
  if (found.length === 0) throw bad(`"of ${pattern}" finds no search`);
  return joined(kind, found);
}

export function joined(kind: "and" | "or", children: readonly ConditionNode[]): ConditionNode {
  return children.length === 1 ? (children[0] as ConditionNode) : { kind, children };
}

function bad(message: string, hint = ""): Fault {
  const options = { code: "detect/bad-sigma", kind: "usage" } as const;
  return new Fault(message, hint === "" ? options : { ...options, hint });
}
