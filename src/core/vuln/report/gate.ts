// Which findings end a job: `--fail-on critical,kev`. Suppressed ones never do; what only upstream says of a distribution's package does not by severity, and what has no severity only where "unknown" is asked for.
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { matchSeverities, type VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { liveSecrets, type ScanReport } from "./scan-report.ts";

/** A severity means that one or worse; any: every finding that is not suppressed. */
export const gates = [
  "critical",
  "high",
  "medium",
  "low",
  "negligible",
  "unknown",
  "kev",
  "secret",
  "upstream-only",
  "any",
] as const;
export type Gate = (typeof gates)[number];

/** "high,kev" -> gates. Throws a usage Fault with the nearest word. */
export function gatesOf(texts: readonly string[]): readonly Gate[] {
  return texts
    .flatMap((text) => text.split(","))
    .map((text) => text.trim().toLowerCase())
    .filter((text) => text !== "" && text !== "never")
    .map((text) => {
      const gate = gates.find((one) => one === text);
      if (gate !== undefined) return gate;
      const close = nearest(text, gates);
      throw new Fault(`--fail-on ${text}: no such gate${close === undefined ? "" : `, did you mean ${close}?`}`, {
        code: "cli/usage",
        kind: "usage",
        hint: `one or more of ${gates.join(", ")}`,
      });
    });
}

/** How many findings each gate stopped, in words, worst first; empty: the job may go on. */
export function gateVerdict(
  report: Pick<ScanReport, "matches" | "secrets">,
  asked: readonly Gate[],
): readonly string[] {
  const live = report.matches.filter(({ suppressed }) => suppressed === undefined);
  const secrets = liveSecrets(report.secrets).length;
  return [...new Set(asked)].flatMap((gate) => {
    const count = gate === "secret" ? secrets : countAt(live, gate) + (gate === "any" ? secrets : 0);
    return count === 0 ? [] : [`${count} at --fail-on ${gate}`];
  });
}

/**
 * A gate that asks for severities lets through what nobody rated, Go's whole database among it, unless NVD's or GitHub's ratings are there: how many, in words.
 * undefined: none, or they are at a gate.
 */
export function unratedWords({ matches }: Pick<ScanReport, "matches">, asked: readonly Gate[]): string | undefined {
  const isBySeverity = asked.some((gate) => matchSeverities.some((severity) => severity === gate));
  if (!isBySeverity || asked.includes("unknown") || asked.includes("any")) return undefined;
  const count = countAt(
    matches.filter(({ suppressed }) => suppressed === undefined),
    "unknown",
  );
  return count === 0
    ? undefined
    : `${count} of unknown severity are at none of these gates: add unknown to stop at them`;
}

function countAt(live: readonly VulnerabilityMatch[], gate: Exclude<Gate, "secret">): number {
  if (gate === "any") return live.length;
  if (gate === "kev") return live.filter(({ knownExploited }) => knownExploited).length;
  if (gate === "unknown") return live.filter((one) => one.severity === gate && one.status !== "upstream-only").length;
  if (gate === "upstream-only") return live.filter(({ status }) => status === "upstream-only").length;
  const worst = matchSeverities.indexOf(gate);
  return live.filter(
    ({ severity, status }) =>
      status !== "upstream-only" && severity !== "unknown" && matchSeverities.indexOf(severity) <= worst,
  ).length;
}
