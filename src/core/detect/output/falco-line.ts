// A detection as Falco prints it: a line of text, or its JSON.
import { formatInstant } from "../../../base/instant.ts";
import type { Detection, Priority } from "../contract.ts";

const shownPriority: Readonly<Record<Priority, string>> = {
  emergency: "Emergency",
  alert: "Alert",
  critical: "Critical",
  error: "Error",
  warning: "Warning",
  notice: "Notice",
  informational: "Informational",
  debug: "Debug",
};

/** "2026-11-26T10:00:00.000Z: Warning Sensitive file opened ...". */
export function falcoLine(detection: Detection): string {
  return `${formatInstant(detection.timeMs)}: ${shownPriority[detection.priority]} ${detection.output}`;
}

/** The keys of Falco's JSON output. */
export function falcoJson(detection: Detection, hostname: string): object {
  const line = falcoLine(detection);
  return {
    hostname,
    output: line,
    output_fields: Object.fromEntries(detection.outputFields),
    priority: shownPriority[detection.priority],
    rule: detection.rule,
    source: detection.source,
    tags: detection.tags,
    time: formatInstant(detection.timeMs),
  };
}
