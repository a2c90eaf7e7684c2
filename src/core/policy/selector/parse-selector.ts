// The selector language: text in, Selector out. Never throws anything but a Fault, never recurses deeper than a named limit.
import { Fault } from "../../../base/fault.ts";
import { allNode, not, sortedValues } from "./build.ts";
import { selectorOf } from "./canonical.ts";
import type { Selector, SelectorNode } from "./selector.ts";
import { badSelector, tokenize, type Token, type TokenKind } from "./tokenize.ts";

/** Of a selector that a person wrote; machine-made ones are built (build.ts), not parsed. */
export const selectorLengthMax = 1024;
/** Parentheses inside each other. */
export const selectorDepthMax = 64;

export interface SelectorOptions {
  /** What `all()`, and an empty text, mean here; default everything. Namespace selectors say otherwise. */
  readonly all?: SelectorNode;
  /** What `global()` means here; default everything. */
  readonly global?: SelectorNode;
  /** Put before every label: "pcns." for labels of the namespace. */
  readonly prefix?: string;
  /** Longest text taken; default `selectorLengthMax`. Canonical texts of built selectors may be longer. */
  readonly lengthMax?: number;
}

/**
 * or := and ("||" and)*; and := operation ("&&" operation)*; operation := "!"* (has(k) | all() | global() | k OPERATOR | "(" or ")").
 * Blank text is all(). Faults: "policy/bad-selector" with the column, "policy/selector-limit" with the limit's name.
 */
export function parseSelector(text: string, options: SelectorOptions = {}): Selector {
  return selectorOf(parseSelectorNode(text, options));
}

export function parseSelectorNode(text: string, options: SelectorOptions = {}): SelectorNode {
  const lengthMax = options.lengthMax ?? selectorLengthMax;
  if (text.length > lengthMax)
    throw overLimit(`the selector has ${text.length} characters, more than selectorLengthMax = ${lengthMax}`);
  const tokens = tokenize(text);
  if (tokens.length === 1) return options.all ?? allNode;
  const reader: Reader = { tokens, at: 0, options };
  const node = readOr(reader, 0);
  const rest = peek(reader);
  if (rest.kind !== "end") throw badSelector(`expected && or ||, not ${told(rest)}`, rest.column);
  return node;
}

interface Reader {
  readonly tokens: readonly Token[];
  at: number;
  readonly options: SelectorOptions;
}

function readOr(reader: Reader, depth: number): SelectorNode {
  const nodes = [readAnd(reader, depth)];
  while (take(reader, "||")) nodes.push(readAnd(reader, depth));
  return joined("or", nodes);
}

function readAnd(reader: Reader, depth: number): SelectorNode {
  const nodes = [readOperation(reader, depth)];
  while (take(reader, "&&")) nodes.push(readOperation(reader, depth));
  return joined("and", nodes);
}

function joined(op: "and" | "or", nodes: readonly SelectorNode[]): SelectorNode {
  const [only] = nodes;
  return nodes.length === 1 && only !== undefined ? only : { op, nodes };
}

function readOperation(reader: Reader, depth: number): SelectorNode {
  let isNegated = false;
  while (take(reader, "!")) isNegated = !isNegated;
  const node = readPositive(reader, depth);
  return isNegated ? not(node) : node;
}

function readPositive(reader: Reader, depth: number): SelectorNode {
  const token = peek(reader);
  const prefix = reader.options.prefix ?? "";
  reader.at += 1;
  switch (token.kind) {
    case "has":
      return { op: "has", key: prefix + token.value };
    case "all":
      return reader.options.all ?? allNode;
    case "global":
      return reader.options.global ?? allNode;
    case "label":
      return readComparison(reader, prefix + token.value);
    case "(": {
      if (depth >= selectorDepthMax)
        throw overLimit(`parentheses are deeper than selectorDepthMax = ${selectorDepthMax}`);
      const node = readOr(reader, depth + 1);
      const close = peek(reader);
      if (!take(reader, ")")) throw badSelector(`expected ), not ${told(close)}`, close.column);
      return node;
    }
    default:
      throw badSelector(`expected a label, has( ), all( ), ! or (, not ${told(token)}`, token.column);
  }
}

const comparisons = {
  "==": "eq",
  "!=": "ne",
  contains: "contains",
  "starts-with": "starts-with",
  "ends-with": "ends-with",
} as const;

function readComparison(reader: Reader, key: string): SelectorNode {
  const operator = peek(reader);
  reader.at += 1;
  if (operator.kind === "in" || operator.kind === "not-in") {
    return { op: operator.kind, key, values: sortedValues(readSet(reader)) };
  }
  if (!Object.hasOwn(comparisons, operator.kind)) {
    throw badSelector(`expected an operator after the label, not ${told(operator)}`, operator.column);
  }
  const op = comparisons[operator.kind as keyof typeof comparisons];
  const value = peek(reader);
  if (!take(reader, "string")) throw badSelector(`expected a text in quotes, not ${told(value)}`, value.column);
  return { op, key, value: value.value };
}

/** "{" ("text" ("," "text")* ","?)? "}" */
function readSet(reader: Reader): readonly string[] {
  const open = peek(reader);
  if (!take(reader, "{")) throw badSelector(`expected { and a list of texts, not ${told(open)}`, open.column);
  const values: string[] = [];
  while (peek(reader).kind === "string") {
    values.push(peek(reader).value);
    reader.at += 1;
    if (!take(reader, ",")) break;
  }
  const close = peek(reader);
  if (!take(reader, "}")) throw badSelector(`expected } to close the list, not ${told(close)}`, close.column);
  return values;
}

function peek(reader: Reader): Token {
  return reader.tokens[reader.at] ?? { kind: "end", value: "", column: reader.tokens.at(-1)?.column ?? 1 };
}

function take(reader: Reader, kind: TokenKind): boolean {
  if (peek(reader).kind !== kind) return false;
  reader.at += 1;
  return true;
}

function told(token: Token): string {
  switch (token.kind) {
    case "end":
      return "the end of the text";
    case "string":
      return `the text ${JSON.stringify(token.value)}`;
    case "label":
      return `the label ${token.value}`;
    default:
      return token.kind.replace("-", " ");
  }
}

function overLimit(message: string): Fault {
  return new Fault(message, {
    code: "policy/selector-limit",
    kind: "usage",
    hint: "Split it into several policies, or give the endpoints a label of their own.",
  });
}
