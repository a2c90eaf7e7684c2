// Cuts SQL of the engine's dialect into tokens, so that the guard judges what the engine will read, not what the text looks like.
// Facts of the dialect: comments are --, #, #! and /* */ (which do not nest); strings take backslashes and doubled quotes; $tag$ heredocs.

export type TokenKind = "word" | "quoted" | "string" | "number" | "parameter" | "symbol";

export interface Token {
  readonly kind: TokenKind;
  /** A word as written; a quoted identifier's or string's decoded content; a parameter's content; one symbol character. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export class SqlLexError extends Error {}

/** Tokens without blanks and comments. Throws SqlLexError for anything unclosed, NUL bytes and non-ASCII text outside quotes. */
export function tokenize(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const blank = skipBlank(sql, at);
    if (blank > at) {
      at = blank;
      continue;
    }
    const token = readToken(sql, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

/** A single-quoted string literal that the engine reads back as exactly `value`. */
export function sqlLiteral(value: string): string {
  const escaped = value.replaceAll(/[\\'\0\b\f\n\r\t]/g, (character) => literalEscapes[character] ?? "");
  return `'${escaped}'`;
}

const literalEscapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  "\0": "\\0",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function skipBlank(sql: string, from: number): number {
  const character = sql[from] ?? "";
  if (/[ \t\n\r\f\v]/.test(character)) return from + 1;
  const two = sql.slice(from, from + 2);
  if (two === "--" || two === "# " || two === "#!") return endOfLine(sql, from);
  if (two !== "/*") return from;
  const end = sql.indexOf("*/", from + 2);
  if (end < 0) throw new SqlLexError("a comment is not closed");
  return end + 2;
}

function endOfLine(sql: string, from: number): number {
  const end = sql.indexOf("\n", from);
  return end < 0 ? sql.length : end + 1;
}

const wordPattern = /[A-Za-z_][A-Za-z0-9_$]*/y;
const numberPattern = /0[xX][0-9A-Fa-f]+|0[bB][01]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][+-]?[0-9]+)?/y;
const tailPattern = /[A-Za-z0-9_$]*/y;
const heredocPattern = /\$[A-Za-z0-9_]*\$/y;

function readToken(sql: string, start: number): Token {
  const character = sql[start] ?? "";
  if (character === "'") return readQuoted(sql, start, "string");
  if (character === "`" || character === '"') return readQuoted(sql, start, "quoted");
  if (character === "$") return readHeredoc(sql, start);
  if (character === "{") return readParameter(sql, start);
  const word = match(wordPattern, sql, start);
  if (word !== "") return { kind: "word", text: word, start, end: start + word.length };
  const number = match(numberPattern, sql, start);
  if (number !== "") return afterNumber(sql, start, number);
  if (character < " " || character > "~") throw new SqlLexError("a character outside ASCII stands outside quotes");
  return { kind: "symbol", text: character, start, end: start + 1 };
}

/** The engine takes `1abc` for a name and refuses `1.abc`; so do we, lest a keyword hides behind a digit. */
function afterNumber(sql: string, start: number, number: string): Token {
  const tail = match(tailPattern, sql, start + number.length);
  if (tail === "") return { kind: "number", text: number, start, end: start + number.length };
  if (/[^0-9]/.test(number)) throw new SqlLexError("a number runs into a word");
  return { kind: "word", text: number + tail, start, end: start + number.length + tail.length };
}

function match(pattern: RegExp, sql: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0] ?? "";
}

const backslashMeanings: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  0: "\0",
  a: "\u0007",
  v: "\v",
  e: "\u001b",
};

function readQuoted(sql: string, start: number, kind: "string" | "quoted"): Token {
  const quote = sql[start] ?? "";
  let text = "";
  let at = start + 1;
  while (at < sql.length) {
    const character = sql[at] ?? "";
    if (character === "\\") {
      const hex = sql[at + 1] === "x" ? /^[0-9A-Fa-f]{2}/.exec(sql.slice(at + 2, at + 4))?.[0] : undefined;
      const next = sql[at + 1] ?? "";
      text += hex === undefined ? (backslashMeanings[next] ?? next) : String.fromCodePoint(Number.parseInt(hex, 16));
      at += hex === undefined ? 2 : 4;
      continue;
    }
    if (character === quote) {
      if (sql[at + 1] !== quote) return { kind, text, start, end: at + 1 };
      at += 1;
    }
    text += character;
    at += 1;
  }
  throw new SqlLexError("a quote is not closed");
}

function readHeredoc(sql: string, start: number): Token {
  const tag = match(heredocPattern, sql, start);
  if (tag === "") throw new SqlLexError("a dollar sign stands alone");
  const end = sql.indexOf(tag, start + tag.length);
  if (end < 0) throw new SqlLexError("a heredoc is not closed");
  return { kind: "string", text: sql.slice(start + tag.length, end), start, end: end + tag.length };
}

/** `{name:Type}`; braces have no other use in statements that pass the guard. */
function readParameter(sql: string, start: number): Token {
  const found = /^\{\s*[A-Za-z_][A-Za-z0-9_]*\s*:\s*[A-Za-z0-9_(), '/.+-]+\s*\}/.exec(sql.slice(start, start + 512));
  if (found === null) return { kind: "symbol", text: "{", start, end: start + 1 };
  return { kind: "parameter", text: found[0].slice(1, -1).trim(), start, end: start + found[0].length };
}
