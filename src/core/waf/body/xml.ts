// XML as it streams: texts and attribute values, nothing expanded, nothing fetched. Not a validator; what is not well-formed is an error, and reading goes on.
import { trim, trimRight } from "../transform/trim.ts";
import { invalidUtf8At } from "../transform/utf8.ts";
import type { BodyLimits, BodyParser, BodySink } from "./body-parser.ts";
import { createByteGate, createFindings, type Findings } from "./findings.ts";
import { parseStartTag } from "./xml-tag.ts";
import { decodeReferences } from "./xml-text.ts";

export interface XmlOptions {
  /**
   * node: each element's run of text is told by itself, without white space around it, empty ones not at all. document: one text at the end, all runs as they
   * stand (what libmodsecurity makes of XML:/*). both: a text that elements cut in pieces is seen whole, too.
   */
  readonly texts?: "node" | "document" | "both";
}

type Mode = "text" | "open" | "tag" | "markup" | "comment" | "cdata" | "instruction" | "doctype";

interface Reading {
  readonly sink: BodySink;
  readonly limits: BodyLimits;
  readonly findings: Findings;
  readonly texts: "node" | "document" | "both";
  mode: Mode;
  /** Of the construct that is being read. */
  raw: string;
  /** The last bytes of a comment, CDATA or instruction so far: its end may begin there. */
  tail: string;
  /** Decoded text since the last tag. */
  run: string;
  /** All runs so far, where the document's text is told; how many of them are not empty. */
  document: string;
  runs: number;
  readonly stack: string[];
  isRootSeen: boolean;
  values: number;
  quote: string;
  brackets: number;
  isUtf8: boolean;
}

/** Values (texts and attributes) count to `argumentsMax`, nesting to `depthMax`, names to `nameBytesMax`. */
export function createXmlParser(sink: BodySink, limits: BodyLimits, options: XmlOptions = {}): BodyParser {
  const findings = createFindings(limits);
  const reading: Reading = {
    sink,
    limits,
    findings,
    texts: options.texts ?? "node",
    mode: "text",
    raw: "",
    tail: "",
    run: "",
    document: "",
    runs: 0,
    stack: [],
    isRootSeen: false,
    values: 0,
    quote: "",
    brackets: 0,
    isUtf8: true,
  };
  let head = "";
  return {
    write: createByteGate(limits, findings, (text) => {
      if (head.length < headBytes) head += text.slice(0, headBytes - head.length);
      read(reading, text);
    }),
    end: () => {
      if (head !== "") finish(reading, head);
      return findings.verdict();
    },
  };
}

/** So many first bytes tell an encoding of two or four bytes a character. */
const headBytes = 4;

function finish(reading: Reading, head: string): void {
  const { findings, sink } = reading;
  if (/^(?:\xfe\xff|\xff\xfe|\0|.\0)/s.test(head)) findings.error("XML: an encoding that is not read here");
  if (reading.mode !== "text") {
    findings.error("XML ends within markup");
    tell(reading, "attribute", reading.raw, "");
  } else takeText(reading);
  if (reading.stack.length > 0) findings.error("XML: elements are not closed");
  if (!reading.isRootSeen) findings.error("XML: no element");
  endRun(reading);
  // One run alone was told already.
  if (reading.texts === "document" || (reading.texts === "both" && reading.runs > 1))
    sink.xmlText(reading.document, "");
}

function read(reading: Reading, text: string): void {
  let at = 0;
  while (at < text.length && !reading.findings.isAborted) {
    switch (reading.mode) {
      case "text":
        at = readText(reading, text, at);
        break;
      case "open":
        at = readOpen(reading, text, at);
        break;
      case "markup":
        at = readMarkup(reading, text, at);
        break;
      case "tag":
        at = readTag(reading, text, at);
        break;
      case "doctype":
        at = readDoctype(reading, text, at);
        break;
      case "comment":
        at = readSection(reading, text, at, "-->");
        break;
      case "cdata":
        at = readSection(reading, text, at, "]]>");
        break;
      case "instruction":
        at = readSection(reading, text, at, "?>");
        break;
    }
  }
}

function readText(reading: Reading, text: string, start: number): number {
  const end = text.indexOf("<", start);
  reading.raw += text.slice(start, end < 0 ? text.length : end);
  if (end < 0) return text.length;
  takeText(reading);
  reading.mode = "open";
  return end + 1;
}

/** Comments, CDATA and instructions to what ends them, which a chunk's end may have cut. */
function readSection(reading: Reading, text: string, start: number, closing: string): number {
  const kept = closing.length - 1;
  const cut = (reading.tail + text.slice(start, start + kept)).indexOf(closing);
  const found = cut < 0 ? text.indexOf(closing, start) : start + cut - reading.tail.length;
  if (cut < 0 && found < 0) {
    reading.raw += text.slice(start);
    reading.tail = (reading.tail + text.slice(Math.max(start, text.length - kept))).slice(-kept);
    return text.length;
  }
  const end = found + closing.length;
  const content = (reading.raw + text.slice(start, end)).slice(0, -closing.length);
  if (reading.mode === "cdata") addRun(reading, content);
  else if (reading.mode === "instruction") takeInstruction(reading, content);
  reading.raw = "";
  reading.tail = "";
  reading.mode = "text";
  return end;
}

function takeText(reading: Reading): void {
  const { raw } = reading;
  reading.raw = "";
  if (raw === "") return;
  const { text, isUnknown } = decodeReferences(raw);
  if (isUnknown) reading.findings.error("XML: a reference to what is not predefined");
  addRun(reading, text);
}

// oxlint-disable-next-line no-control-regex -- XML 1.0 does not allow them
const forbidden = /[\0-\x08\v\f\x0e-\x1f]/;

const byteOrderMark = "\xef\xbb\xbf";

function addRun(reading: Reading, given: string): void {
  const isFirst = !reading.isRootSeen && reading.run === "";
  const text = isFirst && given.startsWith(byteOrderMark) ? given.slice(byteOrderMark.length) : given;
  if (reading.stack.length === 0 && trim.apply(text) !== "")
    reading.findings.error("XML: text outside of the root element");
  checkText(reading, text);
  reading.run += text;
}

function checkText(reading: Reading, text: string): void {
  if (forbidden.test(text)) reading.findings.error("XML: a character that XML does not allow");
  if (reading.isUtf8 && invalidUtf8At(text) >= 0) reading.findings.error("XML is not UTF-8");
}

function endRun(reading: Reading): void {
  const { run, texts } = reading;
  reading.run = "";
  if (texts !== "node") reading.document += run;
  const text = trim.apply(run);
  if (text === "" || texts === "document") return;
  reading.runs += 1;
  tell(reading, "text", text, reading.stack.at(-1) ?? "");
}

function tell(reading: Reading, kind: "text" | "attribute", value: string, name: string): void {
  if (reading.values >= reading.limits.argumentsMax) {
    reading.findings.stop("argumentsMax");
    return;
  }
  reading.values += 1;
  if (kind === "text") reading.sink.xmlText(value, name);
  else reading.sink.xmlAttribute(value, name);
}

function readOpen(reading: Reading, text: string, at: number): number {
  const sign = text.charAt(at);
  reading.mode = sign === "!" ? "markup" : sign === "?" ? "instruction" : "tag";
  return sign === "!" || sign === "?" ? at + 1 : at;
}

const starts = [
  { text: "--", mode: "comment" },
  { text: "[CDATA[", mode: "cdata" },
  { text: "DOCTYPE", mode: "doctype" },
] as const;

/** Behind `<!`: letter by letter until it is clear what this is. */
function readMarkup(reading: Reading, text: string, at: number): number {
  reading.raw += text.charAt(at);
  const known = starts.find((start) => start.text === reading.raw);
  if (known !== undefined) {
    reading.mode = known.mode;
    reading.raw = "";
  } else if (!starts.some((start) => start.text.startsWith(reading.raw))) {
    reading.findings.error("XML: unknown markup");
    reading.mode = "tag";
    reading.raw = `!${reading.raw}`;
  }
  return at + 1;
}

const tagSign = /[>"'<]/g;

function readTag(reading: Reading, text: string, start: number): number {
  tagSign.lastIndex = start;
  for (let found = tagSign.exec(text); found !== null; found = tagSign.exec(text)) {
    const sign = found[0];
    if (reading.quote !== "") {
      if (sign === reading.quote) reading.quote = "";
    } else if (sign === ">") {
      takeTag(reading, reading.raw + text.slice(start, found.index));
      return found.index + 1;
    } else if (sign !== "<") reading.quote = sign;
  }
  reading.raw += text.slice(start);
  return text.length;
}

function takeTag(reading: Reading, inside: string): void {
  reading.raw = "";
  reading.mode = "text";
  endRun(reading);
  if (inside.startsWith("/")) {
    const name = trimRight.apply(inside.slice(1));
    if (reading.stack.pop() !== name) reading.findings.error("XML: an end tag that does not fit");
    return;
  }
  const tag = parseStartTag(inside);
  if (tag.error !== "") reading.findings.error(tag.error);
  if (tag.name.length > reading.limits.nameBytesMax) reading.findings.stop("nameBytesMax");
  if (reading.stack.length === 0 && reading.isRootSeen) reading.findings.error("XML: a second root element");
  reading.isRootSeen = true;
  for (const { name, value } of tag.values) {
    checkText(reading, value);
    tell(reading, "attribute", value, name);
  }
  if (tag.isEmpty) return;
  if (reading.stack.length >= reading.limits.depthMax) reading.findings.stop("depthMax");
  else reading.stack.push(tag.name);
}

const oneByte = /^(?:us-ascii|iso-8859-\d{1,2}|windows-12\d\d)$/i;

/** `<?xml version="1.0" encoding="..."?>`; others mean nothing to rules. */
function takeInstruction(reading: Reading, content: string): void {
  if (!/^xml[\t-\r ]/.test(content)) return;
  const encoding = /[\t-\r ]encoding[\t-\r ]*=[\t-\r ]*["']([^"']*)["']/.exec(content)?.[1];
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) return;
  if (oneByte.test(encoding)) reading.isUtf8 = false;
  else reading.findings.error("XML: an encoding that is not read here");
}

const doctypeSign = /[>"'[\]]/g;

/** Declarations are passed over, their text is looked at by rules as an attribute's is; having any is an error. */
function readDoctype(reading: Reading, text: string, start: number): number {
  doctypeSign.lastIndex = start;
  for (let found = doctypeSign.exec(text); found !== null; found = doctypeSign.exec(text)) {
    const sign = found[0];
    if (reading.quote !== "") {
      if (sign === reading.quote) reading.quote = "";
    } else if (sign === "[") reading.brackets += 1;
    else if (sign === "]") reading.brackets -= 1;
    else if (sign !== ">") reading.quote = sign;
    else if (reading.brackets <= 0) {
      takeDoctype(reading, reading.raw + text.slice(start, found.index));
      return found.index + 1;
    }
  }
  reading.raw += text.slice(start);
  return text.length;
}

function takeDoctype(reading: Reading, content: string): void {
  reading.raw = "";
  reading.brackets = 0;
  reading.mode = "text";
  if (reading.isRootSeen) reading.findings.error("XML: a document type behind the root element's beginning");
  if (/^[\t-\r ]+[^\t-\r ["']+[\t-\r ]*$/.test(content)) return;
  reading.findings.error("XML: a document type with declarations, which are not read");
  tell(reading, "attribute", trim.apply(content), "");
}
