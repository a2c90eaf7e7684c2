// Lines to directives: comments and continuation lines gone, arguments cut, and from every character of an argument the way back to its line and column.
// Never throws, whatever the text.
import type { SourcePosition } from "../position.ts";

/** One directive as it stands in a file, continuation lines joined. */
export interface Directive {
  /** As written: "SecRule". */
  readonly name: string;
  readonly position: SourcePosition;
  readonly arguments: readonly Argument[];
  /** Why the arguments could not be cut; undefined: they could. */
  readonly broken: { readonly message: string; readonly hint: string; readonly position: SourcePosition } | undefined;
  /** Bytes of the whole directive. */
  readonly bytes: number;
}

export interface Argument {
  /** Without its quotes, escaped quotes unescaped; other backslashes as they are. */
  readonly text: string;
  /** Where character `index` of `text` stands. */
  positionAt(index: number): SourcePosition;
}

interface Line {
  /** Where the line begins in the joined text. */
  readonly start: number;
  readonly line: number;
  /** Characters cut off at its left. */
  readonly indent: number;
}

interface Joined {
  readonly text: string;
  readonly lines: readonly Line[];
  readonly next: number;
}

const byteOrderMark = "\u00ef\u00bb\u00bf";

/** All directives of a file, in order. */
export function directivesOf(file: string, text: string): readonly Directive[] {
  const physical = (text.startsWith(byteOrderMark) ? text.slice(3) : text).split("\n");
  const directives: Directive[] = [];
  for (let index = 0; index < physical.length;) {
    const joined = joinFrom(physical, index);
    index = joined.next;
    if (joined.text !== "") directives.push(directiveOf(file, joined));
  }
  return directives;
}

/** The lines of a directive or of a comment that begins at `index`; the text is empty where nothing is said. */
function joinFrom(physical: readonly string[], index: number): Joined {
  const first = trimEnd(physical[index] ?? "");
  const isComment = first.trimStart().startsWith("#");
  // A directive that was commented out takes its continuation lines with it, even those without a mark of their own; prose that ends in a backslash does not.
  const isContinued = isComment ? /^\s*#+\s*Sec[A-Za-z]+[ \t]/.test(first) : true;
  const lines: Line[] = [];
  const pieces: string[] = [];
  let length = 0;
  let at = index;
  for (; at < physical.length; at += 1) {
    const raw = trimEnd(physical[at] ?? "");
    const goesOn = isContinued && raw.endsWith("\\");
    const body = goesOn ? raw.slice(0, -1) : raw;
    const piece = at === index ? body.trimStart() : body;
    lines.push({ start: length, line: at + 1, indent: body.length - piece.length });
    pieces.push(piece);
    length += piece.length;
    if (!goesOn) break;
  }
  return { text: isComment ? "" : trimEnd(pieces.join("")), lines, next: at + 1 };
}

/** Only spaces, tabs and carriage returns: other bytes belong to the text. */
function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return end === line.length ? line : line.slice(0, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 11 || code === 12;
}

function directiveOf(file: string, joined: Joined): Directive {
  const at = (offset: number): SourcePosition => positionIn(file, joined.lines, offset);
  const name = /^[^\s"']*/.exec(joined.text)?.[0] ?? "";
  const cut = cutArguments(joined.text, name.length, at);
  return { name, position: at(0), arguments: cut.arguments, broken: cut.broken, bytes: joined.text.length };
}

function positionIn(file: string, lines: readonly Line[], offset: number): SourcePosition {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  const line = lines[low] ?? { start: 0, line: 1, indent: 0 };
  return { file, line: line.line, column: offset - line.start + line.indent + 1 };
}

type At = (offset: number) => SourcePosition;

function cutArguments(text: string, from: number, at: At): Pick<Directive, "arguments" | "broken"> {
  const found: Argument[] = [];
  let index = from;
  for (;;) {
    while (index < text.length && isBlank(text.charCodeAt(index))) index += 1;
    if (index >= text.length) return { arguments: found, broken: undefined };
    const quote = text[index];
    const cut = quote === '"' || quote === "'" ? quotedFrom(text, index) : bareFrom(text, index);
    if (cut.end === undefined) {
      const message = `the text that begins with ${quote === "'" ? "a single" : "a double"} quote has no end`;
      return {
        arguments: found,
        broken: { message, hint: "close the quote, or end the line with a backslash to go on", position: at(index) },
      };
    }
    const { raw, start, end } = cut;
    found.push(argumentOf(raw, start, quote, at));
    if (end < text.length && !isBlank(text.charCodeAt(end))) {
      const message = "something follows the closing quote";
      return {
        arguments: found,
        broken: { message, hint: 'a quote inside the text is written \\"', position: at(end) },
      };
    }
    index = end;
  }
}

interface Cut {
  readonly raw: string;
  readonly start: number;
  /** Of what comes after; undefined: the quote is open. */
  readonly end: number | undefined;
}

function quotedFrom(text: string, open: number): Cut {
  const quote = text.charCodeAt(open);
  let index = open + 1;
  while (index < text.length && text.charCodeAt(index) !== quote) index += text.charCodeAt(index) === 92 ? 2 : 1;
  if (index >= text.length) return { raw: "", start: open + 1, end: undefined };
  return { raw: text.slice(open + 1, index), start: open + 1, end: index + 1 };
}

/** To the next blank; blanks inside `:'...'` belong to a quoted selector. */
function bareFrom(text: string, start: number): Cut {
  let index = start;
  while (index < text.length && !isBlank(text.charCodeAt(index))) {
    if (text[index] === "'" && text[index - 1] === ":") {
      const quoted = quotedFrom(text, index);
      index = quoted.end ?? index + 1;
    } else index += 1;
  }
  return { raw: text.slice(start, index), start, end: index };
}

function argumentOf(raw: string, start: number, quote: string | undefined, at: At): Argument {
  if (quote !== '"' && quote !== "'") return { text: raw, positionAt: (index) => at(start + index) };
  const escaped = `\\${quote}`;
  if (!raw.includes(escaped)) return { text: raw, positionAt: (index) => at(start + index) };
  const gone: number[] = [];
  let text = "";
  let from = 0;
  for (let index = 0; index < raw.length; index += 1) {
    if (raw.charCodeAt(index) !== 92) continue;
    if (raw[index + 1] === quote) {
      text += raw.slice(from, index);
      gone.push(text.length);
      from = index + 1;
    }
    index += 1;
  }
  text += raw.slice(from);
  return { text, positionAt: (index) => at(start + index + countUpTo(gone, index)) };
}

function countUpTo(sorted: readonly number[], index: number): number {
  let count = 0;
  for (const each of sorted) if (each <= index) count += 1;
  return count;
}
