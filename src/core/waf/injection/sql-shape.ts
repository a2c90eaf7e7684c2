// What the rules ask of folded tokens: classes, words, calls, comments that cut a statement off.
import type { SqlFold } from "./sql-fold.ts";
import type { LexedToken } from "./sql-token.ts";
import { wordEntry, wordTraits } from "./sql-words.ts";

/** Folded tokens as the rules see them. */
export interface SqlShape {
  /** One letter a token. */
  readonly classes: string;
  readonly fold: SqlFold;
  /** The first token is a string that the value closes: it stood in quotes. */
  readonly isClosed: boolean;
}

/** Code of a token's class at `index`; 0 past the end. */
export function codeAt(fold: SqlFold, index: number): number {
  return index < fold.count ? (fold.tokens[index]?.type ?? 0) : 0;
}

export function shapeToken(shape: SqlShape, index: number): LexedToken | undefined {
  return index < shape.fold.count ? shape.fold.tokens[index] : undefined;
}

/** True when the word at `index` has all of the traits. */
export function hasTrait(shape: SqlShape, index: number, trait: number): boolean {
  const entry = wordEntry(shapeToken(shape, index)?.word ?? -1);
  return entry !== undefined && (entry.traits & trait) === trait;
}

export function isWord(shape: SqlShape, index: number, word: string): boolean {
  return wordEntry(shapeToken(shape, index)?.word ?? -1)?.text === word;
}

/** No byte between the token at `index` and the next. */
export function isAdjacent(shape: SqlShape, index: number): boolean {
  const one = shapeToken(shape, index);
  const two = shapeToken(shape, index + 1);
  return one !== undefined && two !== undefined && one.end === two.start;
}

/** A call: a function right before its "(". Names that are plain English as well are left out where `kind` says so. */
export function isCall(shape: SqlShape, index: number, kind: "any" | "plain" | "hostile"): boolean {
  if (shape.classes.charAt(index) !== "f" || shape.classes.charAt(index + 1) !== "(") return false;
  if (!isAdjacent(shape, index)) return false;
  if (kind === "hostile") return hasTrait(shape, index, wordTraits.hostile);
  return kind === "any" || !hasTrait(shape, index, wordTraits.shared);
}

/** A comment that cuts a statement off: nothing a reader would want to read is in it. */
export function isCutting(shape: SqlShape, index: number): boolean {
  if (shape.classes.charAt(index) !== "c") return false;
  const token = shapeToken(shape, index);
  if (token === undefined) return false;
  const { text } = shape.fold.reader;
  if (text.charCodeAt(token.start) === 47 && text.startsWith("*/", token.end - 2) && token.end - token.start > 3)
    return true;
  return !/[A-Za-z0-9\x80-\xff]/.test(text.slice(token.start, token.start + token.length));
}

/** Letters of the folded classes. */
export function classesOf(fold: SqlFold): string {
  let classes = "";
  for (let index = 0; index < fold.count; index++) classes += String.fromCharCode(codeAt(fold, index));
  return classes;
}

export function isStar(shape: SqlShape, index: number): boolean {
  const token = shapeToken(shape, index);
  return (
    token !== undefined && shape.classes.charAt(index) === "o" && shape.fold.reader.text.charCodeAt(token.start) === 42
  );
}
