// multipart/form-data as it streams, strict: everything that two readers could understand differently is a flag, as ModSecurity names them. File content is counted, not kept.
import type { BodyLimits, BodyParser, BodySink, BodyVerdict } from "./body-parser.ts";
import { createArgumentGate, createByteGate, createFindings, type Findings } from "./findings.ts";
import { multipartBoundaryOf } from "./multipart-boundary.ts";
import { addContent, addHeaderLine, createPart, endHead, tellPart, type Part } from "./multipart-part.ts";

export interface MultipartOptions {
  /** The request's Content-Type as it came. */
  readonly contentType: string;
}

/** White space that may follow a boundary before its line ends. */
const paddingBytesMax = 128;

interface Reading {
  readonly sink: BodySink;
  readonly limits: BodyLimits;
  readonly findings: Findings;
  readonly argument: (name: string, value: string) => void;
  readonly boundary: string;
  at: "preamble" | "head" | "content" | "epilogue";
  part: Part | undefined;
  parts: number;
  /** What is not decided yet. In preamble and content it begins with the line end that a boundary may follow, or where content goes on. */
  rest: string;
  /** Nothing of the part's content was taken yet: a boundary right here has no line end of its own. */
  isFresh: boolean;
  isCrlfSeen: boolean;
  /** Content of fields so far. Over the limit reading goes on, so that flags are the same however the body was cut. */
  fieldBytes: number;
  /** A line began with two dashes and was no boundary. */
  hasUnmatched: boolean;
}

/** Everything is told when its part ends; the last one, if the body ends without its boundary, is told with an error. */
export function createMultipartParser(sink: BodySink, limits: BodyLimits, options: MultipartOptions): BodyParser {
  const findings = createFindings(limits);
  const { boundary, error, flags } = multipartBoundaryOf(options.contentType);
  if (error !== "") findings.error(error);
  for (const flag of flags) findings.flag(flag);
  const reading: Reading = {
    sink,
    limits,
    findings,
    argument: createArgumentGate(sink, limits, findings),
    boundary: `--${boundary}`,
    at: "preamble",
    part: undefined,
    parts: 0,
    rest: "",
    isFresh: true,
    isCrlfSeen: false,
    fieldBytes: 0,
    hasUnmatched: false,
  };
  let isEmpty = true;
  return {
    write: createByteGate(limits, findings, (text) => {
      if (boundary === "") return;
      isEmpty = false;
      reading.rest += text;
      read(reading, false);
    }),
    end: () => {
      if (!isEmpty) finish(reading);
      return verdictOf(findings);
    },
  };
}

function finish(reading: Reading): void {
  read(reading, true);
  const { part, findings } = reading;
  // Such lines alone are 2: uploads of keys have them. Where the boundaries themselves are not in order they are 1.
  if (reading.hasUnmatched) findings.flag("MULTIPART_UNMATCHED_BOUNDARY", reading.at === "epilogue" ? 2 : 1);
  if (part !== undefined) {
    if (reading.at === "head") endHead(part, findings);
    else takeContent(reading, part, reading.rest);
    tellPart(part, reading.sink, reading.argument);
  }
  if (reading.fieldBytes > reading.limits.fieldBytesMax) findings.stop("fieldBytesMax");
  if (reading.at === "preamble" && reading.rest !== "") findings.flag("MULTIPART_DATA_BEFORE");
  if (reading.at === "preamble") findings.error("multipart: no boundary in the body");
  else if (reading.at !== "epilogue") findings.error("multipart: the final boundary is missing");
}

/** Flags that by themselves make MULTIPART_STRICT_ERROR; so does every error. */
const strict: readonly string[] = [
  "MULTIPART_BOUNDARY_QUOTED",
  "MULTIPART_BOUNDARY_WHITESPACE",
  "MULTIPART_DATA_BEFORE",
  "MULTIPART_DATA_AFTER",
  "MULTIPART_HEADER_FOLDING",
  "MULTIPART_LF_LINE",
  "MULTIPART_MISSING_SEMICOLON",
  "MULTIPART_INVALID_QUOTING",
  "MULTIPART_INVALID_PART",
  "MULTIPART_INVALID_HEADER_FOLDING",
  "MULTIPART_FILE_LIMIT_EXCEEDED",
];

function verdictOf(findings: Findings): BodyVerdict {
  if (findings.hasError || strict.some((flag) => findings.has(flag))) findings.flag("MULTIPART_STRICT_ERROR");
  return findings.verdict();
}

function read(reading: Reading, isEnd: boolean): void {
  let goesOn = true;
  while (goesOn && !reading.findings.isAborted) {
    if (reading.at === "head") goesOn = readHeadLine(reading, isEnd);
    else if (reading.at === "epilogue") {
      if (reading.rest !== "") reading.findings.flag("MULTIPART_DATA_AFTER");
      reading.rest = "";
      goesOn = false;
    } else goesOn = readContent(reading, isEnd);
  }
}

function noteLineEnd(reading: Reading, isCrlf: boolean): void {
  const { findings } = reading;
  if (isCrlf) reading.isCrlfSeen = true;
  else findings.flag("MULTIPART_LF_LINE");
  if (reading.isCrlfSeen && findings.has("MULTIPART_LF_LINE")) findings.flag("MULTIPART_CRLF_LF_LINES");
}

/** One line of a part's head. False: more text is needed. */
function readHeadLine(reading: Reading, isEnd: boolean): boolean {
  const { rest, part, limits, findings } = reading;
  if (part === undefined) return false;
  const end = rest.indexOf("\n");
  if (end < 0) {
    if (isHeadTooLong(reading, part)) findings.stop("partHeaderBytesMax");
    if (!isEnd || rest === "") return false;
  }
  const isCrlf = rest.charAt(end - 1) === "\r";
  const line = end < 0 ? rest : rest.slice(0, isCrlf ? end - 1 : end);
  if (line.startsWith(reading.boundary) && boundaryTail(rest, reading.boundary.length, true) !== undefined) {
    // The part has no content at all.
    findings.error("multipart: a part ends within its head");
    findings.flag("MULTIPART_INVALID_PART");
    endHead(part, findings);
    return takeBoundary(reading, 0, isEnd);
  }
  reading.rest = end < 0 ? "" : rest.slice(end + 1);
  if (line !== "") addHeaderLine(part, line, limits, findings);
  if (findings.isAborted) return false;
  if (end >= 0) noteLineEnd(reading, isCrlf);
  if (line !== "") return true;
  endHead(part, findings);
  reading.at = "content";
  reading.isFresh = true;
  return true;
}

/** Whether the line whose end has not come yet is too long already, without a carriage return that may be part of its end. */
function isHeadTooLong(reading: Reading, part: Part): boolean {
  const { rest, boundary, limits } = reading;
  const bytes = part.headerBytes + rest.length - (rest.endsWith("\r") ? 1 : 0);
  if (bytes <= limits.partHeaderBytesMax) return false;
  const isBoundary = rest.startsWith(boundary) && boundaryTail(rest, boundary.length, false) !== undefined;
  return !isBoundary && !boundary.startsWith(rest);
}

/** Looks for the next line that begins with two dashes. False: more text is needed. */
function readContent(reading: Reading, isEnd: boolean): boolean {
  const { rest, boundary } = reading;
  const isAtStart = reading.isFresh && rest.startsWith("--");
  const lineFeed = isAtStart ? -1 : rest.indexOf("\n--");
  if (!isAtStart && lineFeed < 0) {
    // A line end and dashes may be cut in two: up to four bytes wait.
    const isUndecided = reading.isFresh && "--".startsWith(rest);
    if (!isEnd && !isUndecided && rest.length > 4) consume(reading, rest.length - 4);
    return false;
  }
  const start = lineFeed + 1;
  if (rest.startsWith(boundary, start)) return takeBoundary(reading, start, isEnd);
  if (!isEnd && boundary.startsWith(rest.slice(start))) return waitFrom(reading, lineFeed);
  reading.hasUnmatched = true;
  consume(reading, start + 2);
  return true;
}

/** The undecided line waits with its line end; what stands before it is taken. */
function waitFrom(reading: Reading, lineFeed: number): boolean {
  if (lineFeed > 1) consume(reading, lineFeed - 1);
  return false;
}

function consume(reading: Reading, count: number): void {
  if (count <= 0) return;
  if (reading.at === "preamble") reading.findings.flag("MULTIPART_DATA_BEFORE");
  else if (reading.part !== undefined) takeContent(reading, reading.part, reading.rest.slice(0, count));
  reading.rest = reading.rest.slice(count);
  reading.isFresh = false;
}

function takeContent(reading: Reading, part: Part, text: string): void {
  reading.fieldBytes += addContent(part, text, Math.max(0, reading.limits.fieldBytesMax - reading.fieldBytes));
}

interface Tail {
  readonly isFinal: boolean;
  readonly end: number;
  readonly isCrlf: boolean;
  readonly isPadded: boolean;
  readonly isCut: boolean;
}

const tailPattern = /(--)?([ \t]*)(\r?)(\n|$)/y;

/** What follows a boundary on its line. Undefined: it is no boundary line. */
function boundaryTail(text: string, at: number, isEnd: boolean): Tail | undefined {
  tailPattern.lastIndex = at;
  const found = tailPattern.exec(text);
  if (found === null || (found[2] ?? "").length > paddingBytesMax) return isEnd ? undefined : cutTail(text, at);
  const isCut = found[4] === "";
  return {
    isFinal: found[1] === "--",
    end: tailPattern.lastIndex,
    isCrlf: found[3] === "\r",
    isPadded: found[2] !== "",
    isCut,
  };
}

/** A single dash at the end of what is there may become two. */
function cutTail(text: string, at: number): Tail | undefined {
  if (text.slice(at) !== "-") return undefined;
  return { isFinal: false, end: text.length, isCrlf: false, isPadded: false, isCut: true };
}

/** `start` is where the boundary's dashes stand in the rest. */
function takeBoundary(reading: Reading, start: number, isEnd: boolean): boolean {
  const { rest, findings } = reading;
  const tail = boundaryTail(rest, start + reading.boundary.length, isEnd);
  if (tail === undefined) {
    findings.error("multipart: a line that begins with the boundary goes on");
    consume(reading, start + 2);
    return true;
  }
  if (tail.isCut && !isEnd) return waitFrom(reading, start - 1);
  if (tail.isPadded) findings.error("multipart: white space behind a boundary");
  if (!tail.isCut) noteLineEnd(reading, tail.isCrlf);
  endPart(reading, start);
  reading.rest = rest.slice(tail.end);
  if (tail.isFinal) {
    if (reading.parts === 0) findings.error("multipart: a final boundary only");
    reading.at = "epilogue";
  } else beginPart(reading);
  return true;
}

function endPart(reading: Reading, start: number): void {
  const { rest, part, findings } = reading;
  if (reading.at === "preamble" && start > 0) findings.flag("MULTIPART_DATA_BEFORE");
  if (part === undefined) return;
  if (reading.at === "content") {
    if (start === 0 && reading.isFresh) {
      findings.error("multipart: a part without the line end before its boundary");
      findings.flag("MULTIPART_INVALID_PART");
    } else {
      const isCrlf = rest.charAt(start - 2) === "\r" && start >= 2;
      noteLineEnd(reading, isCrlf);
      takeContent(reading, part, rest.slice(0, Math.max(0, start - (isCrlf ? 2 : 1))));
    }
  }
  tellPart(part, reading.sink, reading.argument);
  reading.part = undefined;
}

function beginPart(reading: Reading): void {
  if (reading.parts >= reading.limits.partsMax) {
    reading.findings.flag("MULTIPART_FILE_LIMIT_EXCEEDED");
    reading.findings.stop("partsMax");
    return;
  }
  reading.parts += 1;
  reading.part = createPart();
  reading.at = "head";
}
