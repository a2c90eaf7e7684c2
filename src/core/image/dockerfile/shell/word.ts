// Reads one shell word: quotes, escapes, variables, substitutions. Commands inside substitutions are handed to the script's parser.
import { shellLimits, type ShellWord } from "./script.ts";

export interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
  /** Parses commands up to ")" (or the end), as nested ones. */
  parseNested(this: void, cursor: Cursor): void;
}

/** Characters that end a word when they are not quoted. */
export function isWordEnd(code: number): boolean {
  // blank, tab, newline, carriage return; ; & | ( ) < >
  return (
    code === 32 ||
    (code >= 9 && code <= 13) ||
    code === 59 ||
    code === 38 ||
    code === 124 ||
    code === 40 ||
    code === 41 ||
    code === 60 ||
    code === 62
  );
}

interface Build {
  text: string;
  isQuoted: boolean;
  isOpen: boolean;
  hasSubstitution: boolean;
}

/** The word at the cursor; the cursor is after it. An unclosed quote goes to the end. */
export function readWord(cursor: Cursor): ShellWord {
  const offset = cursor.at;
  const build: Build = { text: "", isQuoted: false, isOpen: false, hasSubstitution: false };
  const { text } = cursor;
  while (cursor.at < text.length) {
    const code = text.charCodeAt(cursor.at);
    if (isWordEnd(code)) break;
    if (code === 92) readEscape(cursor, build);
    else if (code === 39) readSingleQuoted(cursor, build);
    else if (code === 34) readDoubleQuoted(cursor, build);
    else if (code === 36) readDollar(cursor, build);
    else if (code === 96) readBackquoted(cursor, build);
    else readPlain(cursor, build);
  }
  return { ...build, offset };
}

/** As far as nothing special stands. */
function readPlain(cursor: Cursor, build: Build): void {
  const { text } = cursor;
  const start = cursor.at++;
  while (cursor.at < text.length) {
    const code = text.charCodeAt(cursor.at);
    if (isWordEnd(code) || code === 92 || code === 39 || code === 34 || code === 36 || code === 96) break;
    cursor.at++;
  }
  build.text += text.slice(start, cursor.at);
}

function readEscape(cursor: Cursor, build: Build): void {
  const next = cursor.text[cursor.at + 1] ?? "";
  if (next !== "\n") build.text += next;
  cursor.at += 2;
}

function readSingleQuoted(cursor: Cursor, build: Build): void {
  const end = cursor.text.indexOf("'", cursor.at + 1);
  const stop = end < 0 ? cursor.text.length : end;
  build.text += cursor.text.slice(cursor.at + 1, stop);
  build.isQuoted = true;
  cursor.at = stop + 1;
}

function readDoubleQuoted(cursor: Cursor, build: Build): void {
  const { text } = cursor;
  build.isQuoted = true;
  cursor.at++;
  while (cursor.at < text.length) {
    const code = text.charCodeAt(cursor.at);
    if (code === 34) {
      cursor.at++;
      return;
    }
    if (code === 36) readDollar(cursor, build);
    else if (code === 96) readBackquoted(cursor, build);
    else if (code === 92) {
      const next = text[cursor.at + 1] ?? "";
      build.text += next === '"' || next === "\\" || next === "$" || next === "`" ? next : `\\${next}`;
      cursor.at += 2;
    } else {
      const start = cursor.at++;
      while (cursor.at < text.length && !'"$`\\'.includes(text[cursor.at] ?? '"')) cursor.at++;
      build.text += text.slice(start, cursor.at);
    }
  }
}

/** $name, ${...}, $(...), $((...)), $'...'. */
function readDollar(cursor: Cursor, build: Build): void {
  const { text } = cursor;
  const next = text.charCodeAt(cursor.at + 1);
  if (next === 40 && cursor.depth < shellLimits.depthMax) {
    build.isOpen = true;
    if (text.charCodeAt(cursor.at + 2) === 40) {
      skipArithmetic(cursor, cursor.at + 3);
      build.text += "$(())";
      return;
    }
    build.hasSubstitution = true;
    build.text += "$()";
    cursor.at += 2;
    cursor.depth++;
    cursor.parseNested(cursor);
    cursor.depth--;
    return;
  }
  if (next === 123 && cursor.depth < shellLimits.depthMax) return readBraced(cursor, build);
  if (next === 39 && !build.isQuoted) {
    cursor.at++;
    return readAnsiQuoted(cursor, build);
  }
  const start = cursor.at++;
  while (cursor.at < text.length && isNameCode(text.charCodeAt(cursor.at))) cursor.at++;
  if (cursor.at > start + 1) build.isOpen = true;
  build.text += text.slice(start, cursor.at);
}

export function isNameCode(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}

/** ${...} with what nests in it: quotes, braces, substitutions. */
function readBraced(cursor: Cursor, build: Build): void {
  const { text } = cursor;
  build.isOpen = true;
  build.text += "${";
  cursor.at += 2;
  cursor.depth++;
  while (cursor.at < text.length) {
    const code = text.charCodeAt(cursor.at);
    if (code === 125) {
      build.text += "}";
      cursor.at++;
      break;
    }
    if (code === 36) readDollar(cursor, build);
    else if (code === 96) readBackquoted(cursor, build);
    else if (code === 92) readEscape(cursor, build);
    else if (code === 39) readSingleQuoted(cursor, build);
    else build.text += text[cursor.at++] ?? "";
  }
  cursor.depth--;
}

/** $'...': a backslash keeps the next character. */
function readAnsiQuoted(cursor: Cursor, build: Build): void {
  const { text } = cursor;
  const start = ++cursor.at;
  while (cursor.at < text.length && text.charCodeAt(cursor.at) !== 39)
    cursor.at += text.charCodeAt(cursor.at) === 92 ? 2 : 1;
  build.text += text.slice(start, cursor.at);
  build.isQuoted = true;
  cursor.at++;
}

/** `...`: parsed as a script of its own, to the next backquote without a backslash. */
function readBackquoted(cursor: Cursor, build: Build): void {
  const { text } = cursor;
  let end = cursor.at + 1;
  while (end < text.length && text.charCodeAt(end) !== 96) end += text.charCodeAt(end) === 92 ? 2 : 1;
  end = Math.min(end, text.length);
  build.isOpen = true;
  build.hasSubstitution = true;
  build.text += "$()";
  if (cursor.depth < shellLimits.depthMax) {
    const inner: Cursor = { ...cursor, text: text.slice(0, end), at: cursor.at + 1, depth: cursor.depth + 1 };
    cursor.parseNested(inner);
  }
  cursor.at = end + 1;
}

/** To the two brackets that close it; brackets inside are counted. */
export function skipArithmetic(cursor: Cursor, from: number): void {
  const { text } = cursor;
  let depth = 2;
  let at = from;
  while (at < text.length && depth > 0) {
    const code = text.charCodeAt(at++);
    if (code === 40) depth++;
    else if (code === 41) depth--;
  }
  cursor.at = at;
}
