// The parts that every language's parser makes its rules from: paths, patterns, capabilities, addresses. Undefined with a reason where the kernel cannot hold it.
import { parsePrefix } from "../../base/ip.ts";
import { capabilityNames } from "../../model/capability-names.ts";
import { runtimeLimits } from "./limits.ts";
import type { PathSubject } from "./model.ts";

export type Made<Value> = { readonly value: Value } | { readonly because: string };

/** "cap_net_raw", "NET_RAW", "CAP_NET_RAW" -> "NET_RAW". */
export function capabilityOf(text: string): Made<string> {
  const name = text.toUpperCase().replace(/^CAP_/, "");
  if ((capabilityNames as readonly string[]).includes(name)) return { value: name };
  return { because: `"${text.slice(0, 40)}" is no capability of Linux` };
}

/** One file. "." and ".." have no place in a path that the kernel resolved. */
export function pathOf(text: string): Made<PathSubject> {
  const because = pathProblem(text);
  return because === "" ? { value: { kind: "path", path: text } } : { because };
}

/** All below a folder; the path gets its last slash. */
export function directoryOf(text: string, isRecursive: boolean): Made<PathSubject> {
  const path = text.endsWith("/") ? text : `${text}/`;
  const because = pathProblem(path);
  return because === "" ? { value: { kind: "directory", path, isRecursive } } : { because };
}

/** "\x7b" opens alternatives. */
const wildcards = ["*", "?", "[", "\x7b"];

export function patternOf(text: string): Made<PathSubject> {
  if (text.length > runtimeLimits.pathBytesMax) return { because: tooLong(text) };
  // A glob without wildcards is a path.
  return wildcards.some((each) => text.includes(each)) ? { value: { kind: "pattern", pattern: text } } : pathOf(text);
}

function pathProblem(path: string): string {
  if (!path.startsWith("/")) return `"${path.slice(0, 64)}" is no absolute path`;
  if (path.split("/").some((part) => part === "." || part === ".."))
    return `"${path.slice(0, 64)}" has "." or ".." in it: the kernel's paths never do`;
  if (path.includes("//") || path.includes("\0")) return `"${path.slice(0, 64)}" is no path as the kernel writes one`;
  return bytesOf(path) > runtimeLimits.pathBytesMax ? tooLong(path) : "";
}

function tooLong(path: string): string {
  return `"${path.slice(0, 32)}…" is longer than pathBytesMax = ${runtimeLimits.pathBytesMax}`;
}

/** "10.0.0.0/8", "10.0.0.1", "" -> the network's first address and its bits of 128. */
export function networkOf(text: string): Made<{ readonly address: string; readonly prefixBits: number }> {
  if (text === "") return { value: { address: "", prefixBits: 0 } };
  const range = parsePrefix(text);
  if (range === undefined) return { because: `"${text.slice(0, 64)}" is no address and no prefix` };
  const [address = "", bits] = text.split("/");
  const isSix = address.includes(":");
  const own = bits === undefined ? (isSix ? 128 : 32) : Number(bits);
  return { value: { address, prefixBits: isSix ? own : own + 96 } };
}

/**
 * What of a glob the kernel can look up: an exact start ("/tmp/*" without sub-folders, "/tmp/**" with them, "/usr/bin/nc*" a start of the name). Undefined:
 * it has wildcards in other places, and only user space can tell.
 */
export function startOfPattern(pattern: string): { readonly start: string; readonly isDeep: boolean } | undefined {
  const match = /^([^*?[\x7b]*)(\*\*|\*)$/.exec(pattern);
  const start = match?.[1] ?? "";
  return match === null || !start.startsWith("/") ? undefined : { start, isDeep: match[2] === "**" };
}

/** Globs as policies write them: "*" within a name, "**" over names, "?" one character, "[a-z]", "{a,b}". Linear in pattern times text. */
export function globMatches(pattern: string, text: string): boolean {
  return alternatives(pattern, 0).some((each) => matchFrom(each, text));
}

const alternativesMax = 64;

function alternatives(pattern: string, depth: number): readonly string[] {
  const open = pattern.indexOf("\x7b");
  const close = pattern.indexOf("\x7d", open);
  if (open < 0 || close < 0 || depth > 4) return [pattern];
  const words = pattern.slice(open + 1, close).split(",");
  return words
    .flatMap((word) => alternatives(`${pattern.slice(0, open)}${word}${pattern.slice(close + 1)}`, depth + 1))
    .slice(0, alternativesMax);
}

/** Keeps the set of places in the pattern that the text so far may have come to. */
function matchFrom(pattern: string, text: string): boolean {
  const tokens = tokensOf(pattern);
  let places = closure(new Set([0]), tokens);
  for (const character of text) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === undefined) continue;
      if (token === "**" || (token === "*" && character !== "/")) next.add(place);
      else if (
        token.length > 1 && token !== "**"
          ? isInSet(token, character)
          : token === character || (token === "?" && character !== "/")
      )
        next.add(place + 1);
    }
    places = closure(next, tokens);
    if (places.size === 0) return false;
  }
  return places.has(tokens.length);
}

/** A star may stand for nothing. */
function closure(places: Set<number>, tokens: readonly string[]): Set<number> {
  for (const place of places) if (tokens[place] === "*" || tokens[place] === "**") places.add(place + 1);
  return places;
}

function tokensOf(pattern: string): readonly string[] {
  return pattern.match(/\*\*|\[[^\]]+\]|[\s\S]/gu) ?? [];
}

function isInSet(token: string, character: string): boolean {
  const isNot = /^\[[!^]/.test(token);
  const body = token.slice(isNot ? 2 : 1, -1);
  let isIn = false;
  for (const [, from = "", to = from] of body.matchAll(/([\s\S])(?:-([\s\S]))?/gu))
    if (character >= from && character <= to) isIn = true;
  return isIn !== isNot && character !== "/";
}

/** Bytes of a text in UTF-8. */
export function bytesOf(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
