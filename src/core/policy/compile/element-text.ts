// Elements of sets as text, for comparing and for digests.
import type { NftElement, NftVerdict } from "./nft/ruleset.ts";

/** Equal keys, equal text. Made anew each time: remembering it costs more than making it. */
export function keyText(key: NftElement["key"]): string {
  const [first] = key;
  if (key.length === 1 && typeof first === "string") return first;
  return key.map((part) => (typeof part === "object" ? `${part.low}-${part.high}` : String(part))).join("|");
}

/** Equal elements of one set, equal text. */
export function elementText({ key, data }: NftElement): string {
  return data === undefined ? keyText(key) : `${keyText(key)}=${verdictText(data)}`;
}

export function verdictText(verdict: NftVerdict): string {
  return "chain" in verdict ? `${verdict.verdict} ${verdict.chain}` : verdict.verdict;
}
