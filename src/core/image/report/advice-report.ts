// Advice on several files and images as every output gets it.
import {
  adviceSeverities,
  type AdviceFinding,
  type AdviceSeverity,
  type BaseKnowledge,
  type BaseProposal,
} from "../advice.ts";

export interface AdvisedTarget {
  /** The Dockerfile's path, "(standard input)", or the image's reference. */
  readonly name: string;
  readonly kind: "dockerfile" | "image";
  readonly findings: readonly AdviceFinding[];
  /** Of a Dockerfile: its lines, for quoting. Lines that hold a secret are not quoted. */
  readonly lines?: readonly string[];
  /** Of an image. */
  readonly base?: BaseKnowledge;
  readonly proposals?: readonly BaseProposal[];
}

export interface AdviceReport {
  readonly toolVersion: string;
  readonly targets: readonly AdvisedTarget[];
}

/** "2 error, 1 warning" in order of severity; "nothing found". */
export function countWords(findings: readonly AdviceFinding[]): string {
  const words = adviceSeverities
    .map((severity) => [severity, findings.filter((one) => one.severity === severity).length] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => `${count} ${severity}`);
  return words.length === 0 ? "nothing found" : words.join(", ");
}

/** Whether a finding is as bad as the gate, or worse. */
export function isAtGate(findings: readonly AdviceFinding[], gate: AdviceSeverity | "never" | "none"): boolean {
  if (gate === "never" || gate === "none") return false;
  return findings.some(({ severity }) => adviceSeverities.indexOf(severity) <= adviceSeverities.indexOf(gate));
}

const secretRules = new Set([
  "dockerfile/secret-value",
  "dockerfile/secret-in-run",
  "dockerfile/password-set",
  "dockerfile/secret-name",
]);

/** The line that a finding is about, trimmed and cut; "" when there is none. Instructions that may hold a secret are not quoted at all: values go into no report. */
export function quotedLine({ lines = [], findings }: AdvisedTarget, { line }: AdviceFinding): string {
  if (line < 1 || line > lines.length) return "";
  const text = (lines[line - 1] ?? "").trim();
  const isContinued = (at: number): boolean => /[\\`]\s*$/.test((lines[at - 1] ?? "").slice(-16));
  let first = line;
  while (first > 1 && line - first < 200 && isContinued(first - 1)) first--;
  let last = line;
  while (last < lines.length && last - line < 200 && isContinued(last)) last++;
  const isSecret = findings.some((one) => secretRules.has(one.rule) && one.line >= first && one.line <= last);
  if (isSecret) return text === "" ? "" : "(not shown: it may hold a secret)";
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** "DL3006, CIS Docker 4.2"; "" for none. */
export function numbersOf({ hadolint, references = [] }: AdviceFinding): string {
  return [...(hadolint === "" ? [] : [hadolint]), ...references].join(", ");
}

/** "removes 41 vulnerabilities (3 critical, 9 high)", or why nobody knows. */
export function removedWords({ removes, removesBecause, packagesRemoved }: BaseProposal): string {
  const packages = packagesRemoved === undefined ? "" : `${packagesRemoved} packages fewer`;
  const counted =
    removes === undefined
      ? `vulnerabilities not counted: ${removesBecause}`
      : `removes ${removes.total} vulnerabilities (${removes.critical} critical, ${removes.high} high)`;
  return packages === "" ? counted : `${counted}, ${packages}`;
}
