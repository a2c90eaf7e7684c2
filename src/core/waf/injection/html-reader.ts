// Cuts a value into HTML tokens as browsers do (HTML standard, 13.2.5), with the old browsers' habits that attacks use:
// ticks as quotes, "<%" comments, NUL bytes inside names. Allocates nothing; reads each byte a bounded number of times.

export type HtmlTokenType =
  | "DATA_TEXT"
  | "TAG_NAME_OPEN"
  | "TAG_NAME_CLOSE"
  | "TAG_NAME_SELFCLOSE"
  | "TAG_CLOSE"
  | "ATTR_NAME"
  | "ATTR_VALUE"
  | "TAG_COMMENT"
  | "DOCTYPE";

/** Where the page would put the value: in text, or in an attribute's value with or without quotes. */
export type HtmlContext = "data" | "unquoted" | "single" | "double" | "tick";

type State = "data" | "beforeName" | "afterName" | "beforeValue" | "afterValue" | "selfClose" | "tagEnd" | "quoted";

export interface HtmlReader {
  text: string;
  position: number;
  state: State;
  /** Quote that ends the value being read. */
  quote: number;
  /** A tag of the value's own is open: what follows are its attributes, not words that look like some. */
  isInTag: boolean;
  type: HtmlTokenType;
  start: number;
  length: number;
}

const quotes: Readonly<Record<HtmlContext, number>> = { data: 0, unquoted: 0, single: 39, double: 34, tick: 96 };

export function emptyHtmlReader(): HtmlReader {
  return { text: "", position: 0, state: "data", quote: 0, isInTag: false, type: "DATA_TEXT", start: 0, length: 0 };
}

/** Begins `text` in a context. */
export function startHtml(reader: HtmlReader, text: string, context: HtmlContext): void {
  reader.text = text;
  reader.position = 0;
  reader.quote = quotes[context];
  reader.isInTag = false;
  reader.state = context === "data" ? "data" : context === "unquoted" ? "beforeName" : "quoted";
}

/** Reads the next token into the reader's type, start and length; false at the end. */
export function readHtml(reader: HtmlReader): boolean {
  for (;;) {
    const { text, position } = reader;
    if (position >= text.length && reader.state !== "quoted" && reader.state !== "beforeValue") return false;
    switch (reader.state) {
      case "data":
        if (readData(reader)) return true;
        break;
      case "beforeName":
        if (readBeforeName(reader)) return true;
        break;
      case "afterName":
        if (readAfterName(reader)) return true;
        break;
      case "beforeValue":
        if (readBeforeValue(reader)) return true;
        break;
      case "quoted":
        return readQuoted(reader);
      case "afterValue":
        reader.state = text.charCodeAt(position) === 47 ? "selfClose" : "beforeName";
        if (reader.state === "selfClose") reader.position += 1;
        break;
      case "selfClose":
        reader.state = "beforeName";
        if (text.charCodeAt(position) === 62) return endTag(reader, "TAG_NAME_SELFCLOSE");
        break;
      case "tagEnd":
        return endTag(reader, "TAG_NAME_CLOSE");
    }
  }
}

function emit(reader: HtmlReader, type: HtmlTokenType, start: number, end: number): true {
  reader.type = type;
  reader.start = start;
  reader.length = end - start;
  return true;
}

/** At ">". */
function endTag(reader: HtmlReader, type: "TAG_NAME_CLOSE" | "TAG_NAME_SELFCLOSE"): true {
  const { position } = reader;
  reader.state = "data";
  reader.isInTag = false;
  reader.position = position + 1;
  return emit(reader, type, type === "TAG_NAME_CLOSE" ? position : position - 1, position + 1);
}

function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0;
}

function isLetter(code: number): boolean {
  return (code | 32) >= 97 && (code | 32) <= 122;
}

function skipBlanks(reader: HtmlReader): number {
  while (reader.position < reader.text.length && isBlank(reader.text.charCodeAt(reader.position))) reader.position += 1;
  return reader.text.charCodeAt(reader.position);
}

function readData(reader: HtmlReader): boolean {
  const { text, position } = reader;
  const found = text.indexOf("<", position);
  const open = found < 0 ? text.length : found;
  reader.position = open;
  if (open > position) return emit(reader, "DATA_TEXT", position, open);
  return readMarkup(reader, open);
}

/** At "<". */
function readMarkup(reader: HtmlReader, open: number): boolean {
  const { text } = reader;
  const code = text.charCodeAt(open + 1);
  if (isLetter(code) || code === 0) return readTagName(reader, open + 1, "TAG_NAME_OPEN");
  if (code === 33) return readDeclaration(reader, open + 2);
  if (code === 63) return readUntil(reader, "TAG_COMMENT", open + 2, ">");
  if (code === 37) return readUntil(reader, "TAG_COMMENT", open + 2, "%>");
  if (code !== 47) {
    reader.position = open + 1;
    return emit(reader, "DATA_TEXT", open, open + 1);
  }
  const next = text.charCodeAt(open + 2);
  if (isLetter(next)) return readTagName(reader, open + 2, "TAG_CLOSE");
  if (next === 62 || open + 2 >= text.length) {
    reader.position = Math.min(open + 3, text.length);
    return false;
  }
  return readUntil(reader, "TAG_COMMENT", open + 2, ">");
}

function readUntil(reader: HtmlReader, type: HtmlTokenType, start: number, end: string): true {
  const found = reader.text.indexOf(end, start);
  const stop = found < 0 ? reader.text.length : found;
  reader.position = found < 0 ? stop : stop + end.length;
  return emit(reader, type, Math.min(start, stop), stop);
}

function readTagName(reader: HtmlReader, start: number, type: "TAG_NAME_OPEN" | "TAG_CLOSE"): true {
  const { text } = reader;
  let end = start;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if ((isBlank(code) && code !== 0) || code === 47 || code === 62) break;
  }
  reader.isInTag = true;
  const isClosing = type === "TAG_CLOSE" && text.charCodeAt(end) === 62;
  if (isClosing) {
    reader.state = "data";
    reader.isInTag = false;
    reader.position = end + 1;
  } else afterNamePart(reader, end);
  // A closing tag that goes on is read as an opening one: its attributes count.
  return emit(reader, isClosing ? type : "TAG_NAME_OPEN", start, end);
}

/** What the byte after a name says; at its place. */
function afterNamePart(reader: HtmlReader, end: number): void {
  const code = reader.text.charCodeAt(end);
  reader.state = code === 47 ? "selfClose" : code === 62 ? "tagEnd" : code === 61 ? "beforeValue" : "beforeName";
  reader.position = code === 62 ? end : Math.min(end + 1, reader.text.length);
}

/** After "<!". */
function readDeclaration(reader: HtmlReader, start: number): true {
  const { text } = reader;
  if (text.slice(start, start + 7).toLowerCase() === "doctype") return readUntil(reader, "DOCTYPE", start, ">");
  if (text.startsWith("[CDATA[", start)) return readUntil(reader, "DATA_TEXT", start + 7, "]]>");
  if (text.startsWith("--", start)) return readComment(reader, start + 2);
  return readUntil(reader, "TAG_COMMENT", start, ">");
}

/** A comment ends at "-->" or "--!>"; "<!-->" and "<!--->" are whole ones. */
function readComment(reader: HtmlReader, start: number): true {
  const { text } = reader;
  const abrupt = text.startsWith(">", start) ? 1 : text.startsWith("->", start) ? 2 : 0;
  if (abrupt > 0) {
    reader.position = start + abrupt;
    return emit(reader, "TAG_COMMENT", start, start);
  }
  for (let dash = text.indexOf("--", start); dash >= 0; dash = text.indexOf("--", dash + 1)) {
    const isBang = text.startsWith("!>", dash + 2);
    if (!isBang && text.charCodeAt(dash + 2) !== 62) continue;
    reader.position = dash + (isBang ? 4 : 3);
    return emit(reader, "TAG_COMMENT", start, dash);
  }
  reader.position = text.length;
  return emit(reader, "TAG_COMMENT", start, text.length);
}

function readBeforeName(reader: HtmlReader): boolean {
  const code = skipBlanks(reader);
  const { text, position } = reader;
  if (position >= text.length) return false;
  if (code === 47) {
    reader.state = "selfClose";
    reader.position += 1;
    return false;
  }
  if (code === 62) return endTag(reader, "TAG_NAME_CLOSE");
  // The first byte is of the name, even "=".
  let end = position + 1;
  for (; end < text.length; end++) {
    const next = text.charCodeAt(end);
    if (isBlank(next) || next === 47 || next === 61 || next === 62) break;
  }
  afterNamePart(reader, end);
  if (reader.state === "beforeName") reader.state = "afterName";
  return emit(reader, "ATTR_NAME", position, end);
}

function readAfterName(reader: HtmlReader): boolean {
  const code = skipBlanks(reader);
  if (code === 61) {
    reader.state = "beforeValue";
    reader.position += 1;
  } else reader.state = "beforeName";
  return false;
}

function readBeforeValue(reader: HtmlReader): boolean {
  const code = skipBlanks(reader);
  const { text, position } = reader;
  if (position >= text.length) {
    reader.state = "data";
    return false;
  }
  if (code === 34 || code === 39 || code === 96) {
    reader.state = "quoted";
    reader.quote = code;
    reader.position += 1;
    return false;
  }
  let end = position;
  for (; end < text.length; end++) {
    const next = text.charCodeAt(end);
    if ((isBlank(next) && next !== 0) || next === 62) break;
  }
  reader.state = "beforeName";
  reader.position = end;
  return emit(reader, "ATTR_VALUE", position, end);
}

function readQuoted(reader: HtmlReader): true {
  const { text, position } = reader;
  const found = text.indexOf(String.fromCharCode(reader.quote), position);
  const end = found < 0 ? text.length : found;
  reader.state = "afterValue";
  reader.position = found < 0 ? end : end + 1;
  return emit(reader, "ATTR_VALUE", position, end);
}
