// What a backslash begins: one byte, a class of bytes, an assertion or a reference. ASCII and single bytes only, as PCRE without UTF reads patterns.
import {
  complement,
  digitSet,
  fullSet,
  horizontalSet,
  noNewlineSet,
  setOf,
  spaceSet,
  verticalSet,
  wordSet,
  type ByteSet,
} from "./byte-set.ts";
import { badPattern, peek, takeIf, takeMatch, takeUntil, type PatternReader } from "./pattern-reader.ts";
import type { Assertion } from "./syntax.ts";

export type Escape =
  | { readonly kind: "byte"; readonly byte: number }
  | { readonly kind: "set"; readonly set: ByteSet }
  | { readonly kind: "assert"; readonly assertion: Assertion }
  | { readonly kind: "newline" }
  | { readonly kind: "quoted"; readonly text: string }
  /** A number or a name; relative ones are resolved. */
  | { readonly kind: "back"; readonly reference: number | string };

const sets: Readonly<Record<string, ByteSet>> = {
  d: digitSet,
  D: complement(digitSet),
  w: wordSet,
  W: complement(wordSet),
  s: spaceSet,
  S: complement(spaceSet),
  h: horizontalSet,
  H: complement(horizontalSet),
  v: verticalSet,
  V: complement(verticalSet),
  N: noNewlineSet,
  C: fullSet,
};

const bytes: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };

const assertions: Readonly<Record<string, Assertion>> = {
  A: "textStart",
  z: "textEnd",
  Z: "textEndLoose",
  b: "wordBoundary",
  B: "notWordBoundary",
};

/** Constructs of PCRE that are refused by name. */
const refused: Readonly<Record<string, string>> = {
  G: "\\G (start of search)",
  K: "\\K (reset of the match's start)",
  X: "\\X (Unicode cluster)",
  p: "\\p (Unicode property)",
  P: "\\P (Unicode property)",
  L: "\\L (case change)",
  U: "\\U (case change)",
  u: "\\u (case change)",
  l: "\\l (case change)",
};

function byteOf(reader: PatternReader, digits: string, radix: number, start: number): Escape {
  const byte = digits === "" ? 0 : Number.parseInt(digits, radix);
  if (!(byte <= 255)) throw badPattern(reader, `character ${digits} is no byte`, start);
  return { kind: "byte", byte };
}

function readHex(reader: PatternReader, start: number): Escape {
  if (!takeIf(reader, "{")) return byteOf(reader, takeMatch(reader, /[0-9A-Fa-f]{0,2}/y), 16, start);
  const digits = takeUntil(reader, "}", "\\x{");
  if (!/^[0-9A-Fa-f]{1,8}$/.test(digits)) throw badPattern(reader, "\\x{...} wants hexadecimal digits", start);
  return byteOf(reader, digits, 16, start);
}

function reference(reader: PatternReader, text: string, groupsBefore: number): Escape {
  if (!/^[+-]?\d{1,5}$/.test(text)) return { kind: "back", reference: text };
  const number = Number(text);
  const index = text.startsWith("-") ? groupsBefore + 1 + number : number;
  if (index < 1) throw badPattern(reader, "reference to a group that does not exist");
  return { kind: "back", reference: index };
}

function readReference(reader: PatternReader, letter: string, groupsBefore: number): Escape {
  for (const [open, close] of [
    ["{", "}"],
    ["<", ">"],
    ["'", "'"],
  ] as const) {
    if (takeIf(reader, open)) return reference(reader, takeUntil(reader, close, `\\${letter}`), groupsBefore);
  }
  const digits = letter === "g" ? takeMatch(reader, /-?\d{1,5}/y) : "";
  if (digits === "") throw badPattern(reader, `\\${letter} wants a group`);
  return reference(reader, digits, groupsBefore);
}

function readDigits(reader: PatternReader, start: number, groupsAll: number, isInClass: boolean): Escape {
  if (peek(reader) !== "0" && !isInClass) {
    const digits = takeMatch(reader, /\d{1,5}/y);
    const number = Number(digits);
    if (number < 10 || number <= groupsAll) return { kind: "back", reference: number };
    reader.at -= digits.length;
  }
  const octal = takeMatch(reader, /[0-7]{1,3}/y);
  if (octal !== "") return byteOf(reader, octal, 8, start);
  return { kind: "byte", byte: takeMatch(reader, /\d/y).charCodeAt(0) };
}

export interface EscapePlace {
  readonly isInClass: boolean;
  /** Capturing groups opened before here, and in the whole pattern. */
  readonly groupsBefore: number;
  readonly groupsAll: number;
}

/** Reads what stands after a backslash; the reader is behind the backslash. Throws a Fault for what is refused. */
export function readEscape(reader: PatternReader, place: EscapePlace): Escape {
  const start = reader.at - 1;
  const letter = peek(reader);
  if (letter === "") throw badPattern(reader, "backslash at the end", start);
  if (letter >= "0" && letter <= "9") return readDigits(reader, start, place.groupsAll, place.isInClass);
  reader.at += 1;
  if (letter === "x") return readHex(reader, start);
  if (letter === "o" && takeIf(reader, "{")) return byteOf(reader, takeUntil(reader, "}", "\\o{"), 8, start);
  if (letter === "c") {
    const control = peek(reader).toUpperCase();
    if (control === "") throw badPattern(reader, "\\c at the end", start);
    reader.at += 1;
    return { kind: "byte", byte: (control.charCodeAt(0) ^ 64) & 255 };
  }
  if (letter === "Q") return { kind: "quoted", text: takeQuoted(reader) };
  if (letter === "E") return { kind: "quoted", text: "" };
  if (place.isInClass && letter === "b") return { kind: "byte", byte: 8 };
  if (!place.isInClass) {
    const assertion = assertions[letter];
    if (assertion !== undefined) return { kind: "assert", assertion };
    if (letter === "R") return { kind: "newline" };
    if (letter === "g" || letter === "k") return readReference(reader, letter, place.groupsBefore);
  }
  const set = sets[letter];
  if (set !== undefined) return { kind: "set", set };
  const named = refused[letter];
  if (named !== undefined) throw badPattern(reader, `${named} is not supported`, start);
  return { kind: "byte", byte: bytes[letter] ?? letter.charCodeAt(0) & 255 };
}

function takeQuoted(reader: PatternReader): string {
  const to = reader.source.indexOf("\\E", reader.at);
  const text = reader.source.slice(reader.at, to < 0 ? undefined : to);
  reader.at = to < 0 ? reader.source.length : to + 2;
  return text;
}

/** One newline that is not CR LF, for `\R`. */
export const newlineSet: ByteSet = setOf([10, 13]);
