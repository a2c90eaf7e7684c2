// The door of redaction: arguments, texts and paths in, the same with every secret replaced by ‹redacted:kind› out.
// Promise: idempotent, linear time, no input passes unread; what is over a limit is replaced whole.
import { programsWithRules, redactScript, redactWords } from "./command-line.ts";
import { redactionLimits, suspicion } from "./rules.ts";
import type { RedactionKind } from "./rules.ts";
import { isMarker, markerOf, scanText } from "./scan.ts";
import { classifyName, isKeyLike } from "./secret-name.ts";

export interface RedactedArguments {
  readonly arguments: readonly string[];
  /** Kinds of what was replaced, in order of first appearance; empty when nothing was. */
  readonly redacted: readonly RedactionKind[];
}

export interface RedactedText {
  readonly text: string;
  readonly redacted: readonly RedactionKind[];
}

const nothing: readonly RedactionKind[] = [];

/**
 * Redacts the arguments of an exec, the program's own name first: ["mysql", "-psecret"] -> ["mysql", "-p‹redacted:password-flag›"].
 * Returns the same array when there is nothing to redact.
 */
export function redactArguments(words: readonly string[]): RedactedArguments {
  if (!isSuspicious(words)) return { arguments: words, redacted: nothing };
  const kinds = new Set<RedactionKind>();
  const redacted = redactWords(words.slice(0, redactionLimits.argumentsMax), kinds, 0);
  if (words.length > redactionLimits.argumentsMax) {
    kinds.add("over-limit");
    redacted.push(markerOf("over-limit"));
  }
  return { arguments: redacted, redacted: [...kinds] };
}

/** Redacts a text of any form: a shell script, a log line, JSON, a header block. */
export function redactText(text: string): RedactedText {
  if (text.length <= redactionLimits.textLengthMax && !isSuspiciousText(text)) return { text, redacted: nothing };
  const kinds = new Set<RedactionKind>();
  return { text: redactScript(text, kinds, 0), redacted: [...kinds] };
}

/**
 * Redacts a URL path without its query: keys by their look, and what follows a segment that names a secret ("/reset-token/<value>").
 * A query string that is still there is redacted too.
 */
export function redactPath(path: string): RedactedText {
  const kinds = new Set<RedactionKind>();
  const scanned = scanText(path.slice(0, redactionLimits.textLengthMax), kinds);
  const segments = scanned.split("/");
  for (let index = 1; index < segments.length; index++) {
    const segment = hideParameters(segments[index] ?? "", kinds);
    segments[index] = segment;
    if (isMarker(segment) || !isKeyLike(segment)) continue;
    const nameClass = classifyName(segments[index - 1] ?? "");
    if (nameClass === "none" && !looksRandom(segment)) continue;
    kinds.add("key-like");
    segments[index] = markerOf("key-like");
  }
  if (path.length > redactionLimits.textLengthMax) {
    kinds.add("over-limit");
    segments.push(markerOf("over-limit"));
  }
  return kinds.size === 0 ? { text: path, redacted: nothing } : { text: segments.join("/"), redacted: [...kinds] };
}

/** Both cases and digits, long, and without the dashes, dots and words of slugs: hashes (hex), UUIDs and file names are not. */
function looksRandom(segment: string): boolean {
  return (
    /^[A-Za-z0-9_=+~-]{24,}$/.test(segment) && /[a-z]/.test(segment) && /[A-Z]/.test(segment) && /[0-9]/.test(segment)
  );
}

/** The fast path: false only when no rule can match. Most command lines end here. */
function isSuspicious(words: readonly string[]): boolean {
  if (words.length > redactionLimits.argumentsMax) return true;
  for (const word of words) {
    if (isSuspiciousText(word)) return true;
    if (words.length > 1 && programsWithRules.has(word.slice(word.lastIndexOf("/") + 1))) return true;
  }
  return false;
}

/** A command line inside a text has a blank and a dash; 40 characters may be a bare AWS secret key. */
function isSuspiciousText(text: string): boolean {
  return (
    text.length > redactionLimits.textLengthMax || text.length === 40 || text.includes(" -") || suspicion.test(text)
  );
}

/** ";jsessionid=VALUE" in a path is a query by other means: names stay, values go. */
function hideParameters(segment: string, kinds: Set<RedactionKind>): string {
  if (!segment.includes(";")) return segment;
  const [name = "", ...parameters] = segment.split(";");
  const hidden = parameters.map((parameter) => {
    const sign = parameter.indexOf("=");
    if (sign < 0 || sign === parameter.length - 1 || isMarker(parameter.slice(sign + 1))) return parameter;
    kinds.add("query-secret");
    return `${parameter.slice(0, sign)}=${markerOf("query-secret")}`;
  });
  return [name, ...hidden].join(";");
}
