// JSON as it streams: an own tokeniser, values flattened to arguments. What is not RFC 8259 is an error; strings with bad bytes or escapes are delivered all the same.
import { invalidUtf8At } from "../transform/utf8.ts";
import type { BodyLimits, BodyParser, BodySink } from "./body-parser.ts";
import { createArgumentGate, createByteGate, createFindings, type Findings } from "./findings.ts";
import { createJsonNames, type JsonArrayNames, type JsonNames } from "./json-names.ts";
import { decodeJsonString } from "./json-string.ts";

export interface JsonOptions {
  readonly arrayNames?: JsonArrayNames;
}

/** What may come next. "memberOrEnd" is after an opening bracket or brace. */
type Expected = "value" | "elementOrEnd" | "key" | "keyOrEnd" | "colon" | "commaOrEnd" | "nothing";

interface Reading {
  readonly limits: BodyLimits;
  readonly findings: Findings;
  readonly names: JsonNames;
  readonly argument: (name: string, value: string) => void;
  expected: Expected;
  /** The token that a chunk's end cut: its raw text so far. */
  raw: string;
  token: "none" | "string" | "word";
  /** The string's last character so far is a backslash that escapes the next one. */
  isEscaping: boolean;
  isFailed: boolean;
}

/**
 * Arguments: every string, number, true and false as its text, null and empty containers (but the outermost) as "". After an error in the syntax nothing more is read.
 */
export function createJsonParser(sink: BodySink, limits: BodyLimits, options: JsonOptions = {}): BodyParser {
  const findings = createFindings(limits);
  const reading: Reading = {
    limits,
    findings,
    names: createJsonNames(options.arrayNames ?? "array_0"),
    argument: createArgumentGate(sink, limits, findings),
    expected: "value",
    raw: "",
    token: "none",
    isEscaping: false,
    isFailed: false,
  };
  let isEmpty = true;
  return {
    write: createByteGate(limits, findings, (text) => {
      isEmpty = false;
      read(reading, text);
    }),
    end: () => {
      if (!isEmpty && !reading.isFailed) finish(reading);
      return findings.verdict();
    },
  };
}

function finish(reading: Reading): void {
  if (reading.token === "word") takeWord(reading);
  // A string that was cut is looked at all the same.
  if (reading.token === "string" && reading.raw !== "") takeString(reading);
  else if (reading.expected === "nothing" && reading.token === "none") return;
  reading.findings.error("JSON ends early");
}

function fail(reading: Reading, text: string): void {
  reading.isFailed = true;
  reading.findings.error(text);
}

function read(reading: Reading, text: string): void {
  let at = 0;
  while (at < text.length && !reading.isFailed && !reading.findings.isAborted) {
    if (reading.token === "string") at = readString(reading, text, at);
    else if (reading.token === "word") at = readWord(reading, text, at);
    else at = readSign(reading, text, at);
  }
}

/** One character outside of tokens; returns where to go on. */
function readSign(reading: Reading, text: string, at: number): number {
  const sign = text.charAt(at);
  switch (sign) {
    case " ":
    case "\n":
    case "\r":
    case "\t":
      return at + 1;
    case '"':
      if (!takesString(reading.expected)) return refuse(reading, sign, at);
      reading.token = "string";
      return at + 1;
    case "{":
    case "[":
      open(reading, sign);
      return at + 1;
    case "}":
    case "]":
      close(reading, sign);
      return at + 1;
    case ",":
      if (reading.expected !== "commaOrEnd") return refuse(reading, sign, at);
      reading.expected = reading.names.isInArray === true ? "value" : "key";
      return at + 1;
    case ":":
      if (reading.expected !== "colon") return refuse(reading, sign, at);
      reading.expected = "value";
      return at + 1;
    default:
      if (!takesValue(reading.expected) || !isWordByte(text.charCodeAt(at))) return refuse(reading, sign, at);
      reading.token = "word";
      return at;
  }
}

function refuse(reading: Reading, sign: string, at: number): number {
  fail(
    reading,
    reading.expected === "nothing"
      ? "something follows the JSON value"
      : `JSON: ${JSON.stringify(sign)} where ${reading.expected} is expected`,
  );
  return at + 1;
}

function takesValue(expected: Expected): boolean {
  return expected === "value" || expected === "elementOrEnd";
}

function takesString(expected: Expected): boolean {
  return takesValue(expected) || expected === "key" || expected === "keyOrEnd";
}

function open(reading: Reading, sign: "{" | "["): void {
  if (!takesValue(reading.expected)) {
    refuse(reading, sign, 0);
    return;
  }
  if (reading.names.depth >= reading.limits.depthMax) {
    reading.findings.stop("depthMax");
    return;
  }
  reading.names.open(sign === "[" ? "array" : "object");
  reading.expected = sign === "[" ? "elementOrEnd" : "keyOrEnd";
}

function close(reading: Reading, sign: "}" | "]"): void {
  const isArray = sign === "]";
  const isFit = reading.expected === "commaOrEnd" || reading.expected === (isArray ? "elementOrEnd" : "keyOrEnd");
  if (!isFit || reading.names.isInArray !== isArray) {
    refuse(reading, sign, 0);
    return;
  }
  const emptyName = reading.names.close();
  if (emptyName !== undefined) reading.argument(emptyName, "");
  afterValue(reading);
}

function afterValue(reading: Reading): void {
  reading.expected = reading.names.depth === 0 ? "nothing" : "commaOrEnd";
}

function readString(reading: Reading, text: string, start: number): number {
  let at = start;
  if (reading.isEscaping) {
    reading.isEscaping = false;
    at += 1;
  }
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      reading.raw = reading.raw === "" ? text.slice(start, at) : reading.raw + text.slice(start, at);
      takeString(reading);
      return at + 1;
    }
    if (code === 0x5c) {
      at += 1;
      reading.isEscaping = at >= text.length;
    } else if (code < 0x20) reading.findings.error("control character in a JSON string");
  }
  reading.raw += text.slice(start);
  return text.length;
}

const highByte = /[\x80-\xff]/;

function takeString(reading: Reading): void {
  const { text, error } = decodeJsonString(reading.raw);
  if (error !== "") reading.findings.error(`JSON: ${error}`);
  if (highByte.test(reading.raw) && invalidUtf8At(reading.raw) >= 0) reading.findings.error("JSON is not UTF-8");
  reading.raw = "";
  reading.token = "none";
  if (takesValue(reading.expected)) {
    reading.argument(reading.names.valueName(), text);
    afterValue(reading);
    return;
  }
  if (text.length > reading.limits.nameBytesMax) reading.findings.stop("nameBytesMax");
  reading.names.setKey(text);
  reading.expected = "colon";
}

/** Letters, digits, signs: what numbers and literals are made of. */
function isWordByte(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x2b ||
    code === 0x45
  );
}

function readWord(reading: Reading, text: string, start: number): number {
  let at = start;
  while (at < text.length && isWordByte(text.charCodeAt(at))) at += 1;
  reading.raw += text.slice(start, at);
  if (at < text.length) takeWord(reading);
  return at;
}

const number = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

function takeWord(reading: Reading): void {
  const word = reading.raw;
  reading.raw = "";
  reading.token = "none";
  const isLiteral = word === "true" || word === "false" || word === "null";
  reading.argument(reading.names.valueName(), word === "null" ? "" : word);
  afterValue(reading);
  if (!isLiteral && !number.test(word)) fail(reading, "JSON: neither a number nor true, false or null");
}
