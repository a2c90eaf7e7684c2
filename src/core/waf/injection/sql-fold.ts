// Folds tokens while they are read: what does not change the shape of a statement falls away, until five are left.
// "1+2" is a number, "select - 1" is "select 1", "a.b" is a name. Each fold takes a token away, so the work is linear.
import { emptyReader, readTail, readToken, type SqlReader } from "./sql-lexer.ts";
import { emptyToken, typeOf, type LexedToken } from "./sql-token.ts";
import { indexOfWord, joinWords, wordEntry, wordTraits } from "./sql-words.ts";

/** A fingerprint has at most this many classes. */
export const foldedTokensMax = 5;

export interface SqlFold {
  readonly reader: SqlReader;
  /** The first `count` are the folded tokens. */
  readonly tokens: LexedToken[];
  count: number;
  /** A comment that ended the value so far. */
  comment: LexedToken;
  hasComment: boolean;
  hasMore: boolean;
}

const [name, number, string, variable] = [typeOf("n"), typeOf("1"), typeOf("s"), typeOf("v")];
const [operator, logic, keyword, expression] = [typeOf("o"), typeOf("&"), typeOf("k"), typeOf("E")];
const [group, union, statement, sqlType] = [typeOf("B"), typeOf("U"), typeOf("T"), typeOf("t")];
const [func, collate, comment, hostile] = [typeOf("f"), typeOf("A"), typeOf("c"), typeOf("X")];
const [opens, closes, comma, dot] = [typeOf("("), typeOf(")"), typeOf(","), typeOf(".")];
const [semicolon, braceOpens, braceCloses, backslash] = [typeOf(";"), typeOf("{"), typeOf("}"), typeOf("\\")];

const ifWord = indexOfWord("IF");
const userWord = indexOfWord("USER");
const inWords: ReadonlySet<number> = new Set([indexOfWord("IN"), indexOfWord("NOT IN")]);
const likeWords: ReadonlySet<number> = new Set([indexOfWord("LIKE"), indexOfWord("NOT LIKE")]);

export function emptyFold(): SqlFold {
  return {
    reader: emptyReader(),
    tokens: Array.from({ length: foldedTokensMax + 3 }, emptyToken),
    count: 0,
    comment: emptyToken(),
    hasComment: false,
    hasMore: true,
  };
}

export interface SqlContext {
  /** Quote that the value is taken to stand in; 0 for none. */
  readonly quote: number;
  readonly isMysql: boolean;
}

/** Reads and folds the whole of `text` in a context; the result is in `fold.tokens`, `fold.count`. */
export function foldSql(fold: SqlFold, text: string, context: SqlContext): void {
  const { reader } = fold;
  reader.text = text;
  reader.position = 0;
  reader.isMysql = context.isMysql;
  reader.tokens = 0;
  reader.comparisons = 0;
  reader.comments = 0;
  reader.operators = 0;
  reader.ambiguousComments = 0;
  fold.count = 0;
  fold.hasComment = false;
  fold.hasMore = true;
  if (context.quote !== 0 && text !== "") {
    readTail(reader, at(fold, 0), context.quote);
    fold.count = 1;
  } else if (!skipPrelude(fold)) return;
  foldRest(fold);
}

function at(fold: SqlFold, index: number): LexedToken {
  const token = fold.tokens[index];
  if (token === undefined) throw new RangeError("token out of the fold");
  return token;
}

/** Comments, "(", types and signs before the first token say nothing. False when there is nothing else. */
function skipPrelude(fold: SqlFold): boolean {
  const first = at(fold, 0);
  while (readToken(fold.reader, first)) {
    const isPrelude = first.type === comment || first.type === opens || first.type === sqlType || isUnary(fold, first);
    if (!isPrelude) {
      fold.count = 1;
      return true;
    }
  }
  return false;
}

/** Reads until `wanted` tokens stand from `left` on, or none is left; comments are kept aside. */
function fill(fold: SqlFold, left: number, wanted: number): boolean {
  while (fold.hasMore && fold.count <= foldedTokensMax && fold.count - left < wanted) {
    const token = at(fold, fold.count);
    fold.hasMore = readToken(fold.reader, token);
    if (!fold.hasMore) break;
    fold.hasComment = token.type === comment;
    if (fold.hasComment) {
      fold.tokens[fold.count] = fold.comment;
      fold.comment = token;
    } else fold.count += 1;
  }
  return fold.count - left >= wanted;
}

function foldRest(fold: SqlFold): void {
  let left = 0;
  for (;;) {
    if (fold.count >= foldedTokensMax && foldFive(fold)) left = 0;
    if (!fold.hasMore || left >= foldedTokensMax) {
      left = fold.count;
      break;
    }
    if (!fill(fold, left, 2)) {
      left = fold.count;
      continue;
    }
    let next = foldPair(fold, left);
    if (next === settled) return;
    if (next === kept) next = fill(fold, left, 3) ? foldTriple(fold, left) : fold.count;
    left = next === kept ? left + 1 : next;
  }
  if (fold.count < foldedTokensMax && fold.hasComment) {
    const place = fold.count;
    const spare = at(fold, place);
    fold.tokens[place] = fold.comment;
    fold.comment = spare;
    fold.count += 1;
  }
  if (fold.count > foldedTokensMax) fold.count = foldedTokensMax;
}

/** Answers of the folds: nothing folded; or nothing more to read. Else the place to go on from. */
const kept = -1;
const settled = -2;

/** Takes `length` tokens away from `index` on. */
function remove(fold: SqlFold, index: number, length = 1): void {
  for (let round = 0; round < length; round++) {
    const gone = at(fold, index);
    for (let place = index; place < fold.count - 1; place++) fold.tokens[place] = at(fold, place + 1);
    fold.tokens[fold.count - 1] = gone;
    fold.count -= 1;
  }
}

function isUnary(fold: SqlFold, token: LexedToken): boolean {
  if (token.type !== operator) return false;
  if (token.word >= 0) return ((wordEntry(token.word)?.traits ?? 0) & wordTraits.unary) !== 0;
  const first = fold.reader.text.charCodeAt(token.start);
  if (token.length === 2) return first === 33 && fold.reader.text.charCodeAt(token.start + 1) === 33;
  return token.length === 1 && (first === 43 || first === 45 || first === 33 || first === 126);
}

function isArithmetic(fold: SqlFold, token: LexedToken): boolean {
  return token.type === operator && token.length === 1 && "*/-+%".includes(fold.reader.text.charAt(token.start));
}

function isOf(type: number, classes: readonly number[]): boolean {
  return classes.includes(type);
}

const values: readonly number[] = [name, number, string, variable];
const typed: readonly number[] = [name, number, sqlType, opens, func, variable, string];
const joinsLeft: readonly number[] = [keyword, name, operator, union, func, expression, statement, sqlType];

/** Two tokens that stand for one. */
function foldPair(fold: SqlFold, left: number): number {
  const one = at(fold, left);
  const two = at(fold, left + 1);
  if (one.type === two.type && (one.type === string || one.type === semicolon)) {
    fold.count -= 1;
    return left;
  }
  if ((one.type === operator || one.type === logic) && (isUnary(fold, two) || two.type === sqlType)) {
    fold.count -= 1;
    return 0;
  }
  if (one.type === opens && isUnary(fold, two)) {
    fold.count -= 1;
    return Math.max(left - 1, 0);
  }
  if (joinPhrase(fold, one, two)) {
    fold.count -= 1;
    return Math.max(left - 1, 0);
  }
  return foldPairByMeaning(fold, left);
}

function joinPhrase(fold: SqlFold, one: LexedToken, two: LexedToken): boolean {
  if (one.word < 0 || two.word < 0 || !isOf(one.type, joinsLeft)) return false;
  if (two.type !== logic && !isOf(two.type, joinsLeft)) return false;
  const phrase = joinWords(one.word, two.word);
  const entry = wordEntry(phrase);
  if (entry === undefined) return false;
  one.joined = `${textOf(fold, one)} ${textOf(fold, two)}`;
  one.length = one.joined.length;
  one.end = two.end;
  one.type = entry.type;
  one.word = phrase;
  return true;
}

/** The bytes of a token, without quotes. */
export function textOf(fold: SqlFold, token: LexedToken): string {
  return token.joined === "" ? fold.reader.text.slice(token.start, token.start + token.length) : token.joined;
}

function foldPairByMeaning(fold: SqlFold, left: number): number {
  const one = at(fold, left);
  const two = at(fold, left + 1);
  const isCallable = ((wordEntry(one.word)?.traits ?? 0) & wordTraits.callable) !== 0;
  if (one.type === semicolon && two.type === func && two.word === ifWord) {
    two.type = statement;
    return left;
  }
  if ((one.type === name || one.type === variable) && two.type === opens && isCallable) {
    one.type = func;
    return left;
  }
  if (one.type === keyword && inWords.has(one.word)) {
    one.type = two.type === opens ? operator : name;
    return left;
  }
  if (one.type === operator && two.type === opens && likeWords.has(one.word)) {
    one.type = func;
    return kept;
  }
  if (one.type === sqlType && isOf(two.type, typed)) {
    remove(fold, left);
    return 0;
  }
  if (one.type === collate && two.type === name && textOf(fold, two).includes("_")) {
    two.type = sqlType;
    return kept;
  }
  if (one.type === backslash) {
    if (isArithmetic(fold, two)) one.type = number;
    else remove(fold, left);
    return 0;
  }
  return foldBrackets(fold, left);
}

function foldBrackets(fold: SqlFold, left: number): number {
  const one = at(fold, left);
  const two = at(fold, left + 1);
  if (one.type === two.type && (one.type === opens || one.type === closes)) {
    fold.count -= 1;
    return 0;
  }
  if (one.type === braceOpens && two.type === name) {
    // A name of no bytes after "{": MySQL takes it, and hides a statement behind it.
    if (two.length === 0) {
      two.type = hostile;
      fold.count = left + 2;
      return settled;
    }
    remove(fold, left, 2);
    return 0;
  }
  if (two.type === braceCloses) {
    fold.count -= 1;
    return 0;
  }
  return kept;
}

/** Three tokens that stand for one or two; the last of them is the third. */
function foldTriple(fold: SqlFold, left: number): number {
  const one = at(fold, left).type;
  const two = at(fold, left + 1).type;
  const three = at(fold, left + 2).type;
  if (two === operator) {
    const isTerm = isOf(one, values) && one !== string;
    const takesName = three === number || three === name;
    if (isTerm && (takesName || (one === variable && three === variable))) return cut(fold, 2);
    if (isOf(one, values) && three === sqlType && isTypeCast(fold, at(fold, left + 1))) return cut(fold, 2);
  }
  if (one === operator && two !== opens && three === operator) return cut(fold, 2);
  if (one === logic && three === logic) return cut(fold, 2);
  if (two === comma && isOf(one, values) && isOf(three, values)) return cut(fold, 2);
  if (isUnary(fold, at(fold, left + 1))) {
    const next = foldUnary(fold, left);
    if (next !== kept) return next;
  }
  if (two === dot && one === name && three === name) return cut(fold, 2);
  if (two === dot && one === expression && three === name) return drop(fold, left + 1);
  // USER() is a function, USER(x) is not.
  if (one === func && two === opens && three !== closes && at(fold, left).word === userWord) at(fold, left).type = name;
  return kept;
}

/** Takes the last tokens away and starts over. */
function cut(fold: SqlFold, length: number): number {
  fold.count -= length;
  return 0;
}

function drop(fold: SqlFold, index: number): number {
  remove(fold, index);
  return 0;
}

function isTypeCast(fold: SqlFold, token: LexedToken): boolean {
  return token.length === 2 && fold.reader.text.charCodeAt(token.start) === 58;
}

/** A sign before a value: not an operation. */
function foldUnary(fold: SqlFold, left: number): number {
  const one = at(fold, left).type;
  const three = at(fold, left + 2).type;
  const isValue = isOf(three, values);
  if (three === opens && (one === expression || one === group || one === comma)) return drop(fold, left + 1);
  if ((isValue || three === func) && (one === keyword || one === expression || one === group))
    return drop(fold, left + 1);
  // In a list a signed value goes with its comma: "1, -2" is a number.
  if (one === comma && isValue) return cut(fold, Math.min(3, fold.count));
  if (one === comma && three === func) return drop(fold, left + 1);
  return kept;
}

/** Five tokens that are one value: a parenthesis that was folded into it, or a list of lists. */
function foldFive(fold: SqlFold): boolean {
  const [one, two, three, four, five] = fold.tokens;
  if (one === undefined || two === undefined || three === undefined || four === undefined || five === undefined)
    return false;
  const isNumberTerm =
    one.type === number &&
    (two.type === operator || two.type === comma) &&
    three.type === opens &&
    four.type === number &&
    five.type === closes;
  const isNameTerm =
    one.type === name &&
    two.type === operator &&
    three.type === opens &&
    (four.type === name || four.type === number) &&
    five.type === closes;
  const isList =
    one.type === number && two.type === closes && three.type === comma && four.type === opens && five.type === number;
  const isBroken =
    one.type === name && two.type === closes && three.type === operator && four.type === opens && five.type === name;
  if (!isNumberTerm && !isNameTerm && !isList && !isBroken) return false;
  if (fold.count > foldedTokensMax) {
    const next = at(fold, foldedTokensMax);
    fold.tokens[foldedTokensMax] = two;
    fold.tokens[1] = next;
    fold.count = 2;
  } else fold.count = 1;
  return true;
}
