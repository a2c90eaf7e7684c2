// Names of sets and chains: made of content or of ids, never of counters, so that the same policies give the same names on every node.
import { sha224 } from "../selector/sha224.ts";
import type { Direction } from "../model.ts";
import type { Selector } from "../selector/selector.ts";

export type Family = 4 | 6;

const hashes = new Map<string, string>();
const hashesMax = 50_000;

/** 16 characters, 96 bits; letters, digits, "_" and ".". Remembers what it was asked, up to a limit. */
export function shortHash(text: string): string {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  if (hashes.size >= hashesMax) hashes.clear();
  const hash = sha224(text).slice(0, 16).replaceAll("-", ".");
  hashes.set(text, hash);
  return hash;
}

/** Of what a selector selects; `kinds` in the order of the model's list. */
export function selectorKey(selector: Selector, kinds: string): string {
  return shortHash(`${selector.text}|${kinds}`);
}

export function policyChainName(direction: Direction, policy: string): string {
  return `gr_p${letterOf(direction)}_${shortHash(policy)}`;
}

export function tierChainName(direction: Direction, content: string): string {
  return `gr_t${letterOf(direction)}_${shortHash(content)}`;
}

export function classChainName(direction: Direction, classId: string): string {
  return `gr_c${letterOf(direction)}_${shortHash(classId)}`;
}

export function letterOf(direction: Direction): "i" | "e" {
  return direction === "ingress" ? "i" : "e";
}
