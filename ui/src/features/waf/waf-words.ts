// Words and numbers of the WAF screens: counts, modes, severities, and where the matched piece stands in what the variable held. Pure.
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { WafEvent } from "../../../../src/model/waf-event.ts";
import { formatCount } from "../../kit/format.ts";

export type WafBoard = ResponseOf<Api["wafBoard"]>;
export type WafWorkload = WafBoard["workloads"][number];
export type WafRuleCount = WafBoard["rules"][number];
export type WafSource = WafBoard["sources"][number];
export type WafGateway = WafBoard["gateways"][number];
export type WafCounts = WafBoard["totals"];
export type WafMode = "off" | "detect" | "block";

export const verdictWords: Readonly<Record<WafEvent["verdict"], string>> = {
  blocked: "Blocked",
  detected: "Would be blocked",
  logged: "Below the threshold",
  failed: "Not fully looked at",
};

export const modeWords: Readonly<Record<WafWorkload["mode"], string>> = {
  off: "Off",
  detect: "Detect",
  block: "Block",
  mixed: "By route",
  unknown: "Not known",
};

/** In the order of the bars and of sentences. */
export const countNames = ["blocked", "detected", "failed", "logged"] as const satisfies readonly (keyof WafCounts)[];

export function sumOf(counts: WafCounts): number {
  return counts.blocked + counts.detected + counts.logged + counts.failed;
}

/** "12 blocked, 3 would be blocked"; "none" when all are 0. */
export function countsText(counts: WafCounts): string {
  const words = {
    blocked: "blocked",
    detected: "would be blocked",
    failed: "not fully looked at",
    logged: "below the threshold",
  };
  const parts = countNames.flatMap((name) =>
    counts[name] === 0 ? [] : [`${formatCount(counts[name])} ${words[name]}`],
  );
  return parts.length === 0 ? "none" : parts.join(", ");
}

export interface ExcerptPiece {
  readonly text: string;
  readonly isMatched: boolean;
}

/** Cuts an excerpt where the matched piece stands; the whole is unmarked when the piece is not in it (transformed or redacted). */
export function excerptPieces(excerpt: string, matched: string): readonly ExcerptPiece[] {
  const at = matched === "" ? -1 : excerpt.toLowerCase().indexOf(matched.toLowerCase());
  if (at < 0) return excerpt === "" ? [] : [{ text: excerpt, isMatched: false }];
  return [
    { text: excerpt.slice(0, at), isMatched: false },
    { text: excerpt.slice(at, at + matched.length), isMatched: true },
    { text: excerpt.slice(at + matched.length), isMatched: false },
  ].filter(({ text }) => text !== "");
}

export interface SpokenRule {
  readonly ruleId: number;
  readonly message: string;
  readonly variable: string;
  readonly value: string;
  readonly excerpt: string;
  readonly severity: string;
  readonly score: number;
  readonly phase: number;
  readonly paranoia: number;
  readonly isDeciding: boolean;
}

/** The parallel arrays of an event as rows. */
export function rulesOf(event: WafEvent): readonly SpokenRule[] {
  return event.ruleIds.map((ruleId, index) => ({
    ruleId,
    message: event.messages[index] ?? "",
    variable: event.variables[index] ?? "",
    value: event.values[index] ?? "",
    excerpt: event.excerpts[index] ?? "",
    severity: event.severities[index] ?? "",
    score: event.scores[index] ?? 0,
    phase: event.rulePhases[index] ?? 0,
    paranoia: event.paranoias[index] ?? 0,
    isDeciding: ruleId === event.decidingRule,
  }));
}

/** "2026-11-25T10:00:00.000Z" and its transaction in a link. */
export function requestParams(event: Pick<WafEvent, "cluster" | "time" | "transactionId">) {
  return { cluster: event.cluster, time: event.time, transaction: event.transactionId };
}

/** What a set of exclusions lost, in one sentence. */
export function proofText(proof: ResponseOf<Api["wafExclude"]>["proof"]): string {
  if (proof.because !== "") return `Not proved: ${proof.because}.`;
  const lost = proof.caughtBefore - proof.caughtAfter;
  const whole =
    lost === 0
      ? `All ${formatCount(proof.caughtBefore)} of ${formatCount(proof.attacks)} attacks of the corpus that were caught still are.`
      : `${formatCount(lost)} of ${formatCount(proof.caughtBefore)} attacks of the corpus are not caught any more.`;
  const { attacks, caughtBefore, caughtAfter } = proof.atTarget;
  if (attacks === 0) return whole;
  return `${whole} Sent at the excluded place itself, ${formatCount(caughtAfter)} of ${formatCount(caughtBefore)} still are.`;
}
