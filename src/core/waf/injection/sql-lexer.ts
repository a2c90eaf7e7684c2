// Cuts a value into SQL tokens as the databases together would: strings of every dialect, comments, numbers, words.
// Reads each byte a bounded number of times and writes into tokens that its caller owns.
import { findWord, wordEntry, wordLengthMax, wordTraits } from "./sql-words.ts";
import { isBit, isDigit, isHexDigit, readNumber } from "./sql-numbers.ts";
import { setToken, typeOf, type LexedToken } from "./sql-token.ts";
import { charKinds, kinds, operatorPairs, wordEnds } from "./sql-characters.ts";

export interface SqlReader {
  text: string;
  position: number;
  /** MySQL's comments: "#" begins one, "--" only before white space. Else ANSI's. */
  isMysql: boolean;
  tokens: number;
  /** Operators that compare, written in signs. */
  comparisons: number;
  comments: number;
  operators: number;
  /** Comments that ANSI and MySQL read differently. */
  ambiguousComments: number;
}

export function emptyReader(): SqlReader {
  return {
    text: "",
    position: 0,
    isMysql: false,
    tokens: 0,
    comparisons: 0,
    comments: 0,
    operators: 0,
    ambiguousComments: 0,
  };
}

const stringType = typeOf("s");
const nameType = typeOf("n");
const numberType = typeOf("1");
const operatorType = typeOf("o");
const commentType = typeOf("c");
const variableType = typeOf("v");
const hostileType = typeOf("X");
const functionType = typeOf("f");

/** Reads the next token into `token`; false at the end of the value. */
export function readToken(reader: SqlReader, token: LexedToken): boolean {
  const { text } = reader;
  while (reader.position < text.length) {
    const code = text.charCodeAt(reader.position);
    if (!isSpace(code)) {
      token.open = 0;
      token.close = 0;
      token.signs = 0;
      token.word = -1;
      token.joined = "";
      reader.tokens += 1;
      reader.position = readAt(reader, token, code);
      if (token.type === commentType) reader.comments += 1;
      else if (token.type === operatorType) reader.operators += 1;
      return true;
    }
    reader.position += 1;
  }
  return false;
}

/** Reads the rest of a string that began before the value: the first token in a quoting context. */
export function readTail(reader: SqlReader, token: LexedToken, quote: number): void {
  token.word = -1;
  token.joined = "";
  token.signs = 0;
  reader.tokens += 1;
  reader.position = readString(reader.text, token, 0, quote);
  token.open = 0;
}

export function isSpace(code: number): boolean {
  return code <= 32 || code === 0xa0;
}

function readAt(reader: SqlReader, token: LexedToken, code: number): number {
  const { text, position } = reader;
  switch (charKinds[code & 0xff]) {
    case kinds.punctuation:
      return setToken(token, code, position, 1);
    case kinds.operator:
      return readOperator(reader, token);
    case kinds.dash:
      return readDash(reader, token);
    case kinds.hash:
      return readHash(reader, token);
    case kinds.slash:
      return readSlash(reader, token);
    case kinds.quote:
      return readString(text, token, position + 1, code);
    case kinds.digit:
      return readNumber(text, token, position);
    case kinds.dollar:
      return readDollar(reader, token);
    case kinds.at:
      return readVariable(text, token, position);
    case kinds.tick:
      return readTick(text, token, position);
    case kinds.bracket:
      return readBracket(text, token, position);
    case kinds.backslash:
      return text.charCodeAt(position + 1) === 78
        ? setToken(token, numberType, position, 2)
        : setToken(token, code, position, 1);
    case kinds.prefix:
      return readPrefixed(reader, token, code);
    case kinds.other:
      return setToken(token, 63, position, 1);
    default:
      return readWord(reader, token);
  }
}

function readOperator(reader: SqlReader, token: LexedToken): number {
  const { text, position } = reader;
  const first = text.charCodeAt(position);
  const second = text.charCodeAt(position + 1);
  if (first === 60 && second === 61 && text.charCodeAt(position + 2) === 62) {
    reader.comparisons += 1;
    return setToken(token, operatorType, position, 3);
  }
  const isPair = operatorPairs.has(first * 256 + second);
  if (first === 60 || first === 61 || first === 62 || (first === 33 && second === 61)) reader.comparisons += 1;
  if (isPair && first === second && (first === 124 || first === 38)) return setToken(token, 38, position, 2);
  if (isPair) return setToken(token, operatorType, position, 2);
  return setToken(token, first === 58 && position + 1 < text.length ? 58 : operatorType, position, 1);
}

function toLineEnd(text: string, token: LexedToken, start: number): number {
  const end = text.indexOf("\n", start);
  setToken(token, commentType, start, (end < 0 ? text.length : end) - start);
  return end < 0 ? text.length : end + 1;
}

function readDash(reader: SqlReader, token: LexedToken): number {
  const { text, position } = reader;
  if (text.charCodeAt(position + 1) !== 45) return setToken(token, operatorType, position, 1);
  const after = position + 2;
  if (after >= text.length || isSpace(text.charCodeAt(after))) return toLineEnd(text, token, position);
  reader.ambiguousComments += 1;
  return reader.isMysql ? setToken(token, operatorType, position, 1) : toLineEnd(text, token, position);
}

function readHash(reader: SqlReader, token: LexedToken): number {
  reader.ambiguousComments += 1;
  if (reader.isMysql) return toLineEnd(reader.text, token, reader.position);
  return setToken(token, operatorType, reader.position, 1);
}

function readSlash(reader: SqlReader, token: LexedToken): number {
  const { text, position } = reader;
  if (text.charCodeAt(position + 1) !== 42) return setToken(token, operatorType, position, 1);
  const end = text.indexOf("*/", position + 2);
  const length = (end < 0 ? text.length : end + 2) - position;
  // A comment inside a comment ends at different places in different databases, and /*! is code in one: what they do then, no reader can say.
  const nested = end < 0 ? -1 : text.slice(position + 2, end + 1).indexOf("/*");
  const isHostile = text.charCodeAt(position + 2) === 33 || nested >= 0;
  return setToken(token, isHostile ? hostileType : commentType, position, length);
}

/** A string from its first byte after the opening quote; quotes are escaped by a backslash or by doubling. */
function readString(text: string, token: LexedToken, from: number, quote: number): number {
  token.open = quote;
  for (let index = from; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 92) index += 1;
    else if (code === quote) {
      if (text.charCodeAt(index + 1) === quote) index += 1;
      else {
        token.close = quote;
        setToken(token, stringType, from, index - from);
        return index + 1;
      }
    }
  }
  token.close = 0;
  return setToken(token, stringType, from, text.length - from);
}

function isLetter(code: number): boolean {
  return (code | 32) >= 97 && (code | 32) <= 122;
}

function readDollar(reader: SqlReader, token: LexedToken): number {
  const { text, position } = reader;
  let end = position + 1;
  for (let code = text.charCodeAt(end); isDigit(code) || code === 44 || code === 46; code = text.charCodeAt(end))
    end += 1;
  if (end > position + 1) {
    if (end === position + 2 && text.charCodeAt(position + 1) === 46) return readWord(reader, token);
    return setToken(token, numberType, position, end - position);
  }
  while (isLetter(text.charCodeAt(end))) end += 1;
  if (text.charCodeAt(end) !== 36) return setToken(token, nameType, position, 1);
  const tag = text.slice(position, end + 1);
  const close = text.indexOf(tag, end + 1);
  setToken(token, stringType, end + 1, (close < 0 ? text.length : close) - end - 1);
  token.open = 36;
  token.close = close < 0 ? 0 : 36;
  return close < 0 ? text.length : close + tag.length;
}

function readVariable(text: string, token: LexedToken, position: number): number {
  const signs = text.charCodeAt(position + 1) === 64 ? 2 : 1;
  const start = position + signs;
  const quote = text.charCodeAt(start);
  let end = start;
  if (quote === 34 || quote === 39 || quote === 96) end = readString(text, token, start + 1, quote);
  else {
    while (end < text.length && !endsVariable(text.charCodeAt(end))) end += 1;
    setToken(token, variableType, start, end - start);
  }
  token.type = variableType;
  token.signs = signs;
  return end;
}

/** Brackets and braces may stand in a variable's name, white space and ticks may not. */
function endsVariable(code: number): boolean {
  if (code === 96) return true;
  if (code === 91 || code === 93 || code === 123 || code === 125 || code === 0xa0 || code === 0) return false;
  return wordEnds[code & 0xff] === 1;
}

function readTick(text: string, token: LexedToken, position: number): number {
  const end = readString(text, token, position + 1, 96);
  const word = findWord(text, token.start, token.start + token.length);
  const isFunction = wordEntry(word)?.type === functionType;
  token.type = isFunction ? functionType : nameType;
  return end;
}

function readBracket(text: string, token: LexedToken, position: number): number {
  const end = text.indexOf("]", position);
  return setToken(token, nameType, position, (end < 0 ? text.length : end + 1) - position);
}

/** Words that may be the letters before a string: b'01' x'ff' e'..' n'..' q'(..)' nq'(..)' u&'..'. */
function readPrefixed(reader: SqlReader, token: LexedToken, code: number): number {
  const { text, position } = reader;
  const letter = code | 32;
  const next = text.charCodeAt(position + 1);
  const isLast = position + 2 >= text.length;
  if (next === 39 && (letter === 98 || letter === 120)) {
    const accepts = letter === 98 ? isBit : isHexDigit;
    let end = position + 2;
    while (accepts(text.charCodeAt(end))) end += 1;
    if (text.charCodeAt(end) === 39) return setToken(token, numberType, position, end + 1 - position);
  } else if (next === 39 && !isLast && (letter === 101 || letter === 110))
    return readString(text, token, position + 2, 39);
  else if (next === 38 && letter === 117 && text.charCodeAt(position + 2) === 39) {
    const end = readString(text, token, position + 3, 39);
    token.open = 117;
    if (token.close === 39) token.close = 117;
    return end;
  } else if (next === 39 && letter === 113) return readChosenQuote(reader, token, position + 2);
  else if ((next | 32) === 113 && letter === 110 && text.charCodeAt(position + 2) === 39)
    return readChosenQuote(reader, token, position + 3);
  return readWord(reader, token);
}

const closers: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
  ["<", ">"],
]);

/** Oracle's q-quote: the byte after the quote says what ends the string. */
function readChosenQuote(reader: SqlReader, token: LexedToken, position: number): number {
  const { text } = reader;
  if (position >= text.length || text.charCodeAt(position) < 33) return readWord(reader, token);
  const opener = text.charAt(position);
  const close = text.indexOf(`${closers.get(opener) ?? opener}'`, position + 1);
  setToken(token, stringType, position + 1, (close < 0 ? text.length : close) - position - 1);
  token.open = 113;
  token.close = close < 0 ? 0 : 113;
  return close < 0 ? text.length : close + 2;
}

function readWord(reader: SqlReader, token: LexedToken): number {
  const { text, position } = reader;
  let end = position;
  let cut = -1;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (wordEnds[code & 0xff] === 1) break;
    // A keyword ends at a dot or a tick: "select.1", "from`t`".
    if ((code === 46 || code === 96) && cut < 0 && end - position < wordLengthMax) {
      const type = wordEntry(findWord(text, position, end))?.type;
      if (type !== undefined && type !== nameType) cut = end;
    }
    end += 1;
    if (cut >= 0) break;
  }
  if (cut >= 0) end = cut;
  token.word = findWord(text, position, end);
  const entry = wordEntry(token.word);
  let type = entry?.type ?? nameType;
  if (entry !== undefined) {
    if ((entry.traits & wordTraits.shared) !== 0 && text.charCodeAt(skipSpace(text, end)) === 40) type = functionType;
  }
  return setToken(token, type, position, end - position);
}

const gapMax = 64;

/** First byte from `from` that is no white space; looks a bounded way ahead. */
function skipSpace(text: string, from: number): number {
  let index = from;
  while (index < text.length && index - from < gapMax && isSpace(text.charCodeAt(index))) index += 1;
  return index;
}
