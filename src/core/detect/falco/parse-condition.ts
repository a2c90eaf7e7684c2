// Text of a condition -> tree: Falco's grammar, by recursive descent. Errors are Faults "detect/bad-condition" that say where and what was expected.
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { ruleLimits } from "../limits.ts";
import {
  listOperators,
  operators,
  transformers,
  type CheckNode,
  type ConditionNode,
  type FieldTerm,
  type Operand,
  type Operator,
  type Transformer,
} from "./ast.ts";

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
  /** Takes an unknown operator, after which the grammar goes on; absent: it is thrown. */
  readonly onOperator?: ((fault: Fault) => void) | undefined;
}

/**
 * Throws a Fault when the text is no condition; `where` is "column N" of the text with its line breaks. With `onOperator` an unknown
 * operator is told there and passed over (the tree then only has the field), so that one look finds all of them.
 */
export function parseCondition(text: string, onOperator?: (fault: Fault) => void): ConditionNode {
  if (text.length > ruleLimits.conditionCharactersMax)
    throw bad({ text: "", at: 0, depth: 0 }, `more than conditionCharactersMax = ${ruleLimits.conditionCharactersMax}`);
  const reader: Reader = { text, at: 0, depth: 0, onOperator };
  const node = parseOr(reader);
  skipSpace(reader);
  if (reader.at < text.length)
    throw bad(reader, `"and", "or" or the end was expected, not ${shown(reader)}`, hintAfterCheck(reader));
  return node;
}

function parseOr(reader: Reader): ConditionNode {
  const children = [parseAnd(reader)];
  while (takeWord(reader, "or")) children.push(parseAnd(reader));
  return children.length === 1 ? (children[0] as ConditionNode) : { kind: "or", children };
}

function parseAnd(reader: Reader): ConditionNode {
  const children = [parseNot(reader)];
  while (takeWord(reader, "and")) children.push(parseNot(reader));
  return children.length === 1 ? (children[0] as ConditionNode) : { kind: "and", children };
}

function parseNot(reader: Reader): ConditionNode {
  return takeWord(reader, "not")
    ? nested(reader, () => ({ kind: "not", child: parseNot(reader) }))
    : parsePrimary(reader);
}

function parsePrimary(reader: Reader): ConditionNode {
  skipSpace(reader);
  if (take(reader, "("))
    return nested(reader, () => {
      const node = parseOr(reader);
      skipSpace(reader);
      if (!take(reader, ")")) throw bad(reader, `")" was expected, not ${shown(reader)}`, hintAfterCheck(reader));
      return node;
    });
  return parseTermOrMacro(reader);
}

function parseTermOrMacro(reader: Reader): ConditionNode {
  const start = reader.at;
  const term = parseField(reader);
  if (term !== undefined) return parseCheck(reader, term);
  reader.at = start;
  const name = takePattern(reader, /[A-Za-z][A-Za-z0-9_]*/y);
  if (name === undefined) throw bad(reader, `a field, a macro, "not" or "(" was expected, not ${shown(reader)}`);
  return { kind: "macro", name };
}

/** Undefined: no field stands here. */
function parseField(reader: Reader): FieldTerm | undefined {
  skipSpace(reader);
  const call = peekPattern(reader, /([A-Za-z][A-Za-z0-9_]*)[ \t\r\n]*\(/y);
  if (call !== undefined) return parseCall(reader, call[1] ?? "");
  const field = takePattern(reader, /(?:[A-Za-z][A-Za-z0-9_-]*\.)+[A-Za-z0-9][A-Za-z0-9_-]*/y);
  if (field === undefined) return undefined;
  return { field, argument: take(reader, "[") ? parseArgument(reader) : undefined, transformers: [] };
}

function parseCall(reader: Reader, name: string): FieldTerm | undefined {
  if (isReserved(name)) return undefined;
  const transformer = transformers.find((one) => one === name);
  if (transformer === undefined) {
    throw bad(reader, `${JSON.stringify(name)} is no transformer`, near(name, transformers));
  }
  return nested(reader, () => {
    takePattern(reader, /[A-Za-z0-9_]+[ \t\r\n]*\(/y);
    const inner = parseField(reader);
    if (inner === undefined) throw bad(reader, `a field was expected in ${name}(...), not ${shown(reader)}`);
    skipSpace(reader);
    if (!take(reader, ")")) throw bad(reader, `")" was expected, not ${shown(reader)}`);
    return { ...inner, transformers: [...inner.transformers, transformer] satisfies Transformer[] };
  });
}

function isReserved(word: string): boolean {
  return word === "and" || word === "or" || word === "not";
}

function parseArgument(reader: Reader): string {
  skipSpace(reader);
  const quoted = parseQuoted(reader);
  const text = quoted ?? takePattern(reader, /[^\]"']+/y)?.trim();
  if (text === undefined) throw bad(reader, `an argument was expected in [...], not ${shown(reader)}`);
  skipSpace(reader);
  if (!take(reader, "]")) throw bad(reader, `"]" was expected, not ${shown(reader)}`);
  return text;
}

function parseCheck(reader: Reader, left: FieldTerm): CheckNode {
  skipSpace(reader);
  const operator = takeOperator(reader);
  if (operator === undefined) {
    const word = peekPattern(reader, /[A-Za-z]+|[=!<>~]+/y)?.[0] ?? "";
    const fault = bad(
      reader,
      `an operator was expected after ${left.field}, not ${shown(reader)}`,
      near(word, operators),
    );
    if (reader.onOperator === undefined || word === "" || isReserved(word)) throw fault;
    reader.onOperator(fault);
    return passOver(reader, left, word);
  }
  if (operator === "exists") return { kind: "check", left, operator, values: [] };
  if (listOperators.includes(operator)) return { kind: "check", left, operator, values: parseList(reader) };
  return { kind: "check", left, operator, values: [parseOperand(reader, /[^()"'\s=,]+/y)] };
}

/** The unknown operator, and the value or list behind it if there is one. */
function passOver(reader: Reader, left: FieldTerm, word: string): CheckNode {
  reader.at += word.length;
  skipSpace(reader);
  const next = peekPattern(reader, /[A-Za-z]+(?![A-Za-z0-9_.-])/y)?.[0] ?? "";
  const isEnd = reader.at >= reader.text.length || reader.text[reader.at] === ")" || isReserved(next);
  if (!isEnd) parseList(reader);
  return { kind: "check", left, operator: "exists", values: [] };
}

function takeOperator(reader: Reader): Operator | undefined {
  const symbol = takePattern(reader, /==|!=|<=|>=|=|<|>/y);
  if (symbol !== undefined) return symbol as Operator;
  const start = reader.at;
  const word = takePattern(reader, /[a-z]+(?![A-Za-z0-9_.])/y);
  const found = operators.find((one) => one === word);
  if (found === undefined) reader.at = start;
  return found;
}

/** "(a, b)", or the bare name of a list. */
function parseList(reader: Reader): readonly Operand[] {
  skipSpace(reader);
  if (!take(reader, "(")) return [parseOperand(reader, /[^()"'\s=,]+/y)];
  const values: Operand[] = [];
  skipSpace(reader);
  if (take(reader, ")")) return values;
  for (;;) {
    values.push(parseOperand(reader, /[^()"'\s,]+/y));
    skipSpace(reader);
    if (take(reader, ")")) return values;
    if (!take(reader, ",")) throw bad(reader, `"," or ")" was expected in the list, not ${shown(reader)}`);
    skipSpace(reader);
    // A comma before the bracket that closes: forgiven, as Falco's files have it.
    if (take(reader, ")")) return values;
  }
}

function parseOperand(reader: Reader, bare: RegExp): Operand {
  skipSpace(reader);
  const value = peekPattern(reader, /(val|tolower|toupper|b64|basename|len)[ \t\r\n]*\(/y);
  if (value !== undefined) return { kind: "field", term: parseValue(reader, value[1] ?? "") };
  const quoted = parseQuoted(reader);
  if (quoted !== undefined) return { kind: "text", text: quoted, isQuoted: true };
  const word = takePattern(reader, bare);
  if (word === undefined) throw bad(reader, `a value was expected, not ${shown(reader)}`);
  return { kind: "text", text: word, isQuoted: false };
}

/** `val(f)` is the field itself; `tolower(f)` on the right side is the transformed one. */
function parseValue(reader: Reader, name: string): FieldTerm {
  if (name !== "val") {
    const term = parseField(reader);
    if (term !== undefined) return term;
  }
  takePattern(reader, /[a-z0-9]+[ \t\r\n]*\(/y);
  const term = parseField(reader);
  if (term === undefined) throw bad(reader, `a field was expected in val(...), not ${shown(reader)}`);
  skipSpace(reader);
  if (!take(reader, ")")) throw bad(reader, `")" was expected, not ${shown(reader)}`);
  return term;
}

const escapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function parseQuoted(reader: Reader): string | undefined {
  const quote = reader.text[reader.at];
  if (quote !== '"' && quote !== "'") return undefined;
  let text = "";
  for (let at = reader.at + 1; at < reader.text.length; at += 1) {
    const character = reader.text[at] as string;
    if (character === quote) {
      reader.at = at + 1;
      return text;
    }
    if (character !== "\\") text += character;
    else {
      at += 1;
      const next = reader.text[at] ?? "";
      // What is no escape keeps its backslash: rules hold Windows paths and regular expressions.
      text += escapes[next] ?? (/["'\\/]/.test(next) ? next : `\\${next}`);
    }
  }
  throw bad(reader, "the quotation mark is not closed");
}

function nested<T>(reader: Reader, read: () => T): T {
  reader.depth += 1;
  if (reader.depth > ruleLimits.depthMax) throw bad(reader, `deeper than depthMax = ${ruleLimits.depthMax}`);
  const result = read();
  reader.depth -= 1;
  return result;
}

function skipSpace(reader: Reader): void {
  while (reader.at < reader.text.length && " \t\r\n\v\f".includes(reader.text[reader.at] as string)) reader.at += 1;
}

function take(reader: Reader, character: string): boolean {
  if (reader.text[reader.at] !== character) return false;
  reader.at += 1;
  return true;
}

/** "and", "or", "not" as words of their own. */
function takeWord(reader: Reader, word: string): boolean {
  skipSpace(reader);
  if (!reader.text.startsWith(word, reader.at)) return false;
  const next = reader.text[reader.at + word.length];
  if (next !== undefined && /[A-Za-z0-9_.[-]/.test(next)) return false;
  reader.at += word.length;
  return true;
}

function peekPattern(reader: Reader, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = reader.at;
  return pattern.exec(reader.text) ?? undefined;
}

function takePattern(reader: Reader, pattern: RegExp): string | undefined {
  const found = peekPattern(reader, pattern)?.[0];
  if (found !== undefined) reader.at += found.length;
  return found;
}

function hintAfterCheck(reader: Reader): string {
  const word = peekPattern(reader, /[A-Za-z]+/y)?.[0];
  return word === undefined ? "" : near(word, ["and", "or", ...operators]);
}

function near(word: string, known: readonly string[]): string {
  const found = nearest(word, known);
  return found === undefined ? `known are: ${known.join(", ")}` : `did you mean "${found}"?`;
}

function shown({ text, at }: Reader): string {
  const rest = text.slice(at, at + 24).replaceAll(/\s+/g, " ");
  return rest === "" ? "the end" : JSON.stringify(rest);
}

function bad(reader: Reader, message: string, hint = ""): Fault {
  const options = { code: "detect/bad-condition", kind: "usage", where: `column ${reader.at + 1}` } as const;
  return new Fault(message, hint === "" ? options : { ...options, hint });
}
