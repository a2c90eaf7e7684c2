// Elements of sets as text, for comparing and for digests.
import type { NftElement, NftVerdict } from "./nft/ruleset.ts";

/** Equal keys, equal text. */
export function keyText(key: NftElement["key"]): string {
  return key.map((part) => (typeof part === "object" ? `${part.low}-${part.high}` : String(part))).join("|");
}

const texts = new WeakMap<NftElement, string>();

/** Equal elements of one set, equal text. */
export function elementText(element: NftElement): string {
  const known = texts.get(element);
  if (known !== undefined) return known;
  const text = `${keyText(element.key)}${element.data === undefined ? "" : `=${verdictText(element.data)}`}`;
  texts.set(element, text);
  return text;
}

export function verdictText(verdict: NftVerdict): string {
  return "chain" in verdict ? `${verdict.verdict} ${verdict.chain}` : verdict.verdict;
}
