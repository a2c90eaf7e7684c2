// Words of the noise board: what a cluster's figure says against its budget. Where nobody looks a low one says nothing. Pure.
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { formatCount } from "../../kit/format.ts";
import { coverText, silenceOf, type Silence } from "./detection-words.ts";

export type NoiseBudget = ResponseOf<Api["noiseBoard"]>["clusters"][number];

export interface BudgetText {
  readonly word: string;
  /** "unknown": nobody looked. "part": the filter shows some of it only. */
  readonly tone: "over" | "within" | "unknown" | "part";
  /** What is not looked at; "" when all is. */
  readonly note: string;
}

/** `isPart`: the figure is of what a filter lets through, the budget of all. */
export function budgetText({ last24h, budget, cover }: NoiseBudget, isPart: boolean): BudgetText {
  const note = notLookedAt(cover);
  if (last24h > budget) return { word: "Over budget", tone: "over", note };
  if (cover.nodesDetecting === 0) return { word: last24h === 0 ? "Nobody looks" : "Not known", tone: "unknown", note };
  if (isPart) return { word: "Of this filter", tone: "part", note };
  return { word: "Within budget", tone: "within", note };
}

function notLookedAt({ nodes, nodesDetecting }: NoiseBudget["cover"]): string {
  if (nodes === 0) return "no agent detects in it";
  if (nodesDetecting === nodes) return "";
  if (nodesDetecting > 0) return `${formatCount(nodesDetecting)} of ${formatCount(nodes)} nodes detect`;
  return nodes === 1 ? "its node does not detect" : `none of its ${formatCount(nodes)} nodes detects`;
}

/** What an empty board means; it shows seven days, whatever the head's range is. */
export function noiseSilence(cover: NoiseBudget["cover"], isFiltered: boolean): Silence {
  const silence = silenceOf(cover, isFiltered);
  if (cover.nodesDetecting === 0) return silence;
  if (isFiltered) return { ...silence, hint: "Remove a term of the filter; seven days are counted." };
  const title = "No detection within seven days";
  if (silence.isWhole) return { title, hint: "All nodes look, and nothing is too much.", isWhole: true };
  return { title, hint: `Not all is looked at: ${coverText(cover)}. The Rules tab says why.`, isWhole: false };
}
