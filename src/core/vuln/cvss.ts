// Base scores of CVSS vectors (2.0, 3.0, 3.1, 4.0), by their specifications' formulas, and the words for a score.
import type { Severity } from "./advisory.ts";
import { scoreV4 } from "./cvss-v4.ts";

type Weights = Readonly<Record<string, Readonly<Record<string, number>>>>;

const weightsV3: Weights = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
};
const privileges: Weights = { U: { N: 0.85, L: 0.62, H: 0.27 }, C: { N: 0.85, L: 0.68, H: 0.5 } };

const weightsV2: Weights = {
  AV: { L: 0.395, A: 0.646, N: 1 },
  AC: { H: 0.35, M: 0.61, L: 0.71 },
  Au: { M: 0.45, S: 0.56, N: 0.704 },
  C: { N: 0, P: 0.275, C: 0.66 },
  I: { N: 0, P: 0.275, C: 0.66 },
  A: { N: 0, P: 0.275, C: 0.66 },
};

const lengthMax = 512;

function metricsOf(text: string): ReadonlyMap<string, string> {
  const metrics = new Map<string, string>();
  for (const pair of text.split("/")) {
    const colon = pair.indexOf(":");
    if (colon > 0) metrics.set(pair.slice(0, colon), pair.slice(colon + 1));
  }
  return metrics;
}

/** The weights of these metrics, undefined when one is missing or unknown. */
function pick(weights: Weights, metrics: ReadonlyMap<string, string>, names: readonly string[]): number[] | undefined {
  const picked: number[] = [];
  for (const name of names) {
    const table = weights[name] ?? {};
    const value = metrics.get(name) ?? "";
    const weight = Object.hasOwn(table, value) ? table[value] : undefined;
    if (weight === undefined) return undefined;
    picked.push(weight);
  }
  return picked;
}

/** The smallest number with one decimal that is not less; 3.1 says how, so that no floating point creeps in. */
function roundUp(value: number, isV31: boolean): number {
  if (!isV31) return Math.ceil(value * 10 - 1e-9) / 10;
  const whole = Math.round(value * 100_000);
  return whole % 10_000 === 0 ? whole / 100_000 : (Math.floor(whole / 10_000) + 1) / 10;
}

function scoreV3(metrics: ReadonlyMap<string, string>, isV31: boolean): number | undefined {
  const scope = metrics.get("S") ?? "";
  const picked = pick(weightsV3, metrics, ["AV", "AC", "UI", "C", "I", "A"]);
  const table = Object.hasOwn(privileges, scope) ? privileges[scope] : undefined;
  const needed = metrics.get("PR") ?? "";
  if (picked === undefined || table === undefined || !Object.hasOwn(table, needed)) return undefined;
  const [vector = 0, complexity = 0, interaction = 0, confidentiality = 0, integrity = 0, availability = 0] = picked;
  const base = 1 - (1 - confidentiality) * (1 - integrity) * (1 - availability);
  const isChanged = scope === "C";
  const impact = isChanged ? 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 : 6.42 * base;
  if (impact <= 0) return 0;
  const exploitability = 8.22 * vector * complexity * (table[needed] ?? 0) * interaction;
  return roundUp(Math.min((isChanged ? 1.08 : 1) * (impact + exploitability), 10), isV31);
}

function scoreV2(metrics: ReadonlyMap<string, string>): number | undefined {
  const picked = pick(weightsV2, metrics, ["AV", "AC", "Au", "C", "I", "A"]);
  if (picked === undefined) return undefined;
  const [vector = 0, complexity = 0, authentication = 0, confidentiality = 0, integrity = 0, availability = 0] = picked;
  const impact = 10.41 * (1 - (1 - confidentiality) * (1 - integrity) * (1 - availability));
  const exploitability = 20 * vector * complexity * authentication;
  const base = (0.6 * impact + 0.4 * exploitability - 1.5) * (impact === 0 ? 0 : 1.176);
  return Math.round(Math.max(0, base) * 10) / 10;
}

/** The base score (4.0: with the threat and environmental metrics that are in the vector); undefined when it is no vector. */
export function cvssScore(vector: string): number | undefined {
  const text = vector.trim();
  if (text.length > lengthMax) return undefined;
  if (text.startsWith("CVSS:4.0/")) return scoreV4(metricsOf(text.slice(9)));
  if (text.startsWith("CVSS:3.1/")) return scoreV3(metricsOf(text.slice(9)), true);
  if (text.startsWith("CVSS:3.0/")) return scoreV3(metricsOf(text.slice(9)), false);
  return scoreV2(metricsOf(text.replace(/^\(|\)$/g, "").replace(/^CVSS:2\.0\//, "")));
}

/** The qualitative scale of CVSS 3 and 4; 0 is negligible. */
export function severityOfScore(score: number): Severity {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  if (score >= 4) return "medium";
  return score > 0 ? "low" : "negligible";
}
