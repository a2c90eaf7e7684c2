// Selector text to tokens, each with its column (1-based). Words after a label are operators, so labels may be named "in" or "has".
import { Fault } from "../../../base/fault.ts";

export type TokenKind =
  | "label"
  | "string"
  | "{"
  | "}"
  | "("
  | ")"
  | ","
  | "=="
  | "!="
  | "!"
  | "&&"
  | "||"
  | "in"
  | "not-in"
  | "contains"
  | "starts-with"
  | "ends-with"
  | "all"
  | "global"
  | "has"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The label of `label` and `has`, the text of `string`, else "". */
  readonly value: string;
  readonly column: number;
}

const symbols = ["(", ")", "{", "}", ",", "==", "!=", "!", "&&", "||"] as const;
const labelPattern = /[a-zA-Z0-9_./-]{1,512}/y;
const callPattern = /(all|global|has)\(/y;
const operatorPattern = /(contains)|(starts[ \t]*with)|(ends[ \t]*with)|(not[ \t]*in)|(in)/y;
const operatorKinds = ["contains", "starts-with", "ends-with", "not-in", "in"] as const;
const blankPattern = /[ \t\r\n]*/y;

/** Throws a Fault "policy/bad-selector" that names the column. The last token is `end`. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = blanksEnd(text, 0);
  while (at < text.length) {
    const { token, end } = next(text, at, tokens.at(-1)?.kind === "label");
    tokens.push(token);
    at = blanksEnd(text, end);
  }
  return [...tokens, { kind: "end", value: "", column: text.length + 1 }];
}

function next(text: string, at: number, afterLabel: boolean): { token: Token; end: number } {
  const column = at + 1;
  const letter = text[at] ?? "";
  if (letter === '"' || letter === "'") {
    const close = text.indexOf(letter, at + 1);
    if (close < 0) throw badSelector("a text begins here that has no closing quote", column);
    return { token: { kind: "string", value: text.slice(at + 1, close), column }, end: close + 1 };
  }
  // "!=" comes before "!" in the look-up below only by length.
  const symbol = symbols.filter((candidate) => text.startsWith(candidate, at)).sort((a, b) => b.length - a.length)[0];
  if (symbol !== undefined) return { token: { kind: symbol, value: "", column }, end: at + symbol.length };
  return afterLabel ? operatorAt(text, at) : wordAt(text, at);
}

function operatorAt(text: string, at: number): { token: Token; end: number } {
  const match = matchAt(operatorPattern, text, at);
  const index = match?.slice(1).findIndex((group) => group !== undefined) ?? -1;
  const kind = operatorKinds[index];
  if (match === undefined || kind === undefined) {
    throw badSelector(
      "expected an operator after the label: ==, !=, in, not in, contains, starts with or ends with",
      at + 1,
    );
  }
  return { token: { kind, value: "", column: at + 1 }, end: at + match[0].length };
}

function wordAt(text: string, at: number): { token: Token; end: number } {
  const column = at + 1;
  const call = matchAt(callPattern, text, at);
  if (call !== undefined) {
    const kind = call[1] as "all" | "global" | "has";
    let end = blanksEnd(text, at + call[0].length);
    const label = kind === "has" ? (matchAt(labelPattern, text, end)?.[0] ?? "") : "";
    if (kind === "has" && label === "") throw badSelector("expected the name of a label in has( )", end + 1);
    end = blanksEnd(text, end + label.length);
    if (text[end] !== ")") throw badSelector(`expected ) to close ${kind}(`, end + 1);
    return { token: { kind, value: label, column }, end: end + 1 };
  }
  const label = matchAt(labelPattern, text, at);
  if (label === undefined) throw badSelector(`unexpected character ${JSON.stringify(text[at])}`, column);
  return { token: { kind: "label", value: label[0], column }, end: at + label[0].length };
}

function blanksEnd(text: string, at: number): number {
  return at + (matchAt(blankPattern, text, at)?.[0].length ?? 0);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

export function badSelector(message: string, column: number): Fault {
  return new Fault(`selector, column ${column}: ${message}`, {
    code: "policy/bad-selector",
    kind: "usage",
    where: `column ${column}`,
  });
}
