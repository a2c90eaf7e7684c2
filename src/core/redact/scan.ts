// Redaction inside one string, without regard to command lines: passwords in URLs, name=value and name: value in any notation, headers,
// private keys, and values that are keys by their look. Linear in the length of the text.
import { harmlessValue, redactionLimits, shellReference, valuePatterns } from "./rules.ts";
import type { RedactionKind } from "./rules.ts";
import { classifyName, isKeyLike } from "./secret-name.ts";
import type { NameClass } from "./secret-name.ts";

const exactMarker = /^(["']?)‹redacted:[a-z-]+›\1$/;

/** What stands in a secret's place. */
export function markerOf(kind: RedactionKind): string {
  return `‹redacted:${kind}›`;
}

/** True for a marker alone, also in quotes. */
export function isMarker(value: string): boolean {
  return exactMarker.test(value);
}

/** Redacts `text` and adds what it found to `kinds`. */
export function scanText(text: string, kinds: Set<RedactionKind>): string {
  const withoutKeys = scanPrivateKeys(text, kinds);
  const withoutNamed = scanNamed(scanPairs(withoutKeys, kinds), kinds);
  const withoutUrls = scanUrls(withoutNamed, kinds);
  return scanPatterns(withoutUrls, kinds);
}

function scanPatterns(text: string, kinds: Set<RedactionKind>): string {
  let result = text;
  for (const { kind, hints, pattern } of valuePatterns) {
    if (!hints.some((hint) => result.includes(hint))) continue;
    result = result.replace(pattern, () => {
      kinds.add(kind);
      return markerOf(kind);
    });
  }
  return result;
}

const pemBegin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const pemEnd = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;

/** From BEGIN to END, or to the end of the text when it was cut. */
function scanPrivateKeys(text: string, kinds: Set<RedactionKind>): string {
  if (!text.includes("PRIVATE KEY")) return text;
  let result = "";
  let at = 0;
  pemBegin.lastIndex = 0;
  for (let begin = pemBegin.exec(text); begin !== null; begin = pemBegin.exec(text)) {
    result += text.slice(at, begin.index) + markerOf("private-key");
    kinds.add("private-key");
    pemEnd.lastIndex = pemBegin.lastIndex;
    const end = pemEnd.exec(text);
    at = end === null ? text.length : pemEnd.lastIndex;
    pemBegin.lastIndex = at;
  }
  return result + text.slice(at);
}

const authorityEnd = /[/?#\s"'`<>\\]/g;
const wordEnd = /[\s"'`<>]/g;

/** Values that must look like a key, and words with a slash in a password, are looked at no farther than this: keeps the scan linear. */
const lookAheadMax = 1024;

function endOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  const found = pattern.exec(text);
  return found === null ? text.length : found.index;
}

/** scheme://user:password@host, also with an unescaped slash in the password, and the Go MySQL form user:password@tcp(host). */
function scanUrls(text: string, kinds: Set<RedactionKind>): string {
  let result = "";
  let at = 0;
  for (let scheme = text.indexOf("://"); scheme >= 0; scheme = text.indexOf("://", Math.max(at, scheme + 3))) {
    const start = scheme + 3;
    const secret = findUrlSecret(text, start);
    if (secret === undefined) continue;
    result += text.slice(at, secret.from) + markerOf("url-password");
    at = secret.to;
    kinds.add("url-password");
  }
  return scanDriverNames(result + text.slice(at), kinds);
}

function findUrlSecret(text: string, start: number): { from: number; to: number } | undefined {
  const end = endOf(authorityEnd, text, start);
  const authority = text.slice(start, end);
  const at = authority.lastIndexOf("@");
  const colon = authority.indexOf(":");
  if (at < 0) return colon < 0 ? undefined : findSlashedSecret(text, start + colon + 1, end);
  if (isMarker(authority.slice(0, at))) return undefined;
  if (colon >= 0 && colon < at) return unlessHarmless(text, start + colon + 1, start + at);
  return isKeyLike(authority.slice(0, at)) ? { from: start, to: start + at } : undefined;
}

/** user:pa/ss@host: what stands after the colon is no port, and an @ follows in the same word. */
function findSlashedSecret(
  text: string,
  from: number,
  authorityEndsAt: number,
): { from: number; to: number } | undefined {
  if (/^\d*$/.test(text.slice(from, authorityEndsAt)) || text[from] === "[") return undefined;
  const ahead = text.slice(from, from + lookAheadMax);
  const word = ahead.slice(0, endOf(wordEnd, ahead, 0));
  const at = word.lastIndexOf("@");
  return at < 0 ? undefined : unlessHarmless(text, from, from + at);
}

function unlessHarmless(text: string, from: number, to: number): { from: number; to: number } | undefined {
  const value = text.slice(from, to);
  return value === "" || isMarker(value) || shellReference.test(value) ? undefined : { from, to };
}

const driverName = /(?<!‹redacted):([^\s@"'()]{1,256})@(tcp|unix)\(/g;

function scanDriverNames(text: string, kinds: Set<RedactionKind>): string {
  if (!text.includes("@tcp(") && !text.includes("@unix(")) return text;
  return text.replace(driverName, (whole: string, value: string, transport: string) => {
    if (isMarker(value)) return whole;
    kinds.add("url-password");
    return `:${markerOf("url-password")}@${transport}(`;
  });
}

const nameCharacter = /[A-Za-z0-9_.-]/;
const separators = /[=:]/g;

/** name=value, name: value, "name": "value", \"name\":\"value\", ?name=value, Header: value. */
function scanNamed(text: string, kinds: Set<RedactionKind>): string {
  let result = "";
  let at = 0;
  separators.lastIndex = 0;
  for (let found = separators.exec(text); found !== null; found = separators.exec(text)) {
    const name = nameBefore(text, found.index, at);
    if (name.length < 3) continue;
    const nameClass = classifyName(name.text);
    if (nameClass === "none") continue;
    const value = valueAfter(text, found.index + 1, name, nameClass);
    if (!isSecretValue(text, found.index, value, nameClass, name.text)) continue;
    const kind = kindOf(nameClass, text[name.from - 1] ?? "");
    kinds.add(kind);
    result += text.slice(at, value.from) + markerOf(kind);
    at = value.to;
    separators.lastIndex = Math.max(separators.lastIndex, at);
  }
  return result + text.slice(at);
}

/** Up to the value's opening quote: {"name": "DB_PASSWORD", "value": "...; quotes may be escaped. As Kubernetes writes environments, and headers are written. */
const pairBegin =
  /(\\?["'])(?:name|key)\1\s{0,8}:\s{0,8}(\\?["'])([A-Za-z0-9_.-]{3,128})\2\s{0,8},\s{0,8}(\\?["'])value\4\s{0,8}:\s{0,8}(\\?["'])/gi;

/** A name and its value, each behind a word of its own. */
function scanPairs(text: string, kinds: Set<RedactionKind>): string {
  if (!/value/i.test(text)) return text;
  let result = "";
  let at = 0;
  pairBegin.lastIndex = 0;
  for (let found = pairBegin.exec(text); found !== null; found = pairBegin.exec(text)) {
    const [, , , name = "", , quote = ""] = found;
    const nameClass = classifyName(name);
    if (nameClass === "none") continue;
    const from = pairBegin.lastIndex;
    const to = closingQuote(text, from, quote);
    if (!isSecretValue(text, from - 1, { from, to, isQuoted: true, isSpaced: false }, nameClass, name)) continue;
    const kind = kindOf(nameClass, quote);
    kinds.add(kind);
    result += text.slice(at, from) + markerOf(kind);
    at = to;
    pairBegin.lastIndex = to;
  }
  return result + text.slice(at);
}

interface Name {
  readonly text: string;
  readonly from: number;
  readonly length: number;
}

/** Reads backwards from the separator over a closing quote and blanks, then over name characters; never before `floor`. */
function nameBefore(text: string, separator: number, floor: number): Name {
  let end = separator;
  for (let blanks = 0; blanks < 4 && end > floor && /["'\\ \]]/.test(text[end - 1] ?? ""); blanks++) end -= 1;
  let from = end;
  const stop = Math.max(floor, end - redactionLimits.nameLengthMax);
  while (from > stop && nameCharacter.test(text[from - 1] ?? "")) from -= 1;
  return { text: text.slice(from, end), from, length: end - from };
}

interface Value {
  readonly from: number;
  readonly to: number;
  readonly isQuoted: boolean;
  /** Blanks stood between the separator and the value. */
  readonly isSpaced: boolean;
}

const unquotedEnd = /[\s"'`&;<>|]/g;
/** Where a header's value ends, by what stands before its name: a line's start, or a quote. */
const headerEnds: ReadonlyMap<string, RegExp> = new Map([
  ["\n", /[\r\n]/g],
  ['"', /["\r\n]/g],
  ["'", /['\r\n]/g],
]);
const schemeWord = /(?:bearer|basic|token|negotiate|apikey|digest|ntlm|aws4-hmac-sha256)\s+/iy;

function valueAfter(text: string, start: number, name: Name, nameClass: NameClass): Value {
  let from = start;
  while (from < start + 4 && text[from] === " ") from += 1;
  const isSpaced = from > start;
  const escaped = text[from] === "\\" && /["']/.test(text[from + 1] ?? "");
  const quote = escaped ? text.slice(from, from + 2) : (text[from] ?? "");
  if (escaped || quote === '"' || quote === "'") {
    const begin = from + quote.length;
    return { from: begin, to: closingQuote(text, begin, quote), isQuoted: true, isSpaced };
  }
  if (nameClass === "authorization" || nameClass === "cookie") {
    schemeWord.lastIndex = from;
    const afterScheme = schemeWord.test(text) ? schemeWord.lastIndex : from;
    const end = headerEnds.get(name.from === 0 ? "\n" : (text[name.from - 1] ?? ""));
    return {
      from,
      to: end === undefined ? endOf(unquotedEnd, text, afterScheme) : endOf(end, text, from),
      isQuoted: false,
      isSpaced,
    };
  }
  if (nameClass === "keyish") {
    const ahead = text.slice(from, from + lookAheadMax);
    return { from, to: from + endOf(unquotedEnd, ahead, 0), isQuoted: false, isSpaced };
  }
  return { from, to: endOf(unquotedEnd, text, from), isQuoted: false, isSpaced };
}

function closingQuote(text: string, from: number, quote: string): number {
  let close = text.indexOf(quote, from);
  while (quote.length === 1 && close > from && text[close - 1] === "\\") close = text.indexOf(quote, close + 1);
  return close < 0 ? text.length : close;
}

function isSecretValue(text: string, separator: number, span: Value, nameClass: NameClass, name: string): boolean {
  const value = text.slice(span.from, span.to);
  if (value === "" || isMarker(value) || harmlessValue.test(value) || shellReference.test(value)) return false;
  // scheme://..., C:\..., and "word::word" are no name and value.
  if (text[separator] === ":" && (value.startsWith("//") || value.startsWith(":"))) return false;
  if (/^(?:old)?pwd$/i.test(name) && value.startsWith("/")) return false;
  // Cipher lists: "HIGH:!PSK:!SRP".
  if (text[separator] === ":" && !span.isSpaced && !span.isQuoted && /psk$/i.test(name)) return false;
  if (nameClass === "keyish") return isKeyLike(value);
  if (nameClass === "authorization" || nameClass === "cookie") return true;
  // Prose: "invalid token: expected }" is no secret, "password: hunter2" is one.
  const isProse = text[separator] === ":" && span.isSpaced && !span.isQuoted;
  if (!isProse) return true;
  return value.length >= 6 && /[0-9]|[^A-Za-z0-9.,;:!?'"()-]|[a-z][A-Z]/.test(value);
}

function kindOf(nameClass: NameClass, before: string): RedactionKind {
  if (nameClass === "authorization") return "authorization-header";
  if (nameClass === "cookie") return "cookie";
  if (before === "?" || before === "&") return "query-secret";
  if (nameClass === "keyish") return "key-like";
  return nameClass === "password" ? "password-assignment" : "token-assignment";
}
