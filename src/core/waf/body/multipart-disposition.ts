// Content-Disposition of a part: its name and file name. Errors as ModSecurity's strict reader has them; what can be read is given all the same.
import { trim } from "../transform/trim.ts";
import { decodeUrl } from "../transform/url-decode.ts";

export interface Disposition {
  readonly name: string;
  /** Undefined: no such parameter. */
  readonly fileName: string | undefined;
  /** filename*, decoded (RFC 5987). */
  readonly extendedFileName: string | undefined;
  readonly error: string;
  readonly isBadlyQuoted: boolean;
}

interface Reader {
  readonly text: string;
  at: number;
  isBadlyQuoted: boolean;
  error: string;
}

/** `value` is what stands behind the colon. */
export function parseDisposition(value: string): Disposition {
  const reader: Reader = { text: trim.apply(value), at: 0, isBadlyQuoted: false, error: "" };
  const kind = /^form-data(?=[\t-\r ;]|$)/i.exec(reader.text)?.[0];
  if (kind !== "form-data") reader.error = "multipart: Content-Disposition is not form-data";
  reader.at = kind?.length ?? Math.max(0, reader.text.indexOf(";"));
  const found = new Map<string, string>();
  for (let parameter = readParameter(reader); parameter !== undefined; parameter = readParameter(reader)) {
    const [name, text] = parameter;
    const known = name.toLowerCase();
    const isKnown = known === "name" || known === "filename" || known === "filename*" || known === "name*";
    if (!isKnown || known !== name) note(reader, "multipart: unknown parameter in Content-Disposition");
    if (found.has(known)) note(reader, "multipart: a parameter twice in Content-Disposition");
    else found.set(known, text);
  }
  const name = found.get("name") ?? extended(found.get("name*"));
  if (name === undefined || name === "") note(reader, "multipart: a part without a name");
  const fileName = found.get("filename");
  const extendedFileName = extended(found.get("filename*"));
  if (fileName === undefined && extendedFileName !== undefined)
    note(reader, "multipart: filename* without filename in Content-Disposition");
  return { name: name ?? "", fileName, extendedFileName, error: reader.error, isBadlyQuoted: reader.isBadlyQuoted };
}

function note(reader: Reader, error: string): void {
  if (reader.error === "") reader.error = error;
}

const separator = /[\t-\r ]*;[\t-\r ]*/y;
const parameterName = /([^\t-\r =;"]+)[\t-\r ]*=[\t-\r ]*/y;
const token = /[^\t-\r ;]*/y;

/** The next parameter; what is none is noted and passed over to the next semicolon, as a lenient reader would. */
function readParameter(reader: Reader): readonly [string, string] | undefined {
  const { text } = reader;
  while (reader.at < text.length) {
    separator.lastIndex = reader.at;
    const isParted = separator.test(text);
    if (isParted) reader.at = separator.lastIndex;
    if (isParted && reader.at >= text.length) return undefined;
    parameterName.lastIndex = reader.at;
    const name = isParted ? parameterName.exec(text)?.[1] : undefined;
    if (name !== undefined) {
      reader.at = parameterName.lastIndex;
      return [name, readValue(reader, name)];
    }
    note(reader, "multipart: malformed Content-Disposition");
    const next = text.indexOf(";", reader.at);
    reader.at = next < 0 ? text.length : next;
  }
  return undefined;
}

function readValue(reader: Reader, name: string): string {
  const quote = reader.text.charAt(reader.at);
  if (quote === '"' || quote === "'") {
    if (quote === "'") reader.isBadlyQuoted = true;
    return readQuoted(reader, quote);
  }
  token.lastIndex = reader.at;
  const value = token.exec(reader.text)?.[0] ?? "";
  reader.at = token.lastIndex;
  // The extended form has apostrophes of its own.
  if (value.includes('"') || (value.includes("'") && !name.endsWith("*"))) reader.isBadlyQuoted = true;
  if (/[^!-~]|["\\]/.test(value)) note(reader, "multipart: a value in Content-Disposition that should be quoted");
  return value;
}

/** A backslash escapes the quote and itself, before others it stays (file names of Windows). A quote that does not close takes the rest. */
function readQuoted(reader: Reader, quote: string): string {
  let value = "";
  let at = reader.at + 1;
  for (; at < reader.text.length; at += 1) {
    const sign = reader.text.charAt(at);
    if (sign === quote) break;
    const next = reader.text.charAt(at + 1);
    const isEscape = sign === "\\" && (next === quote || next === "\\");
    value += isEscape ? next : sign;
    if (isEscape) at += 1;
  }
  reader.at = at + 1;
  if (reader.at < reader.text.length && !/[\t-\r ;]/.test(reader.text.charAt(reader.at))) reader.isBadlyQuoted = true;
  return value;
}

/** `utf-8'en'a%20b` -> `a b`; without that form the text, percent signs decoded. */
function extended(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = /^[^']*'[^']*'(.*)$/s.exec(value)?.[1] ?? value;
  return decodeUrl(text.replaceAll("+", "%2B"));
}
