// From text to logical lines: byte order mark, line endings, parser directives, comments, continuation, heredocs. Promise: each physical
// line is looked at once, nothing throws.
import type { Heredoc, ParseProblem, Segment } from "./model.ts";
import { parseLimits } from "./model.ts";
import { heredocsOf } from "./heredoc.ts";

export interface LogicalLine {
  readonly text: string;
  readonly segments: readonly Segment[];
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly heredocs: readonly Heredoc[];
  /** Comment lines directly before it, since the instruction before: text after "#", with its line and column. */
  readonly comments: readonly Comment[];
}

export interface Comment {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

export interface Lines {
  readonly lines: readonly LogicalLine[];
  /** After the last instruction. */
  readonly trailing: readonly Comment[];
  readonly directives: ReadonlyMap<string, string>;
  readonly escape: string;
  readonly problems: readonly ParseProblem[];
}

interface Reader {
  readonly text: string;
  at: number;
  line: number;
}

/** The next physical line without its ending, or undefined at the end. */
function nextLine(reader: Reader): string | undefined {
  if (reader.at >= reader.text.length) return undefined;
  const newline = reader.text.indexOf("\n", reader.at);
  let end = newline < 0 ? reader.text.length : newline;
  const start = reader.at;
  reader.at = end + 1;
  reader.line++;
  if (end > start && reader.text.charCodeAt(end - 1) === 13) end--;
  return reader.text.slice(start, end);
}

/** Splits a Dockerfile into its instructions' joined texts. */
export function logicalLines(text: string): Lines {
  const reader: Reader = { text, at: text.charCodeAt(0) === 0xfeff ? 1 : 0, line: 0 };
  const problems: ParseProblem[] = [];
  const { directives, escape } = readDirectives(reader, problems);
  const lines: LogicalLine[] = [];
  let comments: Comment[] = [];
  for (let raw = nextLine(reader); raw !== undefined; raw = nextLine(reader)) {
    const indent = indentOf(raw);
    if (indent === raw.length) continue;
    if (raw.charCodeAt(indent) === 35) {
      comments.push({ text: raw.slice(indent + 1), line: reader.line, column: indent + 1 });
      continue;
    }
    if (lines.length >= parseLimits.instructionsMax) {
      problems.push(limitProblem(reader.line));
      break;
    }
    lines.push(readInstruction(reader, { raw, indent, escape, comments, problems }));
    comments = [];
  }
  return { lines, trailing: comments, directives, escape, problems };
}

function limitProblem(line: number): ParseProblem {
  const message = `more than ${parseLimits.instructionsMax} instructions: the rest was not looked at`;
  return { kind: "limit", line, column: 1, message, fix: "Split the file." };
}

function indentOf(line: string): number {
  let at = 0;
  while (at < line.length && (line.charCodeAt(at) === 32 || line.charCodeAt(at) === 9)) at++;
  return at;
}

const knownDirectives = new Set(["syntax", "escape", "check"]);

/** "# name=value" at the very top, until the first line that is something else. */
function readDirectives(
  reader: Reader,
  problems: ParseProblem[],
): { directives: ReadonlyMap<string, string>; escape: string } {
  const directives = new Map<string, string>();
  let escape = "\\";
  for (;;) {
    const { at, line } = reader;
    const directive = directiveOf(nextLine(reader));
    if (directive === undefined || !knownDirectives.has(directive.name)) {
      reader.at = at;
      reader.line = line;
      return { directives, escape };
    }
    const problem = { kind: "parse", line: reader.line, column: 1 } as const;
    if (directives.has(directive.name)) {
      problems.push({ ...problem, message: `the directive ${directive.name} stands twice`, fix: "Keep one of them." });
    }
    directives.set(directive.name, directive.value);
    if (directive.name !== "escape") continue;
    if (directive.value === "\\" || directive.value === "`") escape = directive.value;
    else problems.push({ ...problem, message: "the escape character is neither \\ nor `", fix: "Write # escape=`." });
  }
}

function directiveOf(line: string | undefined): { name: string; value: string } | undefined {
  if (line === undefined) return undefined;
  const indent = indentOf(line);
  if (line.charCodeAt(indent) !== 35) return undefined;
  const sign = line.indexOf("=", indent);
  if (sign < 0) return undefined;
  const name = line.slice(indent + 1, sign).trim();
  const value = line.slice(sign + 1).trim();
  return /^[A-Za-z][A-Za-z0-9]{0,30}$/.test(name) && value !== "" ? { name: name.toLowerCase(), value } : undefined;
}

interface Begun {
  readonly raw: string;
  readonly indent: number;
  readonly escape: string;
  readonly comments: readonly Comment[];
  readonly problems: ParseProblem[];
}

function readInstruction(reader: Reader, { raw, indent, escape, comments, problems }: Begun): LogicalLine {
  const line = reader.line;
  const segments: Segment[] = [{ start: 0, line, column: indent + 1 }];
  let cut = continued(raw, escape);
  const parts = [raw.slice(indent, Math.max(indent, cut < 0 ? raw.length : cut))];
  let length = parts[0]?.length ?? 0;
  let endLine = line;
  let blankLine = 0;
  while (cut >= 0) {
    const next = nextLine(reader);
    if (next === undefined) break;
    const begin = indentOf(next);
    if (begin === next.length) {
      blankLine ||= reader.line;
      continue;
    }
    if (next.charCodeAt(begin) === 35) continue;
    endLine = reader.line;
    cut = continued(next, escape);
    const part = cut < 0 ? next : next.slice(0, cut);
    segments.push({ start: length, line: endLine, column: 1 });
    parts.push(part);
    length += part.length;
  }
  if (blankLine > 0) {
    const message = "an empty line inside a continued instruction";
    problems.push({ kind: "empty-continuation", line: blankLine, column: 1, message, fix: "Take the empty line out." });
  }
  const text = parts.length === 1 ? (parts[0] ?? "") : parts.join("");
  const heredocs = readHeredocs(reader, text, problems);
  const last = heredocs.length === 0 ? endLine : reader.line;
  return { text, segments, line, column: indent + 1, endLine: last, heredocs, comments };
}

/** Where the escape character that continues the line stands; -1 when the line ends here. */
function continued(line: string, escape: string): number {
  let end = line.length;
  while (end > 0 && (line.charCodeAt(end - 1) === 32 || line.charCodeAt(end - 1) === 9)) end--;
  if (end === 0 || line[end - 1] !== escape) return -1;
  return end >= 2 && line[end - 2] === escape ? -1 : end - 1;
}

function readHeredocs(reader: Reader, text: string, problems: ParseProblem[]): readonly Heredoc[] {
  if (!text.includes("<<")) return [];
  const found: Heredoc[] = [];
  const line = reader.line;
  for (const { name, isQuoted, isStripped } of heredocsOf(text)) {
    const first = reader.line + 1;
    const content: string[] = [];
    let isClosed = false;
    for (let raw = nextLine(reader); raw !== undefined; raw = nextLine(reader)) {
      const stripped = isStripped ? raw.replace(/^\t+/, "") : raw;
      isClosed = stripped === name;
      if (isClosed) break;
      content.push(stripped);
    }
    found.push({ name, isQuoted, content: content.join("\n"), line: first });
    if (isClosed) continue;
    const message = `the heredoc ${name} has no end`;
    problems.push({ kind: "parse", line, column: 1, message, fix: `End it with a line ${name}.` });
    break;
  }
  return found;
}
