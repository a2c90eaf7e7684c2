// Words and vectors of severity, as feeds write them.
import type { Severity } from "../../../core/vuln/advisory.ts";
import { isObject, listOf, textOf } from "../read/json-values.ts";

const words: ReadonlyMap<string, Severity> = new Map<string, Severity>([
  ["critical", "critical"],
  ["high", "high"],
  ["important", "high"],
  ["medium", "medium"],
  ["moderate", "medium"],
  ["low", "low"],
  ["minor", "low"],
  ["minimal", "negligible"],
  ["negligible", "negligible"],
  ["unimportant", "negligible"],
]);

/** "Important", "MODERATE", "low**" (Debian's own stars are of other people): unknown for any other word. */
export function severityOf(word: string): Severity {
  return words.get(word.trim().replace(/\*+$/, "").toLowerCase()) ?? "unknown";
}

/** An erratum's summary begins with its severity: "Important: firefox security update". */
export function severityOfSummary(summary: string): Severity {
  return severityOf(/^(\w+): /.exec(summary)?.[1] ?? "");
}

const cvssOrder = ["CVSS_V4", "CVSS_V3", "CVSS_V2"];

/** The newest CVSS vector of an OSV severity list; "". */
export function cvssOf(...lists: readonly unknown[]): string {
  for (const list of lists) {
    const entries = listOf(list).filter(isObject);
    for (const type of cvssOrder) {
      const vector = textOf(entries.find((entry) => entry["type"] === type)?.["score"]);
      // Some sources write a bare number where the vector belongs.
      if (vector.includes("/") && vector.length <= 512) return vector;
    }
  }
  return "";
}

/** Ubuntu's priority is an entry of the same list: { type: "Ubuntu", score: "medium" }. */
export function wordSeverityOf(...lists: readonly unknown[]): Severity {
  for (const list of lists) {
    for (const entry of listOf(list).filter(isObject)) {
      if (textOf(entry["type"]).startsWith("CVSS")) continue;
      const severity = severityOf(textOf(entry["score"]));
      if (severity !== "unknown") return severity;
    }
  }
  return "unknown";
}
